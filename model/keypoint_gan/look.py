"""What a training run looks at: errors on people kept aside, and a panel of pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.crop import CROP_SIZE, crop_matrix, transform
from model.data.records import Clip, DataSet, readable
from model.keypoint_gan import weights
from model.keypoint_gan.evaluation import find_points, score
from model.keypoint_gan.flips import corrected
from model.keypoint_gan.network import KeypointGan, to_pixels, to_unit
from model.keypoint_gan.pairs import cut
from model.pictures import enlarged, resized, write_picture
from model.skeleton import JointSet
from model.training.panels import draw_skeleton, tile

_ROWS = 6
_PICTURES = 256  # of each set are measured, at most
NEWEST = "last.safetensors"


class GanLook:
    """Measures and draws the network, and keeps it as ``last.safetensors`` in ``folder``.

    ``labelled`` are sets with labels, used for nothing but the numbers; the panel shows the first
    of them, else ``pictures``. Inside ``averaged`` the network has the weights to be kept.
    """

    def __init__(
        self,
        network: KeypointGan,
        folder: Path,
        pictures: DataSet,
        labelled: Sequence[DataSet] = (),
        metadata: Mapping[str, str] | None = None,
        *,
        autocast: bool = False,
        averaged: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._network = network
        self._averaged = averaged
        self._folder = folder
        self._labelled = labelled
        self._shown = labelled[0] if labelled else pictures
        self._metadata = dict(metadata or {})
        self._autocast = autocast

    def __call__(self, step: int) -> dict[str, float]:
        """The errors by name, % of the image's side; writes the panel and the network."""
        self._network.eval()
        try:
            with self._averaged():
                return self._look(step)
        finally:
            self._network.train()

    def _look(self, step: int) -> dict[str, float]:
        self._keep(step, {})  # whatever else may fail
        values: dict[str, float] = {}
        for data_set in self._labelled:
            every = -(-len(data_set) // _PICTURES)
            found = find_points(self._network, data_set, every=every, autocast=self._autocast)
            measured = score(found)
            values[f"error/{data_set.name}"] = measured.macro
            if np.isfinite(measured.either):
                values[f"error/{data_set.name}, either side"] = measured.either
        self._keep(step, values)
        write_picture(self._folder / "panel.png", panel(self._network, self._shown))
        return values

    def _keep(self, step: int, values: Mapping[str, float]) -> None:
        measured = {name: f"{value:.3f}" for name, value in values.items()}
        metadata = {**self._metadata, "steps": str(step), **measured}
        weights.save(self._folder / NEWEST, self._network, metadata, discriminators=False)


@torch.inference_mode()
def panel(network: KeypointGan, people: DataSet, rows: int = _ROWS) -> NDArray[np.uint8]:
    """A row of pictures for some of ``people``; RGB (H, W, 3) uint8. The network is in eval mode.

    Columns: picture, another picture, skeleton image, skeleton of the points, the picture redrawn
    from the two, the points, the labels. Damaged pictures are left out.
    """
    clips, pairs = readable(
        people.clips,
        rows,
        lambda clip: (cut(clip, len(clip) // 2, CROP_SIZE), cut(clip, len(clip) - 1, CROP_SIZE)),
    )
    crops, others = ([pair[side] for pair in pairs] for side in (0, 1))
    translation = network.translate(_tensor(network, crops))
    rebuilt = network.rebuild(translation, _tensor(network, others))
    points, _ = corrected(network, translation)
    joint_set = network.spec.skeleton.joint_set
    labels = [_labels(clip, len(clip) // 2, joint_set) for clip in clips]
    return tile(
        {
            "picture": enlarged(crops),
            "appearance": enlarged(others),
            "skeleton image": enlarged(_pictures(translation.skeleton_image)),
            "skeleton of points": enlarged(_pictures(translation.clean)),
            "redrawn": enlarged(_pictures(rebuilt)),
            "points": [
                draw_skeleton(crop, (found + 1) * (CROP_SIZE / 2), joint_set)
                for crop, found in zip(crops, points.cpu().numpy(), strict=True)
            ],
            "labels": [
                None if label is None else draw_skeleton(crop, label[0], joint_set, label[1])
                for crop, label in zip(crops, labels, strict=True)
            ],
        }
    )


def _labels(
    clip: Clip, frame: int, joint_set: JointSet
) -> tuple[NDArray[np.float64], NDArray[np.float32]] | None:
    """Where the labels mark points in the crop (K, 2), and which (K,); None without labels."""
    if clip.visible.shape[1] != len(joint_set) or not clip.visible[frame].any():
        return None
    return transform(clip.joints[frame], crop_matrix(clip.box(frame))), clip.visible[frame].astype(
        np.float32
    )


def _tensor(network: KeypointGan, pictures: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
    small = [resized(picture, network.spec.size) for picture in pictures]
    pixels = torch.from_numpy(np.stack(small))
    return to_unit(pixels.permute(0, 3, 1, 2).to(network.device))


def _pictures(images: torch.Tensor) -> list[NDArray[np.uint8]]:
    pixels = to_pixels(images).permute(0, 2, 3, 1).cpu()
    return list(np.ascontiguousarray(pixels.expand(-1, -1, -1, 3).numpy()))
