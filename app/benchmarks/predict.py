"""Prediction alone, from a frame and its box to keypoints, beside what else a user could pick."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import torch

from app.assets import WEIGHTS
from app.benchmarks.timing import Sight, found_people, medians
from app.runtime.live.engine import load_engine
from model.core.device import ServingPrecision
from model.evaluation.rival import Rival
from model.ttp.prediction import PosePredictor
from model.ttp.trunk import FrozenTrunk, fastest_engine

_FRAMES = 50


@dataclass(frozen=True)
class PredictFigures:
    """What was measured; milliseconds are medians.

    Attributes:
        frames_per_second: of the network.
        milliseconds: of one frame.
        rivals: milliseconds by file name.
        threads: on how many each computed.
        trunk: what the trunk was computed by, the fastest here.
        heads: what the other parts were computed by.
        precision: of what PyTorch computes.
    """

    frames_per_second: float
    milliseconds: float
    rivals: dict[str, float]
    threads: int
    trunk: str
    heads: str
    precision: str

    def rounded(self) -> dict[str, float | int | str]:
        """For ``--json``: the first rival's rate as ``rival_frames_per_second``, and all times."""
        values: dict[str, float | int | str] = {
            "frames_per_second": round(self.frames_per_second, 2),
            "milliseconds": round(self.milliseconds, 2),
        }
        for number, (name, milliseconds) in enumerate(self.rivals.items()):
            if number == 0:
                values["rival_frames_per_second"] = round(1000 / milliseconds, 2)
            values[f"{name} milliseconds"] = round(milliseconds, 2)
        return {
            **values,
            "threads": self.threads,
            "trunk": self.trunk,
            "heads": self.heads,
            "precision": self.precision,
        }


def measure_predict(
    demo: str,
    *,
    threads: int = 1,
    repeats: int = 100,
    weights: Path | None = None,
    precision: ServingPrecision | None = None,
    rivals: Sequence[Path] = (),
) -> PredictFigures:
    """Predict frames of an embedded clip, which are read and found the person in beforehand.

    Args:
        demo: the clip's name.
        threads: CPU threads for the network and for each rival.
        repeats: how many frames each predicts, in turns.
        weights: another network than that in the box.
        precision: what is computed in; None: whatever is faster here.
        rivals: ONNX files as ``evaluate accuracy --rival`` takes them.

    Raises:
        UserError: a file cannot be used, or nobody is found in the clip.
    """
    engine = load_engine(weights or WEIGHTS, "cpu", precision=precision)
    others = [Rival(path, threads) for path in rivals]
    seen = found_people(demo, engine.follower, _FRAMES)
    low = engine.machine.low_precision
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        choice = fastest_engine(engine.network, threads, low_precision=low, ranges=engine.ranges)
        trunk = FrozenTrunk(engine.network.encoder, choice.engine)
        dtype = torch.bfloat16 if low else torch.float32
        predictor = PosePredictor(engine.network, dtype, trunk, choice.heads)
        ways: dict[str, Callable[[], object]] = {}
        own = cycle(seen)
        ways[""] = lambda: predictor.predict(*next(own))
        for rival in others:
            ways[rival.name] = _predicting(rival, cycle(seen))
        times = medians(ways, repeats)
    finally:
        torch.set_num_threads(before)
    milliseconds = times.pop("")
    return PredictFigures(
        frames_per_second=1000 / milliseconds,
        milliseconds=milliseconds,
        rivals=times,
        threads=threads,
        trunk=choice.name,
        heads="PyTorch" if choice.heads is None else "ONNX Runtime",
        precision="bfloat16" if low else "float32",
    )


def _predicting(rival: Rival, seen: Iterator[Sight]) -> Callable[[], object]:
    def predict() -> object:
        image, box = next(seen)
        return rival.predict([image], [box])

    return predict
