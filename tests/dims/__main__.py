"""`python -m tests.dims`: the decision procedure against brute force, isl and z3, in numbers."""

import argparse
import sys

from tests.dims.agreement import agreement


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.dims", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--z3-every", type=int, default=10, help="0: leave z3 out")
    given = parser.parse_args()
    found = agreement(given.seed, given.count, given.z3_every)
    sys.stdout.write("\n".join((*found.faults, str(found), "")))
    return int(bool(found.faults))


if __name__ == "__main__":
    sys.exit(main())
