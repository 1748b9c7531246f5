"""The person mask in the box, on pictures of people and of nobody."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from app.assets import PERSON_MASK
from app.demos import demo
from model.crop import SquareBox, crop_matrix, warp
from model.errors import UserError
from model.masking import MASK_MARGIN, MASK_SIZE
from model.person import PersonMasker
from tests.model.evaluation.rivals import brightest_pixel, write_rival
from tests.model.person.people import frames

BOX = SquareBox(330, 260, 380)


@pytest.fixture(scope="module")
def masker() -> PersonMasker:
    return PersonMasker(PERSON_MASK)


@pytest.fixture(scope="module")
def frame() -> NDArray[np.uint8]:
    """Somebody at a desk, in the middle of the picture."""
    return frames(str(demo("webcam").video), 1)[0]


def test_the_person_is_told_from_the_room(masker: PersonMasker, frame: NDArray[np.uint8]) -> None:
    crop = warp(frame, crop_matrix(BOX, 256), 256)
    mask = masker(crop)
    assert mask.shape == (MASK_SIZE, MASK_SIZE) and mask.dtype == np.uint8
    assert np.median(mask[56:90, 50:78]) > 200  # the chest
    assert mask[:20, :20].mean() < 90 and mask[:20, -20:].mean() < 90


@pytest.mark.parametrize("seed", [None, 0])
def test_in_a_picture_of_nobody_nothing_is_hidden(masker: PersonMasker, seed: int | None) -> None:
    picture = np.zeros((160, 160, 3), np.uint8)
    if seed is not None:
        picture[:] = np.random.default_rng(seed).integers(0, 40, picture.shape)
    assert (masker(picture) == 255).all()


def test_a_mask_covers_more_than_the_crop(masker: PersonMasker, frame: NDArray[np.uint8]) -> None:
    found = masker.find(frame, BOX)
    whole = crop_matrix(BOX.scaled(MASK_MARGIN), 256)
    assert np.array_equal(found.values, masker(warp(frame, whole, 256)))
    inner = found.crop(crop_matrix(BOX), 128)
    size = round(MASK_SIZE / MASK_MARGIN)
    edge = (MASK_SIZE - size) // 2
    middle = cv2.resize(found.values[edge : edge + size, edge : edge + size], (128, 128))
    assert np.abs(inner.astype(int) - middle).mean() < 8


def test_missing_damaged_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no person mask at"):
        PersonMasker(tmp_path / "none.onnx")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(PERSON_MASK.read_bytes()[:5000])
    with pytest.raises(UserError, match="truncated"):
        PersonMasker(damaged)
    other = write_rival(tmp_path / "other.onnx", 32, brightest_pixel(32))
    onnx.checker.check_model(onnx.load(other))
    with pytest.raises(UserError, match="not a person mask"):
        PersonMasker(other)
