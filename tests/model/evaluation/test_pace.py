"""Seconds of camera: which frames come, which updates fit, and what is told of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import main
from model import save
from model.adaptation import PersonalizationSettings, Personalizer, PersonView, preset
from model.core.errors import UserError
from model.data.records import DataSet
from model.data.shards import read_shards
from model.evaluation.accuracy import Predictions
from model.evaluation.gain import PaceReport, measure_pace, rates_of
from model.evaluation.personalized import Camera, Protocol, predict_people, there_and_back
from tests.networks import small_network, small_perceptual_loss
from tests.shards import write_shard

_SETTINGS = PersonalizationSettings(batch_size=1, learning_rate=1e-2)


@pytest.fixture
def people(tmp_path: Path) -> DataSet:
    return read_shards([write_shard(tmp_path / "people.npz", people=2, frames=3)], "people")


def _predict(people: DataSet, protocol: Protocol, learnt_from: list[int]) -> Predictions:
    network = small_network(backbone="movenet-lightning")
    personalizer = Personalizer(network, small_perceptual_loss(), protocol.settings)
    sampler = personalizer.sampler

    def noting(seed: int) -> object:
        chosen = sampler(seed)
        online = chosen.online

        def note(view: PersonView, *rest: object, **named: object) -> object:
            learnt_from.append(view.index)
            return online(view, *rest, **named)  # type: ignore[arg-type]

        chosen.online = note  # type: ignore[assignment,method-assign]
        return chosen

    personalizer.sampler = noting  # type: ignore[assignment,method-assign]
    return predict_people(network, personalizer, people, protocol)


def test_frames_come_forwards_and_backwards() -> None:
    assert [there_and_back(n, 3) for n in range(7)] == [0, 1, 2, 1, 0, 1, 2]
    assert [there_and_back(n, 1) for n in range(3)] == [0, 0, 0]


@given(number=st.integers(0, 10_000), count=st.integers(2, 300))
def test_each_frame_is_beside_the_one_before(number: int, count: int) -> None:
    assert 0 <= there_and_back(number, count) < count
    assert abs(there_and_back(number + 1, count) - there_and_back(number, count)) == 1


def test_a_camera_counts_its_updates_and_frames() -> None:
    camera = Camera(seconds=10, updates_per_second=1.2, frames_per_second=25)
    assert camera.updates == 12
    assert [camera.frames_before(update) for update in (0, 6, 12)] == [1, 126, 251]
    assert Camera(seconds=0).updates == 0
    for wrong in ({"seconds": -1.0}, {"updates_per_second": 0.0}, {"frames_per_second": np.inf}):
        with pytest.raises(UserError):
            Camera(**wrong)


def test_updates_are_on_the_newest_frame_of_their_time(people: DataSet) -> None:
    learnt_from: list[int] = []
    camera = Camera(seconds=2, updates_per_second=2, frames_per_second=10)
    found = _predict(people, Protocol("camera", _SETTINGS, camera=camera), learnt_from)
    assert learnt_from == [0, 5, 10, 15] * 2
    assert len(found.points) == len(people)
    at_once = replace(camera, seconds=0)
    plain = _predict(people, Protocol("camera", _SETTINGS, camera=at_once), [])
    without = predict_people(small_network(backbone="movenet-lightning"), None, people, Protocol())
    np.testing.assert_allclose(plain.points, without.points, atol=1e-3)
    assert not np.allclose(found.points, plain.points, atol=1e-3)


def test_a_frame_that_is_held_out_is_not_waited_on(people: DataSet) -> None:
    learnt_from: list[int] = []
    settings = replace(_SETTINGS, guard=True, scope="last", self_weight=0, consistency=1)
    camera = Camera(seconds=9, updates_per_second=1, frames_per_second=1)
    _predict(people.only({"0"}), Protocol("camera", settings, camera=camera), learnt_from)
    assert learnt_from == [0, 1, 2, 3, 4, 5, 6, 8, 9]  # every eighth is for the guard alone


def test_each_preset_is_measured_at_its_own_rate(people: DataSet, tmp_path: Path) -> None:
    asked: list[Protocol] = []

    def predict(protocol: Protocol) -> Predictions:
        asked.append(protocol)
        return predict_people(small_network(), None, people, Protocol())

    rates = rates_of([preset("steady"), preset("fast")], [4.0, 2.5])
    rows = measure_pace(predict, rates, [10, 30], seeds=[0, 1])
    assert [(row.rate.preset.name, row.seconds, row.updates) for row in rows] == [
        ("steady", 10, 10),
        ("steady", 30, 30),
        ("fast", 10, 25),
        ("fast", 30, 75),
    ]
    assert len(asked) == 1 + 2 * 2 * 2 and {p.mode for p in asked[1:]} == {"camera"}
    assert all(row.gain.gain == 0 for row in rows)
    report = PaceReport("w.safetensors", "people", len(people), "float32", (0, 1), tuple(rows))
    assert "| fast, 2.5 pairs/s" in report.markdown() and "means over 2 seeds" in report.markdown()
    report.write(tmp_path)
    lines = (tmp_path / "pace.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 4 * 2 and lines[1].startswith("steady,10,10,")
    with pytest.raises(UserError, match="one rate for each preset"):
        rates_of([preset("steady")], [4.0, 2.5])
    with pytest.raises(UserError, match="above 0"):
        rates_of([preset("steady")], [0.0])


@pytest.fixture
def pace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs ``evaluate pace`` on one person with a small network: exit code, output, errors."""
    shard, weights = tmp_path / "people.npz", tmp_path / "small.safetensors"
    write_shard(shard, people=1, frames=2)
    save(weights, small_network(backbone="movenet-lightning"))

    def run(*options: str) -> tuple[int, str, str]:
        code = main.main(
            ["evaluate", "pace", "--data", f"shards={shard}", "--weights", str(weights),
             "--device", "cpu", "--workers", "1", *options]
        )  # fmt: skip
        return code, *capsys.readouterr()

    return run


def test_the_pace_is_printed_and_written(
    tmp_path: Path, pace: Callable[..., tuple[int, str, str]]
) -> None:
    options = ("--presets", "fast", "--pairs-per-second", "1", "--seconds", "0,2", "--json")
    code, printed, _ = pace(*options, "--out", str(tmp_path / "out"))
    assert code == 0
    found = json.loads(printed)
    assert [(row["seconds"], row["batches"]) for row in found["rows"]] == [(0, 0), (2, 2)]
    assert "| fast, 1 pairs/s" in (tmp_path / "out" / "pace.md").read_text(encoding="utf-8")


def test_rates_that_are_no_numbers_are_one_sentence(
    pace: Callable[..., tuple[int, str, str]],
) -> None:
    for rates, message in (("fast", "4.0,2.5"), ("1,2,3", "one rate for each")):
        code, printed, errors = pace("--pairs-per-second", rates)
        assert code == 2 and not printed and message in errors
