"""Before and after in numbers that need no label."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.adaptation import PersonalizationSettings, Personalizer, PersonView
from model.adaptation.comparison import BURST, bursts_of, compare
from model.core.crop import SquareBox
from model.core.heatmaps import decode
from model.core.perceptual import PerceptualLoss
from model.ttp.prediction import crop_tensor, pose_in_image
from tests.networks import small_network, small_perceptual_loss


def _view(index: int) -> PersonView:
    rng = np.random.default_rng(index)
    image = rng.integers(0, 255, (90, 120, 3), dtype=np.uint8)
    return PersonView.of_frame(image, SquareBox(60 + index, 45, 80), index)


VIEWS = [_view(index) for index in (3, 4, 6, 19)]


@pytest.fixture
def perceptual() -> PerceptualLoss:
    return small_perceptual_loss()


def _personalizer(perceptual: PerceptualLoss, variant: str = "transformer") -> Personalizer:
    settings = PersonalizationSettings(batch_size=2, learning_rate=1e-3)
    return Personalizer(small_network(variant), perceptual, settings)  # type: ignore[arg-type]


def test_views_fall_into_runs_of_neighbours() -> None:
    views = [_view(index) for index in (0, 1, 2, 3, 7, 20)]
    runs = [[view.index for view in burst] for burst in bursts_of(views)]
    assert BURST == 3 and runs == [[0, 1, 2], [3, 7], [20]]
    assert bursts_of([]) == []


def test_the_trained_network_compared_with_itself_differs_in_nothing(
    perceptual: PerceptualLoss,
) -> None:
    found = compare(_personalizer(perceptual), VIEWS)
    assert found.views == tuple(VIEWS)
    # The second look finds features that the first one left, in float16.
    assert found.trained.mirror == pytest.approx(found.personalized.mirror, rel=0.02)
    assert found.trained.mirror > 0
    assert found.trained.jitter == pytest.approx(found.personalized.jitter, rel=0.02)
    assert found.trained.jitter is not None and found.trained.jitter > 0
    assert (found.trained.reconstruction, found.personalized.reconstruction) == (100, 100)
    np.testing.assert_allclose(found.trained.points, found.personalized.points, atol=1.5)
    assert found.trained.points.shape == (4, 13, 2) and found.trained.points.dtype == np.float32


def test_what_was_learnt_shows_and_nothing_is_changed_by_looking(
    perceptual: PerceptualLoss,
) -> None:
    personalizer = _personalizer(perceptual)
    for part in range(3):
        personalizer.update(personalizer.sampler(part).plain(VIEWS[:2], VIEWS[2:]))
    weights = {name: p.clone() for name, p in personalizer.network.state_dict().items()}
    means = perceptual.means.clone()
    found = compare(personalizer, VIEWS)
    assert found.personalized.reconstruction != found.trained.reconstruction == 100
    assert found.personalized.mirror != found.trained.mirror
    assert torch.equal(perceptual.means, means)
    for name, value in personalizer.network.state_dict().items():
        assert torch.equal(value, weights[name]), name
    again = compare(personalizer, VIEWS)
    assert again.personalized.reconstruction == found.personalized.reconstruction


def test_jitter_is_the_distance_from_the_way_in_percent_of_the_box(
    perceptual: PerceptualLoss,
) -> None:
    personalizer = _personalizer(perceptual)
    spec = personalizer.network.spec
    crops = [crop_tensor(view.image, view.box, spec) for view in VIEWS[:3]]
    output = personalizer.predict(torch.cat(crops))
    points = np.stack(
        [pose_in_image(output, view.box, place).keypoints for place, view in enumerate(VIEWS[:3])]
    )
    weight = np.maximum(decode(output.heatmaps)[1][1].numpy(), 1e-6)
    # Frame 4 is a third of the way from frame 3 to frame 6.
    away = np.hypot(*(points[1] - points[0] * 2 / 3 - points[2] / 3).T)
    expected = 100 / 80 * np.average(away, weights=weight)
    found = compare(personalizer, VIEWS)
    assert found.trained.jitter == pytest.approx(expected, rel=0.02)
    np.testing.assert_allclose(found.trained.points[:3], points, atol=1.5)
    assert compare(personalizer, VIEWS, VIEWS[2:]).trained.jitter is None


def test_a_network_that_rebuilds_nothing_tells_the_rest(perceptual: PerceptualLoss) -> None:
    found = compare(_personalizer(perceptual, "rotation"), VIEWS[:1])
    assert found.trained.reconstruction is None and found.trained.jitter is None
    assert found.trained.mirror >= 0
