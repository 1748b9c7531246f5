"""``--set NAME=VALUE``: settings by name, for all that has no option of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def assigned(texts: Sequence[str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The values of ``--set``, each of the kind that its default has.

    ``UserError`` lists the names there are.
    """
    from model.errors import UserError

    found: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            kind: Callable[[str], Any] = type(defaults[name])
            found[name] = {"true": True, "false": False}[value] if kind is bool else kind(value)
        except (KeyError, ValueError):
            raise UserError(
                f"--set {text} is not NAME=VALUE with one of these settings and a value of its "
                f"kind: {', '.join(f'{name}={value}' for name, value in defaults.items())}."
            ) from None
    return found
