"""Runs the five mistakes in other tools and writes what they say into docs/comparison.md.

python -m benchmarks.mistakes               write the page from results.json
python -m benchmarks.mistakes --run         run all tools before (see requirements.txt)
python -m benchmarks.mistakes --run torch   run one
"""

import argparse
from datetime import date

from benchmarks.mistakes import page, stored
from benchmarks.mistakes.outcomes import TOOLS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mistakes", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--run", nargs="*", choices=list(TOOLS), metavar="TOOL")
    tools = parser.parse_args().run
    if tools is not None:
        stored.renew(tools or list(TOOLS), date.today().isoformat())
    page.PAGE.write_text(page.rendered(), encoding="utf-8")


if __name__ == "__main__":
    main()
