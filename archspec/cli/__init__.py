"""The command `archspec`: one file per subcommand.

Whatever a subcommand needs beyond click is imported when it runs, so that `--help` is quick.
"""

import gc
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command with the process's arguments and exit.

    Status 0: fine; 1: diagnostics; 2: wrong use; 130: interrupted; 141: the reader went away.
    """
    # A compiler's objects live until it ends: looking for garbage among them only costs time.
    gc.disable()
    try:
        from archspec.cli.app import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


__all__ = ["main"]
