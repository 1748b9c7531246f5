"""What a training run of IMM looks at: a panel of pictures; it keeps the network as well."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.crop import CROP_SIZE
from model.data.records import DataSet, readable
from model.imm import weights
from model.imm.networks import Imm
from model.imm.pairs import PairDrawer
from model.pictures import enlarged, write_picture
from model.training.panels import draw_points, tile

_ROWS = 6
NEWEST = "last.safetensors"


class ImmLook:
    """Draws pairs of ``people`` and keeps the network as ``last.safetensors`` in ``folder``."""

    def __init__(
        self,
        network: Imm,
        folder: Path,
        people: DataSet,
        drawer: PairDrawer,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._network = network
        self._folder = folder
        self._people = people
        self._drawer = drawer
        self._metadata = dict(metadata or {})

    def __call__(self, step: int) -> dict[str, float]:
        """Writes the panel and the network; how far the points of a picture lie apart."""
        self._network.eval()
        try:
            metadata = {**self._metadata, "steps": str(step)}
            weights.save(self._folder / NEWEST, self._network, metadata)
            picture, apart = panel(self._network, self._people, self._drawer)
            write_picture(self._folder / "panel.png", picture)
            return {"points/spread": apart}
        finally:
            self._network.train()


@torch.inference_mode()
def panel(
    network: Imm, people: DataSet, drawer: PairDrawer, rows: int = _ROWS
) -> tuple[NDArray[np.uint8], float]:
    """Source, target, reconstruction and points of some people; RGB (H, W, 3), eval mode.

    With it the mean distance of a picture's points from their middle, in pictures' sides: near 0
    when they have collapsed.
    """
    rng = np.random.default_rng(0)
    _, pairs = readable(people.clips, rows, lambda clip: drawer.draw(clip, len(clip) // 2, rng))
    target, source = (
        torch.from_numpy(np.stack(side)).permute(0, 3, 1, 2).float().to(network.device)
        for side in ([pair.target for pair in pairs], [pair.source for pair in pairs])
    )
    output = network(target, source)
    rebuilt = output.reconstruction.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    points = output.points.cpu().numpy()
    middle = points.mean(axis=1, keepdims=True)
    targets = enlarged([pair.target for pair in pairs], zoom=False)
    picture = tile(
        {
            "source": enlarged([pair.source for pair in pairs]),
            "target": enlarged([pair.target for pair in pairs]),
            "reconstruction": enlarged(list(rebuilt.cpu().numpy())),
            "points": [
                draw_points(crop, (found + 1) * ((CROP_SIZE - 1) / 2))
                for crop, found in zip(targets, points, strict=True)
            ],
        }
    )
    return picture, float(np.linalg.norm(points - middle, axis=-1).mean() / 2)
