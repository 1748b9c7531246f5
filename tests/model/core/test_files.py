"""A file is whole or not there, and an older one survives a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.core.errors import UserError
from model.core.files import whole_file


def fail_while_writing(path: Path, error: BaseException) -> None:
    with whole_file(path) as temporary:
        temporary.write_bytes(b"half of the n")
        raise error


def test_a_finished_file_is_in_place_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "file.bin"
    with whole_file(path) as temporary:
        temporary.write_bytes(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.fault(
    "The disk gets full while a file is written",
    "A sentence says so; the older file stays whole, and no half file is left.",
)
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_keeps_the_older_file(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    with pytest.raises(error):
        fail_while_writing(path, error())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.fault("The disk gets full while a file is written")
def test_a_full_disk_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    with pytest.raises(UserError, match="No space left on device"):
        fail_while_writing(path, OSError(28, "No space left on device"))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(UserError, match="cannot be written"), whole_file(tmp_path / "taken") as f:
        f.write_bytes(b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"old")
    with (
        pytest.raises(UserError, match="cannot be written"),
        whole_file(tmp_path / "taken" / "file.bin") as temporary,
    ):
        temporary.write_bytes(b"new")
    assert (tmp_path / "taken").read_bytes() == b"old"


def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    with whole_file(path) as one, whole_file(path) as other:
        one.write_bytes(b"one")
        other.write_bytes(b"the other")
    assert path.read_bytes() == b"one"  # whose block ended last
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("links", [True, False])
def test_what_is_not_to_be_replaced_stays(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "file.bin"
    with whole_file(path, replace=False) as first:
        first.write_bytes(b"first")
    with (
        pytest.raises(UserError, match="File exists"),
        whole_file(path, replace=False) as temporary,
    ):
        temporary.write_bytes(b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]
