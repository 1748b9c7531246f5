from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from model.data.records import DataSet
from model.data.shards import read_shards
from model.evaluation.accuracy import chosen_frames, predict_data_set
from model.evaluation.online import personalize_online
from model.personalization import PersonalizationSettings, Personalizer
from model.training.probe import first_frames, keypoint_use, probe_gain, spread
from tests.networks import small_network, small_perceptual_loss
from tests.shards import write_shard


@pytest.fixture
def people(tmp_path: Path) -> DataSet:
    return read_shards([write_shard(tmp_path / "people.npz", people=4, frames=3)], "people")


def test_first_frames_are_spread_over_the_people(people: DataSet) -> None:
    few = first_frames(people, people=2, frames=2)

    assert [clip.person for clip in few] == ["0", "2"]
    assert [len(clip) for clip in few] == [2, 2]
    np.testing.assert_array_equal(few.clips[1].joints, people.clips[2].joints[:2])


def test_every_nth_frame_is_counted_through_the_whole_set(people: DataSet) -> None:
    rows = chosen_frames(people, 5)

    assert [(clip.person, frame) for clip, frame in rows] == [("0", 0), ("1", 2), ("3", 1)]


def test_predictions_come_back_in_image_pixels(people: DataSet) -> None:
    network = small_network()

    found = predict_data_set(network, people)

    assert found.points.shape == (12, 13, 2)
    assert set(found.by_person()) == {"0", "1", "2", "3"}
    # The crop is the inner 128 of 160 pixels.
    assert found.points.min() >= 16 - 2 and found.points.max() <= 144 + 2
    perfect = type(found)(
        found.joint_set, found.truth, found.truth, found.visible, found.persons
    ).score()
    assert perfect.mean == 100


def test_online_personalization_updates_before_each_prediction_and_resets_between_people(
    people: DataSet,
) -> None:
    settings = PersonalizationSettings(batch_size=2, learning_rate=1e-2)
    personalizer = Personalizer(small_network(), small_perceptual_loss(), settings)
    before = predict_data_set(personalizer.network, people)
    numbers: list[int] = []

    whole = personalize_online(
        personalizer, people, limit=2, progress=lambda _: numbers.append(personalizer.updates)
    )
    alone = personalize_online(personalizer, people.only({"0"}), limit=2)

    assert numbers == [1, 2] * 4
    assert personalizer.updates == 0
    np.testing.assert_array_equal(whole.points[:2], alone.points)
    assert not np.allclose(whole.points[0], before.points[0])
    np.testing.assert_array_equal(whole.truth[:2], people.clips[0].joints[:2])


def test_the_probe_leaves_the_network_alone(people: DataSet) -> None:
    network, perceptual = small_network(), small_perceptual_loss()
    weight, means = network.encoder.conv1.weight.clone(), perceptual.means.clone()

    found = probe_gain(
        network,
        perceptual,
        first_frames(people, 2, 2),
        PersonalizationSettings(batch_size=2, learning_rate=1e-2),
    )

    assert torch.equal(network.encoder.conv1.weight, weight)
    assert torch.equal(perceptual.means, means)
    assert found.gain == found.online - found.none
    assert found.worst == min(found.by_person.values()) and len(found.by_person) == 2
    assert 0 <= found.harmed <= 1


def test_keypoint_use_tells_a_renderer_that_copies_from_one_that_looks() -> None:
    network, loss = small_network(), small_perceptual_loss()
    target, source = torch.randn(2, 4, 3, 128, 128).unbind()
    with torch.no_grad():
        wanted = network.self_heatmaps(target)

    def look(maps: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """Right where the maps are the target's own."""
        right = (maps - wanted).abs().amax(dim=(1, 2, 3), keepdim=True) < 1e-3
        return torch.where(right, target, source)

    network.reconstruction.forward = look  # type: ignore[method-assign]
    own, foreign = keypoint_use(network, loss, target, source)
    assert own == 0 and foreign > 0
    network.reconstruction.forward = lambda maps, source: source  # type: ignore[method-assign]
    own, foreign = keypoint_use(network, loss, target, source)
    assert own == foreign > 0


def test_spread_is_zero_when_all_keypoints_have_collapsed() -> None:
    network = small_network()
    target = torch.randn(2, 3, 128, 128)

    assert spread(network, target) > 0
    with torch.no_grad():
        network.self_head.weight.zero_()
        network.self_head.bias.zero_()  # type: ignore[union-attr]
    assert spread(network, target) == pytest.approx(0, abs=1e-4)
