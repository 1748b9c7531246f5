"""Recordings written by the tests, cheap stand-ins for their processing, and results to write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from app.runtime.capture.source import Frame
from app.runtime.live.results import NetworkInfo, nobody, pose_result
from app.runtime.recordings.pipeline import ProcessedFrame
from model.adaptation import UpdateReport
from model.core.crop import SquareBox, reduced
from model.core.perceptual import PerceptualLoss
from model.core.skeleton import PENN13
from model.tracking import Detection
from model.ttp.prediction import Pose

Image = NDArray[np.uint8]

SIZE = (64, 48)
BOX = SquareBox(30.0, 25.0, 40.0)
EMPTY: Image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
"""A frame in which ``BrightnessFollower`` finds nobody."""

NETWORK = NetworkInfo(
    name="small",
    variant="Transformer (keypoint)",
    backbone="resnet-mini",
    joint_names=PENN13.names,
    limbs=PENN13.limbs,
    sides=tuple(PENN13.side(joint) for joint in range(len(PENN13))),
    self_keypoints=2,
)


def person(number: int, width: int = SIZE[0], height: int = SIZE[1]) -> Image:
    """A bright frame with structure that differs from number to number."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(100, 255, (6, 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height)), np.uint8)


def write_clip(path: Path, frames: Sequence[Image], fps: float = 20.0) -> Path:
    """Write ``frames`` (RGB, all of one size) as a lossless video."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"HFYU"), fps, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


class BrightnessFollower:
    """Finds a person at ``BOX`` in every frame that is not dark; takes a follower's arguments."""

    changes = 0
    others: tuple[Detection, ...] = ()

    def __init__(self, *_: object) -> None:
        self.times: list[float] = []
        self.observed: list[tuple[NDArray[np.floating], tuple[int, int]]] = []

    def reset(self) -> None:
        """Nothing is remembered that counts."""

    def locate(self, image: Image, time_s: float) -> SquareBox | None:
        self.times.append(time_s)
        return BOX if image.mean() > 50 else None

    def observe(
        self,
        keypoints: NDArray[np.floating],
        confidence: NDArray[np.floating],
        image_size: tuple[int, int],
    ) -> None:
        assert len(keypoints) == len(confidence)
        self.observed.append((keypoints, image_size))


class PixelLoss(PerceptualLoss):
    """Compares pixels alone, which spares most of an update's cost; takes a loader's arguments."""

    def __init__(self, *_: object) -> None:
        super().__init__(nn.Identity())

    def errors(self, reconstruction: Tensor, target: Tensor, masks: Tensor | None = None) -> Tensor:
        wanted = reduced(target, reconstruction.shape[-1])
        return functional.mse_loss(reconstruction, wanted).repeat(len(self.means))


def found(
    number: int,
    *,
    keypoints: Sequence[tuple[float, float]] | None = None,
    confidence: float | Sequence[float] = 0.9,
    image: Image | None = None,
    updates: int = 0,
    loss: float | None = None,
) -> ProcessedFrame:
    """Frame ``number`` of a clip of 20 frames per second, with a person in it."""
    if keypoints is None:
        keypoints = [(12.0 + 3 * joint, 10.0 + 2 * joint) for joint in range(len(PENN13))]
    points = np.array(keypoints, np.float32)
    affinity = np.full((len(points), 2), 0.5, np.float32)
    sure = np.broadcast_to(np.array(confidence, np.float32), len(points)).copy()
    pose = Pose(points, sure, np.array([[20, 20], [40, 30]], np.float32), affinity)
    frame = Frame(number, number / 20, person(number) if image is None else image, number)
    result = pose_result(frame, BOX, pose, updates, 0.1)
    if loss is None:
        return ProcessedFrame(frame, result)
    update = UpdateReport(updates, loss, 2, 0.1, applied=bool(np.isfinite(loss)))
    return ProcessedFrame(frame, result, update)


def not_found(number: int, updates: int = 0) -> ProcessedFrame:
    """Frame ``number`` without a person."""
    frame = Frame(number, number / 20, EMPTY, number)
    return ProcessedFrame(frame, nobody(frame, updates, 0.1))
