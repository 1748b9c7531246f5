"""What accompanies a run: progress on the terminal, curves, panels, validation and the probe."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import torch
from tqdm import tqdm

from model.adaptation import PersonalizationSettings
from model.core.augmentation import Augmenter
from model.core.errors import UserError
from model.core.masking import Masker
from model.core.panels import write_picture
from model.core.perceptual import PerceptualLoss
from model.data.records import DataSet
from model.data.sampling import PairCutter
from model.engine.metrics import MetricLogger
from model.evaluation.accuracy import predict_data_set
from model.evaluation.gain import first_frames, measure_gain
from model.ttp import weights
from model.ttp.networks import PoseNetwork
from model.ttp.objective import keypoint_use, share_on_person, spread
from model.ttp.training.loader import collate
from model.ttp.training.pictures import draw_panel
from model.ttp.training.trainer import StepReport

_log = logging.getLogger(__name__)
_MEMORY = 0.98
_PANEL_ROWS = 6
_VALIDATION_FRAMES = 256  # of each set, at most


@dataclass(frozen=True)
class ProbePlan:
    """How the gain of personalization is probed: as the paper does, on a few short clips."""

    people: int = 6
    frames: int = 12
    settings: PersonalizationSettings = field(default_factory=PersonalizationSettings)
    micro_batch: int = 4


class RunCallback:
    """Watches one run and writes into its folder.

    ``log.csv`` and ``tensorboard/`` hold the curves and panels, ``panel.png`` the newest panel,
    ``last.safetensors`` the newest validated network and ``best.safetensors`` the one with the
    highest PCK on the first of the ``validation`` sets. ``development`` are people kept aside,
    whom the panel shows and on whom the gain is probed, with a ``masker`` if the network needs one.
    """

    def __init__(
        self,
        folder: Path,
        steps: int,
        *,
        start: int = 0,
        validation: Sequence[DataSet] = (),
        development: DataSet | None = None,
        perceptual: PerceptualLoss | None = None,
        masker: Masker | None = None,
        plan: ProbePlan | None = None,
        autocast: bool = False,
        metadata: Mapping[str, str] | None = None,
        quiet: bool = False,
    ) -> None:
        self._folder = folder
        self._metric_logger = MetricLogger(folder, start)
        self._bar = tqdm(total=steps, initial=start, unit="step", disable=quiet, dynamic_ncols=True)
        self._validation = validation
        self._development = development
        self._perceptual = perceptual
        self._masker = masker
        self._plan = plan or ProbePlan()
        self._autocast = autocast
        self._metadata = dict(metadata or {})
        self.kept_step = -1
        self._smooth: dict[str, float] = {}
        self._best = _recorded_best(folder) if start else -1.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        self._metric_logger.close()

    def stepped(self, report: StepReport) -> None:
        """Show and record a step's losses."""
        values = {"supervised": report.supervised, "self-supervised": report.self_supervised}
        for name, value in values.items():
            if value:
                old = self._smooth.get(name, value)
                self._smooth[name] = _MEMORY * old + (1 - _MEMORY) * value
        self._bar.set_postfix({name: f"{value:.4g}" for name, value in self._smooth.items()})
        self._bar.update()
        if not report.applied:
            self.problem(f"Step {report.step} was left out: its loss or gradient was not finite.")
        if report.step % 10 == 0:
            rates = {"learning rate": report.learning_rate, "seconds per step": report.seconds}
            losses = {f"loss/{name}": value for name, value in values.items() if value}
            self._metric_logger.scalars(report.step, {**losses, **rates})

    def problem(self, sentence: str) -> None:
        """Say what is wrong without breaking the progress bar."""
        _log.warning(sentence)

    def look(self, step: int, network: PoseNetwork, *, probe: bool) -> None:
        """Validate, draw, probe and keep the network; what cannot be done does not end the run."""
        try:
            self._look(step, network, probe)
        except UserError as error:
            self.problem(f"The network was not looked at whole after step {step}: {error}")

    def _look(self, step: int, network: PoseNetwork, probe: bool) -> None:
        values: dict[str, float] = {}
        for data_set in self._validation:
            every = -(-len(data_set) // _VALIDATION_FRAMES)
            score = predict_data_set(
                network, data_set, every=every, autocast=self._autocast, skip_bad=True
            )
            values[f"pck/{data_set.name}"] = score.score().mean
        if self._development is not None:
            values |= self._inspect(step, network)
        if probe and self._development is not None and self._perceptual is not None:
            values |= self._probe(network, self._development, self._perceptual)
        self._metric_logger.scalars(step, values)
        self.keep(step, network, values)
        found = ", ".join(f"{name} {value:.2f}" for name, value in values.items())
        if found and not self._bar.disable:
            self._bar.write(f"step {step}: {found}")

    def _inspect(self, step: int, network: PoseNetwork) -> dict[str, float]:
        """Draw the panel and tell what the reconstruction makes of the keypoints."""
        assert self._development is not None
        clips = first_frames(self._development, _PANEL_ROWS, 16).clips[:_PANEL_ROWS]
        cutter = PairCutter(
            self._development.joint_set,
            Augmenter(rotation_probability=0),
            crop_size=network.spec.crop_size,
        )
        rng = np.random.default_rng(0)
        examples = [cutter.cut(clip, len(clip) // 2, rng, with_source=True) for clip in clips]
        batch = collate([(example, []) for example in examples])
        tensors = batch.to(network.device, bgr=network.spec.bgr)
        panel = draw_panel(network, tensors)
        self._metric_logger.picture(step, "panel", panel)
        write_picture(self._folder / "panel.png", panel)
        if not network.spec.reconstructs or self._perceptual is None:
            return {}
        with torch.autocast(network.device.type, torch.bfloat16, enabled=self._autocast):
            own, foreign = keypoint_use(network, self._perceptual, tensors)
        values = {
            "reconstruction/own keypoints": own,
            "reconstruction/foreign keypoints": foreign,
            "reconstruction/keypoint spread": spread(network, tensors.target),
        }
        if tensors.masks is not None:
            values["reconstruction/keypoints on person"] = share_on_person(network, tensors)
        return values

    def _probe(
        self, network: PoseNetwork, development: DataSet, perceptual: PerceptualLoss
    ) -> dict[str, float]:
        plan = self._plan
        people = first_frames(development, plan.people, plan.frames)
        (found,) = measure_gain(
            network,
            perceptual,
            people,
            plan.settings,
            autocast=self._autocast,
            micro_batch=plan.micro_batch,
            masker=self._masker,
        )
        return {"probe/none": found.none, "probe/gain": found.gain, "probe/worst": found.worst}

    def keep(
        self, step: int, network: PoseNetwork, values: Mapping[str, float] | None = None
    ) -> None:
        """Write the network after ``step`` steps, with what was measured on it."""
        self.kept_step = step
        scores = {name: f"{value:.2f}" for name, value in (values or {}).items()}
        metadata = {**self._metadata, "steps": str(step), **scores}
        weights.save(self._folder / "last.safetensors", network, metadata, half=True)
        first = next((v for n, v in (values or {}).items() if n.startswith("pck/")), None)
        if first is not None and first > self._best:
            self._best = first
            metadata["best"] = str(first)
            weights.save(self._folder / "best.safetensors", network, metadata, half=True)


def _recorded_best(folder: Path) -> float:
    path = folder / "best.safetensors"
    return float(weights.read_metadata(path).get("best", -1)) if path.exists() else -1.0
