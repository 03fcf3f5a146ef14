"""`python -m tests.mutation`: mutate the specs, judge each mutant, print the table."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.judging import Judge, Judged
from tests.mutation.mutants import KINDS, sample
from tests.mutation.report import details, table, unfixed, unlabelled


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--count", type=int, default=2_400, help="mutants to draw")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--specs", nargs="+", type=Path, default=None, help="files to mutate")
    parser.add_argument(
        "--show", choices=["faults", "unlabelled", "unfixed", "ledger"], default="faults",
        help="which mutants to list",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    paths = None if given.specs is None else [path.resolve() for path in given.specs]
    judge = Judge()
    judged = [
        judge.judge(m) for m in sample(given.count, given.seed, paths) if m.kind in given.kinds
    ]
    for one in judged:
        if _shown(one, given.show):
            _say(f"{one}\n")
    _say(table(judged))
    _say(details(judged))
    _say(f"no label on the line, by code: {dict(unlabelled(judged).most_common())}")
    _say(f"no fix that mends, by code: {dict(unfixed(judged).most_common())}")
    rule = judge.oracle.rule
    _say(f"{rule.calls:,} calls of layers and functions, {rule.distinct:,} distinct ones run by "
         f"PyTorch, {rule.without_data:,} of them without data only")  # fmt: skip
    return int(any(one.missed or one.wronged for one in judged))


def _shown(one: Judged, which: str) -> bool:
    caught = one.broken and one.rejected
    match which:
        case "unlabelled":
            return caught and not one.on_line
        case "unfixed":
            return caught and one.fix is None
        case "ledger":
            return one.excuse is not None
        case _:
            return one.missed or one.wronged


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
