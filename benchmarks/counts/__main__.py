"""Asks other tools for the numbers that archspec reuse gives; writes docs/comparison-reuse.md.

python -m benchmarks.counts                   write the page from results.json
python -m benchmarks.counts --run             run all tools before (see requirements.txt)
python -m benchmarks.counts --run torchinfo   run one
"""

import argparse
from datetime import date

from benchmarks.counts import page, stored
from benchmarks.counts.asked import TOOLS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counts", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--run", nargs="*", choices=list(TOOLS), metavar="TOOL")
    tools = parser.parse_args().run
    if tools is not None:
        stored.renew(tools or list(TOOLS), date.today().isoformat())
    page.PAGE.write_text(page.rendered(), encoding="utf-8")


if __name__ == "__main__":
    main()
