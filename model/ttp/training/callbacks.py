"""What looks at the network of a run now and then: validation, panels, pictures and the probe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.adaptation import PersonalizationSettings
from model.core.augmentation import Augmenter
from model.core.crop import CROP_SIZE, SquareBox, reduced, to_pictures
from model.core.masking import Masker
from model.core.panels import PanelRow, resized, training_panel
from model.core.perceptual import PerceptualLoss
from model.data.records import DataSet
from model.data.sampling import PairCutter
from model.engine.run import Callback
from model.evaluation.accuracy import predict_data_set
from model.evaluation.gain import first_frames, measure_gain
from model.ttp import weights
from model.ttp.networks import PoseNetwork
from model.ttp.objective import TensorBatch, keypoint_use, share_on_person, spread
from model.ttp.prediction import pose_in_image
from model.ttp.training.step import collate

# The whole crop as a box: what is decoded into it comes out in crop pixels.
_CROP = SquareBox(CROP_SIZE / 2, CROP_SIZE / 2, CROP_SIZE)


@torch.no_grad()
def draw_panel(network: PoseNetwork, batch: TensorBatch) -> NDArray[np.uint8]:
    """Source, target, reconstruction and both keypoint sets of each example; RGB (H, W, 3).

    The network is in eval mode, and every example has a source.
    """
    bgr, count = network.spec.bgr, len(batch.target)
    output = network(batch.target, batch.source)
    shown = to_pictures(reduced(batch.target, CROP_SIZE), bgr=bgr)
    sources = to_pictures(batch.source, bgr=bgr)
    rebuilt = output.reconstruction
    pictures: list[NDArray[np.uint8] | None] = [None] * count
    if rebuilt is not None:
        pictures = [resized(picture, CROP_SIZE) for picture in to_pictures(rebuilt, bgr=bgr)]
    truth = (batch.joints * (CROP_SIZE / network.spec.crop_size)).cpu().numpy()
    rows = []
    for index in range(count):
        pose = pose_in_image(output, _CROP, index)
        rows.append(
            PanelRow(
                source=sources[index],
                target=shown[index],
                reconstruction=pictures[index],
                self_points=pose.self_keypoints if len(pose.self_keypoints) else None,
                contribution=pose.contribution if pose.affinity.size else None,
                points=pose.keypoints,
                truth=truth[index],
                weights=batch.weights[index].cpu().numpy(),
            )
        )
    return training_panel(rows, network.spec.joint_set)


_PANEL_ROWS = 6
_VALIDATION_FRAMES = 256  # of each set, at most


@dataclass(frozen=True)
class ProbePlan:
    """How the gain of personalization is probed: as the paper does, on a few short clips."""

    people: int = 6
    frames: int = 12
    settings: PersonalizationSettings = field(default_factory=PersonalizationSettings)
    micro_batch: int = 4


class RunCallback(Callback):
    """Validates, draws and keeps the network of one run.

    ``last.safetensors`` is the newest network and ``best.safetensors`` the one with the highest PCK
    on the first of the ``validation`` sets. ``development`` are people kept aside, whom the panel
    shows and on whom the gain is probed, with a ``masker`` if the network needs one. ``resumed``:
    the folder's best network is to be beaten.
    """

    def __init__(
        self,
        network: PoseNetwork,
        folder: Path,
        *,
        validation: Sequence[DataSet] = (),
        development: DataSet | None = None,
        perceptual: PerceptualLoss | None = None,
        masker: Masker | None = None,
        plan: ProbePlan | None = None,
        autocast: bool = False,
        metadata: Mapping[str, str] | None = None,
        resumed: bool = False,
    ) -> None:
        self._network = network
        self._folder = folder
        self._validation = validation
        self._development = development
        self._perceptual = perceptual
        self._masker = masker
        self._plan = plan or ProbePlan()
        self._autocast = autocast
        self._metadata = dict(metadata or {})
        self._best = _recorded_best(folder) if resumed else -1.0

    def look(self, step: int, *, probe: bool) -> dict[str, float | NDArray[np.uint8]]:
        """Validate, draw, probe and keep the network."""
        network = self._network
        values: dict[str, float] = {}
        pictures: dict[str, NDArray[np.uint8]] = {}
        for data_set in self._validation:
            every = -(-len(data_set) // _VALIDATION_FRAMES)
            score = predict_data_set(
                network, data_set, every=every, autocast=self._autocast, skip_bad=True
            )
            values[f"pck/{data_set.name}"] = score.score().mean
        if self._development is not None:
            pictures["panel"], found = self._inspect(self._development)
            values |= found
        if probe and self._development is not None and self._perceptual is not None:
            values |= self._probe(self._development, self._perceptual)
        self.keep(step, values)
        return {**values, **pictures}

    def _inspect(self, development: DataSet) -> tuple[NDArray[np.uint8], dict[str, float]]:
        """The panel, and what the reconstruction makes of the keypoints."""
        network = self._network
        clips = first_frames(development, _PANEL_ROWS, 16).clips[:_PANEL_ROWS]
        cutter = PairCutter(
            development.joint_set,
            Augmenter(rotation_probability=0),
            crop_size=network.spec.crop_size,
        )
        rng = np.random.default_rng(0)
        examples = [cutter.cut(clip, len(clip) // 2, rng, with_source=True) for clip in clips]
        tensors = collate(examples).to(network.device, bgr=network.spec.bgr)
        panel = draw_panel(network, tensors)
        if not network.spec.reconstructs or self._perceptual is None:
            return panel, {}
        with torch.autocast(network.device.type, torch.bfloat16, enabled=self._autocast):
            own, foreign = keypoint_use(network, self._perceptual, tensors)
        values = {
            "reconstruction/own keypoints": own,
            "reconstruction/foreign keypoints": foreign,
            "reconstruction/keypoint spread": spread(network, tensors.target),
        }
        if tensors.masks is not None:
            values["reconstruction/keypoints on person"] = share_on_person(network, tensors)
        return panel, values

    def _probe(self, development: DataSet, perceptual: PerceptualLoss) -> dict[str, float]:
        plan = self._plan
        people = first_frames(development, plan.people, plan.frames)
        (found,) = measure_gain(
            self._network,
            perceptual,
            people,
            plan.settings,
            autocast=self._autocast,
            micro_batch=plan.micro_batch,
            masker=self._masker,
        )
        return {"probe/none": found.none, "probe/gain": found.gain, "probe/worst": found.worst}

    def keep(self, step: int, values: Mapping[str, float] | None = None) -> None:
        """Write the network after ``step`` steps, with what was measured on it."""
        scores = {name: f"{value:.2f}" for name, value in (values or {}).items()}
        metadata = {**self._metadata, "steps": str(step), **scores}
        weights.save(self._folder / "last.safetensors", self._network, metadata, half=True)
        first = next((v for n, v in (values or {}).items() if n.startswith("pck/")), None)
        if first is not None and first > self._best:
            self._best = first
            metadata["best"] = str(first)
            weights.save(self._folder / "best.safetensors", self._network, metadata, half=True)


def _recorded_best(folder: Path) -> float:
    path = folder / "best.safetensors"
    return float(weights.read_metadata(path).get("best", -1)) if path.exists() else -1.0
