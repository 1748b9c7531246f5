"""The person mask in the box, on pictures of people and of nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from app.assets import PERSON_MASK, demo
from model.core.crop import SquareBox, crop_matrix, transform, warp
from model.core.errors import UserError
from model.core.masking import MASK_MARGIN, MASK_SIZE, mask_matrix
from model.tracking import PersonMasker
from model.tracking import detector as mask_module
from tests.model.evaluation.rivals import brightest_pixel, write_rival
from tests.model.tracking.people import frames

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


@pytest.mark.parametrize(("name", "frame"), [("webcam", 0), ("webcam", 40), ("stage", 0)])
def test_the_joints_are_on_the_mask_and_the_corners_are_not(
    masker: PersonMasker, name: str, frame: int
) -> None:
    """Of rendered people, whose joints are known, at the desk and on a stage."""
    picture = frames(str(demo(name).video), frame + 1)[frame]
    with np.load(demo(name).joints or "") as file:
        joints, seen = file["joints"][frame], file["visible"][frame].astype(bool)
    (left, top), (right, bottom) = joints[seen].min(axis=0), joints[seen].max(axis=0)
    side = 1.25 * max(right - left, bottom - top)
    box = SquareBox((left + right) / 2, (top + bottom) / 2, side)
    mask = masker.find(picture, box)
    assert mask.box == box and mask.values.shape == (MASK_SIZE, MASK_SIZE)
    shoulders = joints[5:7]
    chest = shoulders.mean(axis=0) + np.array([0, 0.1 * side])
    places = transform(np.vstack([shoulders, chest]), mask_matrix(box)).round().astype(int)
    assert all(mask.values[y, x] > 128 for x, y in places)
    for corner in (mask.values[:16, :16], mask.values[:16, -16:]):
        assert corner.mean() < 64


class Told:
    """A session whose network answers what it is told, and remembers what it was shown."""

    def __init__(self, answer: NDArray[np.float32]) -> None:
        self.answer = answer
        self.shown: list[NDArray[np.float32]] = []

    def run(self, outputs: None, inputs: dict[str, NDArray[np.float32]]) -> list[Any]:
        (image,) = inputs.values()
        self.shown.append(image)
        return [self.answer[None, :, :, None]]


def told(answer: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> tuple[PersonMasker, Told]:
    session = Told(answer)
    monkeypatch.setattr(mask_module, "checked_session", lambda *_, **__: session)
    return PersonMasker("any.onnx"), session


def test_the_network_sees_red_first_from_0_to_1(monkeypatch: pytest.MonkeyPatch) -> None:
    masker, session = told(np.ones((256, 256), np.float32), monkeypatch)
    masker(np.full((100, 100, 3), (255, 51, 0), np.uint8))
    (image,) = session.shown
    assert image.shape == (1, 256, 256, 3) and image.dtype == np.float32
    np.testing.assert_allclose(image[0, 128, 128], (1, 0.2, 0), atol=1e-6)


def test_what_the_network_says_is_halved_and_stays_within_a_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = np.zeros((256, 256), np.float32)
    answer[:, :65] = 1.02  # somewhat more than sure, and half of the 33rd column
    answer[:, 255] = -0.1
    masker, _ = told(answer, monkeypatch)
    found = masker(np.zeros((256, 256, 3), np.uint8))
    assert found.shape == (MASK_SIZE, MASK_SIZE) and found.dtype == np.uint8
    assert (found[:, :32] == 255).all() and (found[:, 33:] == 0).all()
    assert (found[:, 32] == 130).all()


@pytest.mark.parametrize(("share", "hidden"), [(0.01, False), (0.02, True), (0.4, True)])
def test_somebody_small_is_still_somebody(
    share: float, hidden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = np.zeros((256, 256), np.float32)
    answer[: round(256 * share)] = 1
    masker, _ = told(answer, monkeypatch)
    found = masker(np.zeros((256, 256, 3), np.uint8))
    assert bool((found == 0).any()) == hidden and found[0, 0] == 255
