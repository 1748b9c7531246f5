from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.data.records import DataSet
from model.data.shards import read_shards
from model.evaluation.accuracy import predict_data_set
from model.evaluation.gain import Gain, first_frames, measure_gain
from model.evaluation.personalized import personalize_people
from model.personalization import PersonalizationSettings, Personalizer
from tests.networks import small_network, small_perceptual_loss
from tests.shards import write_shard

SETTINGS = PersonalizationSettings(batch_size=1, learning_rate=1e-2)


@pytest.fixture
def people(tmp_path: Path) -> DataSet:
    return read_shards([write_shard(tmp_path / "people.npz", people=4, frames=2)], "people")


def test_first_frames_are_spread_over_the_people(people: DataSet) -> None:
    few = first_frames(people, people=2, frames=1)

    assert [clip.person for clip in few] == ["0", "2"]
    assert [len(clip) for clip in few] == [1, 1]
    np.testing.assert_array_equal(few.clips[1].joints, people.clips[2].joints[:1])
    assert first_frames(people, None, None).clips == people.clips


def test_first_frames_go_through_the_clips_of_a_person(people: DataSet) -> None:
    one = replace(people, clips=tuple(replace(clip, person="same") for clip in people))

    assert [len(clip) for clip in first_frames(one, None, 5)] == [2, 2, 1]


def test_online_updates_before_each_prediction_and_resets_between_people(people: DataSet) -> None:
    personalizer = Personalizer(small_network(), small_perceptual_loss(), SETTINGS)
    before = predict_data_set(personalizer.network, people)
    updates: list[int] = []

    whole = personalize_people(
        personalizer, people, "online", progress=lambda _: updates.append(personalizer.updates)
    )
    alone = personalize_people(personalizer, people.only({"0"}), "online")

    assert updates == [1, 2] * 4
    assert personalizer.updates == 0
    np.testing.assert_array_equal(whole.points[:2], alone.points)
    assert not np.allclose(whole.points[0], before.points[0])
    np.testing.assert_array_equal(whole.truth[:2], people.clips[0].joints)


def test_offline_learns_from_all_frames_before_the_first_prediction(people: DataSet) -> None:
    personalizer = Personalizer(small_network(), small_perceptual_loss(), SETTINGS)
    updates: list[int] = []

    found = personalize_people(
        personalizer,
        people.only({"1"}),
        "offline",
        progress=lambda _: updates.append(personalizer.updates),
    )

    assert updates == [1, 2]
    assert found.points.shape == (2, 13, 2)


def test_measuring_the_gain_leaves_the_network_alone(people: DataSet) -> None:
    network, perceptual = small_network(), small_perceptual_loss()
    weight, means = network.encoder.conv1.weight.clone(), perceptual.means.clone()
    few = first_frames(people, 2, 1)

    online, offline = measure_gain(network, perceptual, few, SETTINGS, ("online", "offline"))

    assert torch.equal(network.encoder.conv1.weight, weight)
    assert torch.equal(perceptual.means, means)
    assert online.none == offline.none == predict_data_set(network, few).score().mean
    assert (online.mode, offline.mode) == ("online", "offline")
    assert set(online.by_person) == {"0", "2"}


def test_a_gain_tells_who_was_harmed() -> None:
    gain = Gain("online", 60.0, 62.0, {"a": 5.0, "b": -0.5, "c": -0.6, "d": 4.1})

    assert gain.gain == 2.0 and gain.harmed == 0.25 and gain.worst == -0.6
    assert gain.over_people.mean == pytest.approx(2.0) and gain.over_people.people == 4
