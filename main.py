"""The program, run from the checkout; installed, it is ``pose-personalizer``."""

import multiprocessing
import sys

from app.cli.program import build_parser, main, parse_arguments

__all__ = ["build_parser", "main", "parse_arguments"]

if __name__ == "__main__":
    multiprocessing.freeze_support()  # in a frozen bundle the processes it starts begin here
    sys.exit(main())
