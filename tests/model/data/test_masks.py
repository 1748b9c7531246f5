"""Masks of a data set: found once, in order, and kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.crop import SquareBox
from model.core.errors import UserError
from model.core.masking import MASK_SIZE, PersonMask
from model.core.skeleton import PENN13
from model.data.masks import Masks
from model.data.records import BadDataError, Clip, DataSet
from tests.model.data.clips import Pictures, make_clip, plain_pictures


class Brightness:
    """In place of the mask network: a mask as bright as the middle of the picture."""

    def __init__(self) -> None:
        self.asked = 0

    def find(self, frame: NDArray[np.uint8], box: SquareBox) -> PersonMask:
        self.asked += 1
        return PersonMask(np.full((MASK_SIZE, MASK_SIZE), frame[4, 4, 0], np.uint8), box)


class Damaged(Pictures):
    """The second picture cannot be read."""

    def read(self, index: int) -> NDArray[np.uint8]:
        if index == 1:
            raise BadDataError("picture 1 is damaged")
        return super().read(index)


def people(first: int = 0) -> DataSet:
    pictures = plain_pictures(first + 5)[first:]
    clips = make_clip("a", "a", pictures=pictures[:3]), make_clip("b", "b", pictures=pictures[3:])
    return DataSet("people", PENN13, clips)


def masks(folder: Path, finder: Brightness | None = None) -> tuple[Masks, Brightness]:
    """Masks in ``folder``, and who is asked for them."""
    found = Masks(Path("none.onnx"), folder)
    finder = finder or Brightness()
    found.__dict__["masker"] = finder
    return found, finder


def values(data: DataSet) -> list[list[int]]:
    for clip in data:
        assert clip.masks is not None and clip.masks.shape == (len(clip), MASK_SIZE, MASK_SIZE)
    return [[int(mask[0, 0]) for mask in clip.masks] for clip in data if clip.masks is not None]


def test_masks_are_found_once_and_in_order(tmp_path: Path) -> None:
    given, finder = masks(tmp_path / "new")
    assert values(given(people())) == [[0, 1, 2], [3, 4]] and finder.asked == 5
    assert values(given(people())) == [[0, 1, 2], [3, 4]] and finder.asked == 5
    other, again = masks(tmp_path / "new")
    assert values(other(people())) == [[0, 1, 2], [3, 4]] and again.asked == 0


def test_other_squares_and_other_frames_have_masks_of_their_own(tmp_path: Path) -> None:
    given, finder = masks(tmp_path)
    given(people())
    moved = [replace(clip, boxes=clip.boxes + 1) for clip in people()]
    given(DataSet("people", PENN13, tuple(moved)))
    assert finder.asked == 10
    shorter = people().only({"a"})
    assert values(given(shorter)) == [[0, 1, 2]] and finder.asked == 13
    # As many frames as at first, in the same squares, two of the first clip's being others.
    a, b = people().clips
    turned = DataSet("people", PENN13, (a.part(np.array([2, 1, 0])), b))
    assert values(given(turned)) == [[2, 1, 0], [3, 4]] and finder.asked == 18


@pytest.mark.parametrize("damage", ["cut", "shape", "kind"])
def test_a_file_that_is_not_whole_is_made_anew(damage: str, tmp_path: Path) -> None:
    given, finder = masks(tmp_path)
    given(people())
    (path,) = tmp_path.iterdir()
    kept = path.read_bytes()
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    else:
        shape = (5, MASK_SIZE, 3) if damage == "shape" else (5, MASK_SIZE, MASK_SIZE)
        with path.open("wb") as file:
            np.save(file, np.zeros(shape, np.uint8 if damage == "shape" else np.float32))
    assert values(given(people())) == [[0, 1, 2], [3, 4]] and finder.asked == 10
    assert path.read_bytes() == kept


def test_masks_are_read_from_their_file_and_not_into_memory(tmp_path: Path) -> None:
    given, _ = masks(tmp_path)
    for _ in range(2):  # made, and found
        assert all(isinstance(clip.masks, np.memmap) for clip in given(people()))


def test_a_frame_without_a_square_has_an_empty_mask(tmp_path: Path) -> None:
    clip = make_clip(pictures=plain_pictures(10)[7:])
    boxes = clip.boxes.copy()
    boxes[0, 0], boxes[2, 2] = np.nan, 0
    given, _ = masks(tmp_path)
    data = DataSet("people", PENN13, (replace(clip, boxes=boxes),))
    assert values(given(data)) == [[0, 8, 0]]


def test_a_clip_has_as_many_masks_as_frames() -> None:
    for shape in ((2, MASK_SIZE, MASK_SIZE), (3, MASK_SIZE, 64)):
        with pytest.raises(ValueError, match="3 frames cannot have masks"):
            replace(make_clip(count=3), masks=np.zeros(shape, np.uint8))


def test_a_frame_that_cannot_be_read_has_an_empty_mask(tmp_path: Path) -> None:
    clip = replace(make_clip(count=3), frames=Damaged(plain_pictures(10)[7:]))
    given, _ = masks(tmp_path)
    assert values(given(DataSet("people", PENN13, (clip,)))) == [[7, 0, 9]]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    given, _ = masks(tmp_path / "file")
    with pytest.raises(UserError, match="cannot be written"):
        given(people())


def test_a_part_of_a_clip_keeps_its_masks(tmp_path: Path) -> None:
    given, _ = masks(tmp_path)
    clip: Clip = given(people()).clips[0]
    part = clip.part(np.array([2, 0]))
    assert values(DataSet("people", PENN13, (part,))) == [[2, 0]]
    mask = part.mask(0)
    assert mask is not None and mask.values[0, 0] == 2 and mask.box == part.box(0)
    assert make_clip().mask(0) is None
