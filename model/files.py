"""Writing files so that they are whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.errors import UserError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to, and move it into place when the block is done.

    A block that raises leaves nothing behind, and an older file at ``path`` as it was. The folder
    is made if it is missing. ``UserError`` if the place cannot be written.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror or error}). Choose another place."
        ) from error


def make_folder(path: Path) -> None:
    """Make a folder and those above it; ``UserError`` if it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The folder {path} cannot be made ({error.strerror or error}). Choose another place."
        ) from error
