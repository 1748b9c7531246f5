from __future__ import annotations

from pathlib import Path

import pytest

from model.data.files import half_of, read_lines, training_part
from model.data.records import BadDataError

_WHERE = "Get it from http://example.org/."


def test_halves_do_not_overlap_and_leave_nothing_out() -> None:
    for count in range(6):
        items = list(range(count))
        first, second = half_of(items, "first"), half_of(items, "second")
        assert [*first, *second] == items == half_of(items, None)
        assert len(second) - len(first) == count % 2


@pytest.mark.parametrize(("count", "aside"), [(19000, 1900), (10122, 1012), (30, 3), (4, 0)])
def test_the_last_tenth_is_held_out(count: int, aside: int) -> None:
    items = list(range(count))
    assert items[training_part(count, "train")] == items[: count - aside]
    assert items[training_part(count, "train10")] == items[count - aside :]
    assert items[training_part(count, "test")] == items


def test_lines_without_blanks(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"one.jpg\r\n\r\n two.jpg \n")
    assert read_lines(path, _WHERE) == ["one.jpg", "two.jpg"]
    path.write_bytes(b"\xff\xfe\x00")
    for bad in (path, tmp_path / "none.txt", tmp_path):
        with pytest.raises(BadDataError, match=rf"{bad.name}.*example\.org"):
            read_lines(bad, _WHERE)
