"""Results appear together, or the folder stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.runtime.recordings.writers import result_folder, writing_to
from model.core.errors import UserError


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_results_take_the_place_of_older_ones_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with result_folder(out) as folder:
        (folder / "a.txt").write_text("first")
        assert not (out / "a.txt").exists()
    (out / "notes.txt").write_text("mine")
    with result_folder(out) as folder:
        (folder / "a.txt").write_text("second")
        assert (out / "a.txt").read_text() == "first"
    assert contents(out) == {"a.txt": "second", "notes.txt": "mine"}


def test_folders_of_results_are_merged_into_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "take").mkdir()
    (tmp_path / "take" / "a.txt").write_text("old")
    (tmp_path / "take" / "notes.txt").write_text("mine")
    with result_folder(tmp_path) as folder:
        (folder / "take").mkdir()
        (folder / "take" / "a.txt").write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["take"]
    assert contents(tmp_path / "take") == {"a.txt": "new", "notes.txt": "mine"}


@pytest.mark.fault("`personalize` is interrupted", "The folder holds what it held before.")
@pytest.mark.parametrize("reason", [KeyboardInterrupt, RuntimeError, UserError])
def test_an_interrupted_run_leaves_the_folder_as_it_was(
    tmp_path: Path, reason: type[BaseException]
) -> None:
    (tmp_path / "a.txt").write_text("old")

    def interrupted() -> None:
        with result_folder(tmp_path) as folder:
            (folder / "a.txt").write_text("half")
            raise reason

    with pytest.raises(reason):
        interrupted()
    assert contents(tmp_path) == {"a.txt": "old"}


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"), result_folder(tmp_path / "file"):
        pytest.fail("there is no such folder")


def test_a_result_that_cannot_be_moved_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(UserError, match="cannot be written"), result_folder(tmp_path) as folder:
        (folder / "a.txt").write_text("new")


@pytest.mark.fault(
    "The disk gets full while results are written",
    "A sentence says so; older results stay whole.",
)
def test_a_full_disk_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No space left"), writing_to(tmp_path):
        raise OSError(28, "No space left on device")
