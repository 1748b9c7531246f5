"""A folder whose result files appear together, whole, or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from app.recordings.pipeline import ProcessedFrame
from model.errors import UserError


class ResultWriter(Protocol):
    """Writes one result file as the recording goes by. Errors of the disk are OSErrors."""

    def add(self, processed: ProcessedFrame) -> None:
        """Take in the next frame, which has a person or not."""

    def finish(self) -> None:
        """Complete the file; called once, after the last frame."""

    def close(self) -> None:
        """Let go of the file, complete or not."""


@contextmanager
def result_folder(folder: Path) -> Iterator[Path]:
    """Make ``folder`` if needed and yield a hidden folder in it, to write results into.

    When the block ends well, its files move into ``folder`` one by one, each in place of an older
    one of that name. When it does not (an error, Ctrl+C), they are removed, and ``folder`` holds
    what it held before. Only a process that is killed leaves the hidden folder behind.
    ``UserError`` if the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-")
    except OSError as error:
        raise _not_written(folder, error) from error
    with scratch as name:
        yield Path(name)
        with writing_to(folder):
            for file in sorted(Path(name).iterdir()):
                file.replace(folder / file.name)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Explain errors of the disk in this block to the user."""
    try:
        yield
    except OSError as error:
        raise _not_written(folder, error) from error


def _not_written(folder: Path, error: OSError) -> UserError:
    reason = error.strerror or str(error)
    return UserError(
        f'The results cannot be written to "{folder}" ({reason}). '
        "Give a folder that can be written, on a disk with room."
    )
