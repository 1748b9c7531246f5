"""Errors that are meant for a person, and checks that settings make of themselves."""

from __future__ import annotations

from collections.abc import Mapping


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one clear sentence (or two): what was given, what was expected, what to do.
    The command line prints it and ends with exit code 2; the window shows it in its message bar.
    """


def check_choices(settings: object, choices: Mapping[str, tuple[str, ...]]) -> None:
    """``UserError`` if an attribute named in ``choices`` has none of the values listed for it."""
    for name, allowed in choices.items():
        value = getattr(settings, name)
        if value not in allowed:
            raise UserError(
                f"The setting {name} was {value!r}; it must be one of: {', '.join(allowed)}."
            )


def check_number(name: str, value: float, good: bool, expected: str) -> None:
    """``UserError`` that says what ``value`` was ``expected`` to be, if it is not ``good``."""
    if not good:
        raise UserError(f"The setting {name} was {value}; it must be {expected}.")
