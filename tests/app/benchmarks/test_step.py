from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from app.benchmarks import step as benchmark
from app.benchmarks.step import HEATMAP_TOLERANCE, LOSS_TOLERANCE, ReleasedStep, compare
from app.benchmarks.timing import Ratio, Sight, measure_peak
from main import main
from model.adaptation import preset
from model.core.crop import SquareBox
from model.core.errors import UserError
from model.core.perceptual import PerceptualLoss
from model.ttp.networks import PoseNetwork
from model.ttp.trunk import EngineChoice
from tests.app.runtime.live.machinery import picture
from tests.networks import small_network, small_perceptual_loss

SIGHTS: list[Sight] = [(picture(index), SquareBox(80, 60, 100)) for index in range(4)]


def _compare(
    perceptual: PerceptualLoss | None = None, network: PoseNetwork | None = None
) -> benchmark.NetworkFigures:
    return compare(
        "small",
        network or small_network(),
        perceptual or small_perceptual_loss(),
        SIGHTS,
        batch=2,
        repeats=1,
        low=False,
        device=torch.device("cpu"),
    )


@pytest.fixture(scope="module")
def figures() -> benchmark.NetworkFigures:
    return _compare(network=small_network(rebuilt=128))


def test_our_step_computes_what_the_released_loop_does_with_less(
    figures: benchmark.NetworkFigures,
) -> None:
    assert figures.loss_error < LOSS_TOLERANCE
    assert 0 < figures.heatmap_error < HEATMAP_TOLERANCE
    # Two samples are not predicted twice, and nothing is rebuilt to be predicted.
    assert figures.released_gflop > 1.1 * figures.exact.gflop
    assert figures.exact.gflop > figures.gentle.gflop
    assert figures.default.gflop > figures.fast.gflop > 0
    rounded = figures.rounded(measure_peak(torch.device("cpu")), "small_")
    assert rounded["small_ratio_exact_least"] == rounded["small_ratio_exact_most"]  # one turn
    assert float(rounded["small_share_of_peak"]) > 0


def test_a_masked_network_is_compared_as_if_it_rebuilt_whole_pictures(
    figures: benchmark.NetworkFigures,
) -> None:
    network = small_network()
    masked = PoseNetwork(replace(network.spec, mask="person", rebuilt=64))
    masked.load_state_dict(network.state_dict())
    found = _compare(network=masked.eval())
    assert found.loss_error < LOSS_TOLERANCE
    # The presets rebuild what it was trained for: a quarter of the pixels.
    assert found.gentle.gflop < 0.9 * figures.gentle.gflop


def test_only_presets_compute_the_trunk_in_whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    choose = benchmark.fastest_engine

    def noting(*arguments: Any, **options: Any) -> EngineChoice:
        asked.append(options["ranges"])
        return replace(choose(*arguments, **options), name="int8" if options["ranges"] else "float")

    monkeypatch.setattr(benchmark, "fastest_engine", noting)
    monkeypatch.setattr(EngineChoice, "in_int8", property(lambda self: self.name == "int8"))
    ranges = ((0.0, 1.0),)
    ours = benchmark._Ours(
        small_network(), small_perceptual_loss(), SIGHTS, torch.device("cpu"), True, ranges
    )
    exact = ours.step(preset("paper").settings, exact=True)
    fast = ours.step(preset("fast").settings)
    assert asked == [None, ranges]
    assert (exact.precision, fast.precision) == ("float32", "int8")


def test_a_step_that_computes_something_else_is_not_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Other(ReleasedStep):
        def __init__(self, network: PoseNetwork, perceptual: PerceptualLoss, rate: float) -> None:
            perceptual.means *= 1.01
            super().__init__(network, perceptual, rate)

    monkeypatch.setattr(benchmark, "ReleasedStep", Other)
    with pytest.raises(UserError, match="does not compute what the released loop does"):
        _compare()


def test_the_released_loop_logs_a_loss_of_its_own_and_predicts_the_whole_batch() -> None:
    perceptual = small_perceptual_loss()
    step = ReleasedStep(small_network(), perceptual, 1e-3)
    target, source = torch.randn(2, 2, 3, 128, 128)
    results = [step(target, source) for _ in range(3)]
    assert results[2].loss < results[0].loss
    assert results[0].logged < results[0].loss
    assert results[0].heatmaps.shape == (2, 13, 32, 32)


def test_the_step_benchmark_prints_one_object(
    figures: benchmark.NetworkFigures,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def measured(name: str, *_: object, **options: object) -> benchmark.NetworkFigures:
        asked = {"batch": 2, "repeats": 1, "low": False, "ranges": None}
        assert asked.items() <= options.items()
        return replace(figures, name=name)

    monkeypatch.setattr(benchmark, "compare", measured)
    monkeypatch.setattr(benchmark.weight_files, "load", lambda path: small_network("keypoint"))
    monkeypatch.setattr(benchmark, "load_perceptual_loss", lambda path: small_perceptual_loss())
    monkeypatch.setattr(benchmark, "found_people", lambda *_: SIGHTS)
    arguments = ["--batch-size", "2", "--repeats", "1", "--precision", "float32", "--device", "cpu"]
    network = ["--backbone", "resnet-mini"]
    assert main(["benchmark", "step", *network, *arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ratio_exact"] > 0
    assert {"ratio_fast", "heatmap_error", "share_of_peak", "peak_gflops"} <= told.keys()
    assert (told["network"], told["batch"], told["precision_fast"]) == ("resnet-mini", 2, "float32")
    assert told["embedded_ratio_exact"] > 0
    assert 0 < told["data_wait_share_default"] < 1


def test_weights_that_rebuild_nothing_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark.weight_files, "load", lambda path: small_network("rotation"))
    assert main(["benchmark", "step", "--weights", "x.safetensors", "--device", "cpu"]) == 2
    assert "does not rebuild pictures" in capsys.readouterr().err


def test_a_ratio_is_taken_turn_by_turn() -> None:
    assert Ratio.of([10, 30, 40], [5, 10, 40]) == Ratio(2, 1, 3)
