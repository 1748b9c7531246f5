"""Files: written so that they are whole or not there, and told apart by their content."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from model.core.errors import UserError


@contextmanager
def whole_file(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give a path beside ``path`` to write to, and move it into place when the block is done.

    A block that raises leaves nothing behind, and an older file at ``path`` as it was. The folder
    is made if it is missing. Several processes may write the same file: the last one's stays, or,
    without ``replace``, the first one's. ``UserError`` if the place cannot be written, or is taken
    and not to be replaced.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            if replace:
                temporary.replace(path)
            else:
                _move_to_new(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror or error}). Choose another place."
        ) from error


def _move_to_new(source: Path, target: Path) -> None:
    """Move a file to where none is; ``FileExistsError`` if there is one by then."""
    try:
        target.hardlink_to(source)  # which, unlike a move, never replaces
    except FileExistsError:
        raise
    except OSError:  # a disk without links
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from None
        source.replace(target)


_LARGEST_JSON = 64 * 2**20


def read_json(path: Path, largest: int = _LARGEST_JSON) -> Any:
    """The content of a JSON file of at most ``largest`` bytes.

    ``OSError`` if it cannot be read; ``ValueError`` if it is no JSON, too large or nested too deep.
    """
    size = path.stat().st_size
    if size > largest:
        raise ValueError(f"it has {size:,} bytes, and at most {largest:,} were expected")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_folder(path: Path) -> None:
    """Make a folder and those above it; ``UserError`` if it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The folder {path} cannot be made ({error.strerror or error}). Choose another place."
        ) from error
