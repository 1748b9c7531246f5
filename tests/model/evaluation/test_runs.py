from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import model
from app.assets import PERCEPTUAL_WEIGHTS, PERSON_MASK
from model.adaptation import PersonalizationSettings
from model.core.device import Precision
from model.core.errors import UserError
from model.data.records import DataSet
from model.data.shards import read_shards
from model.engine.ranks import Ranks
from model.evaluation import runs
from model.evaluation.personalized import PersonFrames, PersonPredictions, Progress, Protocol
from model.evaluation.runs import Machine, PeopleRunner
from model.ttp.networks import Variant
from tests.networks import small_network
from tests.shards import write_shard

CPU = Machine(torch.device("cpu"))
ROTATION = PersonalizationSettings(batch_size=1, learning_rate=1e-3)
ONLINE = Protocol("online", ROTATION)


@pytest.fixture
def people(tmp_path: Path) -> DataSet:
    return read_shards([write_shard(tmp_path / "people.npz", people=3, frames=2)], "people")


def _die(task: object) -> None:
    os._exit(1)


def _sleep(task: object) -> None:
    Path(os.environ["STARTED"], f"{os.getpid()}.pid").touch()
    time.sleep(60)


def _alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    # A process that ended but that nobody has waited for is still listed.
    return "Z" not in Path(f"/proc/{number}/stat").read_text(encoding="utf-8").split(")")[1][:3]


def _weights(folder: Path, variant: Variant = "rotation") -> Path:
    path = folder / f"{variant}.safetensors"
    model.save(path, small_network(variant, backbone="movenet-lightning"))
    return path


def _runner(store: Path | None, workers: int = 1, ranks: Ranks | None = None) -> PeopleRunner:
    machine = replace(CPU, workers=workers)
    return PeopleRunner(PERCEPTUAL_WEIGHTS, PERSON_MASK, store, machine, ranks)


def test_what_is_finished_is_read_back(
    tmp_path: Path, people: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, runner = _weights(tmp_path), _runner(tmp_path / "store")
    # A run that was interrupted after the first two people.
    first = runner.predict(weights, people.only({"0", "1"}), ONLINE)
    computed: list[str] = []
    compute = PeopleRunner._compute

    def noting(self: PeopleRunner, job: object, tasks: list[object], progress: object) -> object:
        computed.extend(task.person for task in tasks)  # type: ignore[attr-defined]
        return compute(self, job, tasks, progress)  # type: ignore[arg-type]

    monkeypatch.setattr(PeopleRunner, "_compute", noting)
    done: list[int] = []
    whole = runner.predict(weights, people, ONLINE, done.append)

    assert computed == ["2"] and sum(done) == 6
    np.testing.assert_array_equal(whole.points[:4], first.points)
    fresh = _runner(None).predict(weights, people, ONLINE)
    np.testing.assert_array_equal(whole.points, fresh.points)
    np.testing.assert_array_equal(whole.order, fresh.order)

    for other in (replace(ONLINE, seed=1), Protocol()):
        computed.clear()
        runner.predict(weights, people, other)
        assert computed == ["0", "1", "2"]


def test_a_damaged_file_of_the_store_is_computed_again(tmp_path: Path, people: DataSet) -> None:
    weights, runner = _weights(tmp_path), _runner(tmp_path / "store")
    found = runner.predict(weights, people, ONLINE)
    for file in (tmp_path / "store").rglob("*.npz"):
        file.write_bytes(file.read_bytes()[:100])
    np.testing.assert_array_equal(runner.predict(weights, people, ONLINE).points, found.points)


def test_several_processes_find_what_one_finds(tmp_path: Path, people: DataSet) -> None:
    weights = _weights(tmp_path)
    together = _runner(None, workers=2).predict(weights, people, ONLINE)
    alone = _runner(None).predict(weights, people, ONLINE)
    np.testing.assert_allclose(together.points, alone.points, atol=1e-3)
    np.testing.assert_array_equal(together.persons, alone.persons)


def test_a_baseline_predicts_but_cannot_be_personalized(tmp_path: Path, people: DataSet) -> None:
    weights = _weights(tmp_path, "baseline")
    assert len(_runner(None).predict(weights, people, Protocol()).points) == 6
    for workers in (1, 2):
        with pytest.raises(UserError, match="cannot be personalized"):
            _runner(None, workers).predict(weights, people, ONLINE)


def test_a_process_that_dies_is_a_sentence(
    tmp_path: Path, people: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_run_in_worker", _die)
    with pytest.raises(UserError, match="fewer --workers"):
        _runner(None, workers=2).predict(_weights(tmp_path), people, Protocol())


def test_processes_of_torchrun_need_a_place_to_meet() -> None:
    with pytest.raises(UserError, match="--out"):
        _runner(None, ranks=Ranks(0, 2))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's list of processes")
def test_processes_end_with_the_one_that_started_them(tmp_path: Path, people: DataSet) -> None:
    """Killed, it cannot tell them to."""
    _weights(tmp_path)
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "import torch\n"
        "from tests.model.evaluation import test_runs as here\n"
        "from model.data.shards import read_shards\n"
        "here.runs._run_in_worker = here._sleep\n"
        "if __name__ == '__main__':\n"
        "    people = read_shards([Path(sys.argv[1])], 'people')\n"
        "    weights = Path(sys.argv[2])\n"
        "    here._runner(None, workers=2).predict(weights, people, here.Protocol())\n"
    )
    (tmp_path / "main.py").write_text(script, encoding="utf-8")
    shard, weights = tmp_path / "people.npz", tmp_path / "rotation.safetensors"
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, tmp_path / "main.py", shard, weights],
        env={**os.environ, "PYTHONPATH": str(root), "STARTED": str(tmp_path)},
        cwd=root,
    )
    deadline = time.monotonic() + 200
    while not (started := list(tmp_path.glob("*.pid"))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert started
    process.kill()
    process.wait()
    numbers = [int(path.stem) for path in started]
    while any(map(_alive, numbers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(_alive, numbers))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_precision_asked_for_is_used_and_told(
    precision: Precision, people: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[bool] = []

    def predict(*_: object, autocast: bool, **__: object) -> PersonPredictions:
        used.append(autocast)
        return PersonPredictions(
            np.zeros((1, 13, 2), np.float32), np.zeros((1, 2), int), np.zeros(1, int), ()
        )

    monkeypatch.setattr(runs, "predict_person", predict)
    machine = Machine(torch.device("cpu"), precision=precision)
    runner = PeopleRunner(PERCEPTUAL_WEIGHTS, PERSON_MASK, tmp_path / "kept", machine)
    runner.predict(_weights(tmp_path), people, Protocol())

    assert runner.precision == precision
    assert used == [precision == "bfloat16"] * 3


def test_running_means_are_carried_from_person_to_person_and_kept(
    people: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second person begins with what the first left, also if the first is read back."""
    began: list[tuple[float, ...]] = []

    class Means(runs._Worker):
        def run(
            self,
            task: PersonFrames,
            progress: Progress | None = None,
            means: tuple[float, ...] = (),
        ) -> PersonPredictions:
            began.append(means)
            found = super().run(task, progress, means)
            return replace(found, means=(*[1.0] * 5, float(len(began))))

    monkeypatch.setattr(runs, "_Worker", Means)
    carried = replace(ONLINE, settings=replace(ROTATION, running_means="carried"))
    runner = PeopleRunner(PERCEPTUAL_WEIGHTS, PERSON_MASK, tmp_path / "kept", CPU)
    weights = _weights(tmp_path)
    first = runner.predict(weights, people, carried)
    assert began == [(), (1.0, 1.0, 1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 1.0, 1.0, 2.0)]

    again = runner.predict(weights, people, carried)
    assert len(began) == 3
    np.testing.assert_array_equal(first.points, again.points)

    several = PeopleRunner(PERCEPTUAL_WEIGHTS, PERSON_MASK, tmp_path, CPU, Ranks(0, 2))
    with pytest.raises(UserError, match="Start without torchrun"):
        several.predict(weights, people, carried)
