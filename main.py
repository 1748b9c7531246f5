"""The command line: the window when no command is given, else one of ``app/cli``."""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import sys
from collections.abc import Sequence
from typing import NoReturn

from app.cli import COMMANDS, window
from app.project import project
from model.core.errors import UserError

INTERRUPTED = 130
"""The exit code of a program that Ctrl+C ended: 128 + SIGINT."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, as every other error for the user is said."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (python {self.prog} --help lists what can be given)")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; builds without PyTorch, OpenCV or Qt."""
    parser: argparse.ArgumentParser = _Parser(
        prog="main.py",
        description="A human pose estimator that personalizes itself to the person it sees. "
        "Without a command, the window opens.",
    )
    version = project()["version"]
    parser.add_argument(
        "--version", action="version", version=version, help="print the version and leave"
    )
    window.add_arguments(parser)
    parser.set_defaults(func=window.run)
    subparsers = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", help="COMMAND --help tells more"
    )
    for name in COMMANDS:
        importlib.import_module(f"app.cli.{name.replace('-', '_')}").add_parser(subparsers)
    return parser


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse ``arguments`` (without the program's name); ``UserError`` if they make no sense."""
    parser = build_parser()
    parsed = parser.parse_args(arguments)
    if parsed.command is not None and parsed.command != arguments[0]:
        # What stands before the command belongs to the window and would be lost without a word.
        parser.error(f"put the command first: {parsed.command}, then its options")
    return parsed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code: 2 for wrong input, 130 for Ctrl+C."""
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 - pip installs for an older Python as well
            raise UserError(f"This is Python {sys.version.split()[0]}; 3.11 or newer is needed.")
        parsed = parse_arguments(sys.argv[1:] if arguments is None else arguments)
        exit_code: int = parsed.func(parsed)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    return exit_code


if __name__ == "__main__":
    multiprocessing.freeze_support()  # in a frozen bundle the processes it starts begin here
    sys.exit(main())
