"""The command line: the window when no command is given, else one of ``app/cli``."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from app.cli import COMMANDS, window
from app.project import COMMAND, project
from model.core.errors import UserError
from model.experiments.catalogue import EXPERIMENTS, GAN_EXPERIMENTS

# Former names of options: those of which commands (none: of all), and what they are called.
_RENAMED: tuple[tuple[tuple[str, ...], str, str], ...] = (
    ((), "--batch", "--batch-size"),
    ((), "--personalize", "--mode"),
    (("personalize",), "--joints", "--true-joints"),
    (("reproduce",), "--images", "--pictures"),
    (("reproduce",), "--points", "--scored"),
)

INTERRUPTED = 130
"""The exit code of a program that Ctrl+C ended: 128 + SIGINT."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, as every other error for the user is said."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} ({self.prog} --help lists what can be given)")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; builds without PyTorch, OpenCV or Qt."""
    parser: argparse.ArgumentParser = _Parser(
        prog=COMMAND,
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
    for name in dict.fromkeys(COMMANDS.values()):
        importlib.import_module(f"app.cli.{name}").add_parser(subparsers)
    return parser


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse ``arguments`` (without the program's name); ``UserError`` if they make no sense."""
    _check_spelling(arguments)
    parser = build_parser()
    parsed = parser.parse_args(arguments)
    if parsed.command is not None and parsed.command != arguments[0]:
        # What stands before the command belongs to the window and would be lost without a word.
        parser.error(f"put the command first: {parsed.command}, then its options")
    return parsed


def _check_spelling(arguments: Sequence[str]) -> None:
    """``UserError`` names what an option or experiment is called by now."""
    command, *rest = [*arguments, ""]
    if command == "evaluate" and rest[0] in {**EXPERIMENTS, **GAN_EXPERIMENTS}:
        raise UserError(f"The papers' tables are under reproduce: {COMMAND} reproduce {rest[0]} …")
    for commands, old, new in _RENAMED:
        if (not commands or command in commands) and old in (a.split("=")[0] for a in arguments):
            raise UserError(f"{old} is called {new} here. Give {new} instead.")


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
