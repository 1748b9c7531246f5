"""Checks that settings objects make of themselves, with one sentence for what is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from model.errors import UserError


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
