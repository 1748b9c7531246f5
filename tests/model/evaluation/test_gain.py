from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.adaptation import PersonalizationSettings
from model.core.errors import UserError
from model.data.records import DataSet
from model.data.shards import read_shards
from model.evaluation.accuracy import predict_data_set
from model.evaluation.gain import Gain, compared, first_frames, measure_gain, with_unlabelled
from tests.networks import small_network, small_perceptual_loss
from tests.shards import write_shard

SETTINGS = PersonalizationSettings(batch_size=1, learning_rate=1e-2)


@pytest.fixture
def people(tmp_path: Path) -> DataSet:
    return read_shards([write_shard(tmp_path / "people.npz", people=4, frames=2)], "people")


def test_all_frames_of_all_people_stay_in_their_order(people: DataSet) -> None:
    """Else every N-th frame would be another one."""
    mixed = replace(people, clips=(*people.clips, *people.clips))

    assert first_frames(mixed, None, None).clips == mixed.clips
    assert [clip.person for clip in first_frames(mixed, None, 9)][:2] == ["0", "0"]


def test_first_frames_are_spread_over_the_people(people: DataSet) -> None:
    few = first_frames(people, people=2, frames=1)

    assert [clip.person for clip in few] == ["0", "2"]
    assert [len(clip) for clip in few] == [1, 1]
    np.testing.assert_array_equal(few.clips[1].joints, people.clips[2].joints[:1])
    assert first_frames(people, None, None).clips == people.clips


def test_first_frames_go_through_the_clips_of_a_person(people: DataSet) -> None:
    one = replace(people, clips=tuple(replace(clip, person="same") for clip in people))

    assert [len(clip) for clip in first_frames(one, None, 5)] == [2, 2, 1]


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
    assert gain.oracle == pytest.approx((5.0 + 4.1) / 4)


def test_a_gain_over_seeds_is_the_mean_of_the_seeds(people: DataSet) -> None:
    before = predict_data_set(small_network(), people)
    right = replace(before, points=before.truth)
    wrong = replace(before, points=before.truth + 1000)

    gain = compared("online", replace(before, points=before.truth), [right, wrong])

    assert (gain.none, gain.personalized) == (100.0, 50.0)
    assert gain.by_person == dict.fromkeys("0123", -50.0)


def test_unlabelled_frames_come_first_and_are_never_scored(people: DataSet) -> None:
    labelled = replace(people.only({"0", "1"}), clips=people.clips[:2])
    more = replace(people, clips=tuple(replace(c, name=f"{c.name}, more") for c in people))

    together = with_unlabelled(labelled, more)

    assert [clip.person for clip in together] == ["0", "0", "1", "1"]
    assert [bool(clip.visible.any()) for clip in together] == [False, True, False, True]
    assert together.clips[1] is labelled.clips[0]
    with pytest.raises(UserError, match="no other clips of the people"):
        with_unlabelled(labelled, labelled)
