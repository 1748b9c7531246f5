"""Which recordings there are in folders, where their results go, and who does which."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.runtime.recordings.many import NOT_DONE, places_of, share_of, write_table
from model.core.errors import UserError


@given(st.lists(st.text(), unique=True), st.integers(1, 12))
def test_shares_are_disjoint_complete_and_about_as_large(items: list[str], of: int) -> None:
    shares = [share_of(items, number, of) for number in range(1, of + 1)]
    dealt = [item for share in shares for item in share]
    assert sorted(dealt) == sorted(items) and len(dealt) == len(items)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert shares == [share_of(list(items), number, of) for number in range(1, of + 1)]


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_tree_of_folders_is_searched_for_videos_in_a_stable_order(tmp_path: Path) -> None:
    lab, out = tmp_path / "lab", tmp_path / "lab" / "out"
    touch(lab / "b.MP4", lab / "anna" / "2.avi", lab / "anna" / "10.avi", lab / "notes.txt")
    touch(lab / ".trash" / "old.mp4", lab / "._b.mp4", out / "lab" / "b.MP4" / "overlay.mp4")
    places = places_of([lab], out)
    assert list(places) == ["lab/anna/10.avi", "lab/anna/2.avi", "lab/b.MP4"]
    assert places["lab/anna/2.avi"] == lab / "anna" / "2.avi"
    assert places_of([lab, lab / "anna", lab / "b.MP4"], out).keys() == {
        *places, "anna/10.avi", "anna/2.avi", "b.MP4"
    }  # fmt: skip


def test_a_file_a_folder_without_videos_and_what_is_missing_are_recordings(tmp_path: Path) -> None:
    touch(tmp_path / "pictures" / "1.png")
    given = [tmp_path / "pictures", tmp_path / "missing.mp4"]
    assert places_of(given, tmp_path) == {"pictures": given[0], "missing.mp4": given[1]}


def test_two_recordings_with_one_place_are_refused(tmp_path: Path) -> None:
    one, other = tmp_path / "1" / "a.mp4", tmp_path / "2" / "a.mp4"
    touch(one, other)
    assert len(places_of([one, one], tmp_path)) == 1
    with pytest.raises(UserError, match="would both go to"):
        places_of([one, other], tmp_path)


def test_a_row_that_cannot_be_read_is_not_done_yet(tmp_path: Path) -> None:
    for place, text in (("a", "{"), ("b", '{"row": {"colour": 1}}'), ("c", "[]")):
        touch(tmp_path / place / "row.json")
        (tmp_path / place / "row.json").write_text(text)
    write_table(tmp_path, ["a", "b", "c", "d"])
    assert (tmp_path / "recordings.csv").read_text().count(NOT_DONE) == 4
    assert "4 with a fault or not done yet" in (tmp_path / "recordings.md").read_text()
