"""A long session: its scenes, what is scored of them, and who stays good in it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from main import main
from model import save
from model.adaptation import PersonalizationSettings, Personalizer, preset
from model.core.errors import UserError
from model.data.records import DataSet
from model.data.shards import read_shards
from model.evaluation.accuracy import predict_data_set
from model.evaluation.drift import (
    Drift,
    DriftReport,
    Intervention,
    Plan,
    SceneScore,
    measure_drift,
    session_of,
)
from tests.networks import small_network, small_perceptual_loss
from tests.shards import write_shard

_PLAN = Plan(hours=0.5, interval=60, scene_minutes=4)  # seven scenes of four frames


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    path = tmp_path_factory.mktemp("people") / "people.npz"
    return read_shards([write_shard(path, people=3, frames=5)], "people")


def test_a_plan_counts_its_scenes_and_frames() -> None:
    assert (_PLAN.scenes, _PLAN.frames) == (8, 4)
    assert (Plan().scenes, Plan().frames) == (60, 36)
    assert Plan(hours=0.01).scenes == 5  # one whole round
    for hours, interval in ((0.0, 20.0), (1.0, -1.0), (1.0, 1e9)):
        with pytest.raises(UserError):
            Plan(hours, interval)


def test_one_person_comes_back_and_the_others_take_turns(people: DataSet) -> None:
    scenes = session_of(people, replace(_PLAN, hours=1.0))
    kinds = [scene.kind for scene in scenes]
    assert kinds[:5] == ["moves", "sits still", "comes back", "light changes", "another comes"]
    assert kinds[5:10] == kinds[:5]
    main_person = scenes[0].person
    others = [scene.person for scene in scenes if scene.kind == "another comes"]
    assert {s.person for s in scenes if s.kind != "another comes"} == {main_person}
    assert len(set(others)) == 2 and main_person not in others
    assert all(len(scene.clip) == 4 for scene in scenes)
    assert len({scene.clip.person for scene in scenes}) == len(scenes)  # each is scored alone


def test_scenes_look_as_they_are_called(people: DataSet) -> None:
    scenes = {scene.kind: scene.clip for scene in session_of(people, replace(_PLAN, interval=20))}
    still, moving = scenes["sits still"], scenes["moves"]
    assert (still.joints == still.joints[0]).all() and (moving.joints != moving.joints[0]).any()
    first, later = (still.frames.read(k).astype(int) for k in (0, 5))
    assert 0 < np.abs(first - later).mean() < 6  # a sensor's noise, and no two are the same
    np.testing.assert_array_equal(first, still.frames.read(0))
    lit = scenes["light changes"]
    light = [float(lit.frames.read(k).mean()) for k in range(len(lit))]
    assert max(light) > 1.8 * min(light)
    assert "people" in lit.frames.describe(0)


def test_another_seed_is_another_session(people: DataSet) -> None:
    one, same, other = (
        [scene.clip.frames.read(0) for scene in session_of(people, replace(_PLAN, seed=seed))]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_one_person_is_no_session(people: DataSet) -> None:
    with pytest.raises(UserError, match="two people or more"):
        session_of(replace(people, clips=people.clips[:1]), _PLAN)


def _personalizer(network: object, settings: PersonalizationSettings) -> Personalizer:
    return Personalizer(network, small_perceptual_loss(), settings)  # type: ignore[arg-type]


def test_who_learns_nothing_gains_nothing_and_who_learns_too_fast_is_undone(
    people: DataSet,
) -> None:
    network = small_network()
    before = predict_data_set(network, people).points
    idle = PersonalizationSettings(
        batch_size=1, scope="last", learning_rate=1e-12, self_weight=0, consistency=1
    )
    wild = replace(
        preset("steady").settings,
        batch_size=1,
        scope="deconvolutions",
        learning_rate=0.05,
        whole_step_loss=0,
        iterations=1,
        neighbours=0,
    )
    plan = replace(_PLAN, hours=0.3, interval=40)  # one round, six frames a scene
    done: list[int] = []
    drifts = measure_drift(
        network,
        people,
        session_of(people, plan),
        plan,
        {name: partial(_personalizer, network, s) for name, s in (("idle", idle), ("wild", wild))},
        progress=done.append,
    )
    frames = plan.scenes * plan.frames
    assert sum(done) == 3 * frames
    calm, restless = drifts
    assert calm.gain() == pytest.approx(0) and calm.interventions == ()
    assert [score.hour for score in calm.scores] == pytest.approx(
        [k * 4 / 60 for k in range(plan.scenes)]
    )
    assert [s.without for s in calm.scores] == [s.without for s in restless.scores]
    assert restless.interventions
    for undone in restless.interventions:
        assert undone.personalized > undone.trained
        assert undone.scene == int(undone.hour * 60 / plan.scene_minutes + 1e-9)
    # The network is left as trained.
    np.testing.assert_array_equal(predict_data_set(network, people).points, before)


def _drift(gains: list[float]) -> Drift:
    scores = tuple(
        SceneScore(k, k / 4, "moves", "anne", 10, 50.0, 50.0 + gain) for k, gain in enumerate(gains)
    )
    undone = (Intervention(0.5, 2, 16, 1.0, 2.5),)
    return Drift("steady", PersonalizationSettings(), scores, undone)


def test_a_drift_is_told_in_thirds_scenes_and_interventions(tmp_path: Path) -> None:
    drift = _drift([1.0, 2.0, 0.0, 0.0, -1.0, -3.0])
    assert drift.gain() == pytest.approx(-1 / 6)
    assert drift.thirds() == pytest.approx((1.5, 0.0, -2.0))
    assert drift.worst.scene == 5
    report = DriftReport("w.safetensors", "people", _PLAN, (drift,))
    text = report.markdown()
    assert "| steady |" in text and "-2.00" in text and "-3.00" in text
    assert "- hour 0.50, scene 2, after 16 updates: 2.50 against 1.00 of the trained" in text
    report.write(tmp_path)
    rows = (tmp_path / "drift.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 7 and rows[6] == "steady,5,1.250,moves,anne,10,50.0000,47.0000"
    values = json.loads(json.dumps(report.as_json()))
    assert values["methods"]["steady"]["thirds"] == [1.5, 0.0, -2.0]
    assert values["methods"]["steady"]["interventions"][0]["scene"] == 2


def test_the_command_prints_one_object_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_shard(tmp_path / "people.npz", people=2, frames=3)
    save(tmp_path / "small.safetensors", small_network())
    arguments = [
        "evaluate",
        "drift",
        "--data",
        f"shards={tmp_path / 'people.npz'}",
        "--device",
        "cpu",
    ]
    arguments += ["--weights", str(tmp_path / "small.safetensors"), "--presets", "steady"]
    arguments += ["--hours", "0.1", "--scene", "2", "--interval", "60", "--json"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    values = json.loads(capsys.readouterr().out)
    assert list(values["methods"]) == ["steady"] and len(values["methods"]["steady"]["scenes"]) == 5
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == ["drift.csv", "drift.md", "drift.png"]
    assert main([*arguments, "--presets", "wild"]) == 2
    assert "wild" in capsys.readouterr().err
