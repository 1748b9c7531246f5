from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from model.adaptation import PersonalizationSettings, Personalizer
from model.core.errors import UserError
from model.core.motion import MotionFusion
from model.data.records import DataSet
from model.data.shards import read_shards
from model.evaluation.accuracy import Predictions, predict_data_set
from model.evaluation.personalized import Protocol, predict_people
from model.ttp.networks import PoseNetwork, PoseOutput
from model.ttp.trunk import Key
from tests.networks import small_network, small_perceptual_loss
from tests.shards import write_shard

SETTINGS = PersonalizationSettings(batch_size=1, learning_rate=1e-2)


class Run:
    """Goes through people and notes how many updates lay behind each prediction."""

    def __init__(self, **settings: object) -> None:
        self.network: PoseNetwork = small_network(backbone="movenet-lightning")
        self.settings = replace(SETTINGS, **settings)  # type: ignore[arg-type]
        self.personalizer = Personalizer(self.network, small_perceptual_loss(), self.settings)
        self.updates: list[int] = []
        self.done = 0
        predict = self.personalizer.predict

        def noting(crops: Tensor, keys: Sequence[Key], *, fresh: bool) -> PoseOutput:
            self.updates.extend([self.personalizer.updates] * len(crops))
            return predict(crops, keys, fresh=fresh)

        self.personalizer.predict = noting  # type: ignore[assignment,method-assign]

    def _hear(self, frames: int) -> None:
        self.done += frames

    def __call__(self, people: DataSet, mode: str, **protocol: object) -> Predictions:
        chosen = Protocol(mode, self.settings, **protocol)  # type: ignore[arg-type]
        self.updates.clear()
        self.done = 0
        return predict_people(self.network, self.personalizer, people, chosen, progress=self._hear)


@pytest.fixture
def people(tmp_path: Path) -> DataSet:
    return read_shards([write_shard(tmp_path / "people.npz", people=3, frames=2)], "people")


@pytest.fixture
def one(people: DataSet) -> DataSet:
    """One person with three clips of two frames."""
    return replace(people, clips=tuple(replace(clip, person="same") for clip in people))


def test_online_updates_before_each_prediction_and_resets_between_people(people: DataSet) -> None:
    run = Run()
    before = predict_data_set(run.network, people)

    whole = run(people, "online")

    assert run.updates == [1, 2] * 3
    assert run.personalizer.updates == 0
    np.testing.assert_array_equal(whole.truth[:2], people.clips[0].joints)
    np.testing.assert_array_equal(whole.points[:2], run(people.only({"0"}), "online").points)
    assert not np.allclose(whole.points[0], before.points[0])
    assert whole.order.tolist() == [0, 1] * 3
    assert list(whole.clips) == [clip.name for clip in people for _ in range(2)]


def test_offline_learns_from_all_frames_before_the_first_prediction(people: DataSet) -> None:
    run = Run(offline_updates_per_frame=2.0)
    found = run(people.only({"1"}), "offline")
    assert run.updates == [4, 4]
    assert found.points.shape == (2, 13, 2)


def test_without_personalization_it_is_what_the_network_predicts(people: DataSet) -> None:
    network = small_network()
    found = predict_people(network, None, people, Protocol())
    plain = predict_data_set(network, people)
    np.testing.assert_allclose(found.points, plain.points, atol=1e-4)
    np.testing.assert_array_equal(found.persons, plain.persons)


def test_the_clips_of_a_person_follow_each_other_or_stand_alone(one: DataSet) -> None:
    run = Run()
    assert run(one, "online").order.tolist() == [0, 1, 2, 3, 4, 5]
    assert run.updates == [1, 2, 3, 4, 5, 6]
    assert run(one, "online", unit="clip").order.tolist() == [0, 1] * 3
    assert run.updates == [1, 2] * 3


def test_every_so_many_predictions_start_anew(one: DataSet) -> None:
    run = Run(reset_every=4)
    run(one, "online")
    assert run.updates == [1, 2, 3, 4, 1, 2]


def test_a_cut_of_the_scene_starts_anew(one: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    cuts = iter([False, False, True, False, False, False])
    monkeypatch.setattr(
        "model.adaptation.adapter.SceneChange.changed", lambda self, image: next(cuts)
    )
    run = Run(reset_on_cut=True)
    run(one, "online")
    assert run.updates == [1, 2, 1, 2, 3, 4]


def test_only_the_first_frame_is_learnt_from(one: DataSet) -> None:
    run = Run()
    run(one, "online", first_frame_only=True)
    assert run.updates == [1] * 6
    # As in the released code: the first frame is one of those that are left out.
    run(one, "online", first_frame_only=True, downsample=2)
    assert run.updates == [0] * 3


def test_downsampling_counts_through_the_whole_data_set(people: DataSet) -> None:
    run = Run()
    found = run(people, "online", downsample=4)
    assert run.updates == [1]  # frames 3 and 7, 11, ... of six: the second person's second
    assert list(found.persons) == ["1"]
    np.testing.assert_array_equal(found.truth[0], people.clips[1].joints[1])
    with pytest.raises(UserError, match="downsample"):
        Protocol("offline", downsample=2)


def test_a_frame_that_cannot_be_read_is_named_and_left_out(people: DataSet) -> None:
    broken = people.clips[1].joints.copy()
    broken[0] = np.nan
    clips = (people.clips[0], replace(people.clips[1], joints=broken), people.clips[2])
    run = Run()
    for mode in ("none", "online", "offline"):
        found = run(replace(people, clips=clips), mode)
        assert len(found.points) == 5 and run.done == 6
        assert len(found.skipped) == 1 and people.clips[1].name in found.skipped[0]


def test_nothing_to_predict_is_an_error(people: DataSet) -> None:
    with pytest.raises(UserError, match="No frame of people"):
        Run()(people, "none", downsample=100)


def test_the_same_seed_gives_the_same_predictions_and_another_does_not(people: DataSet) -> None:
    run, two = Run(batch_size=2), people.only({"0", "1"})
    first = run(two, "online").points
    np.testing.assert_array_equal(first, run(two, "online").points)
    assert not np.array_equal(first, run(two, "online", seed=1).points)


def test_carried_learns_nothing_and_heeds_the_frames_before(
    people: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(carry=0.8)
    asked: list[tuple[int, ...]] = []
    fused = MotionFusion.fused

    def noting(
        self: MotionFusion, maps: Tensor, pictures: Sequence[object], indices: Sequence[int]
    ) -> Tensor:
        asked.append(tuple(indices))
        return fused(self, maps, pictures, indices)  # type: ignore[arg-type]

    monkeypatch.setattr(MotionFusion, "fused", noting)
    run(people, "carried")
    assert run.updates == [0] * 6
    assert asked == [(0, 1)] * 3  # person by person
    asked.clear()
    run(people, "online")
    assert asked == [(0,), (1,)] * 3
    asked.clear()
    Run(carry=0.0)(people, "carried")
    assert asked == []
