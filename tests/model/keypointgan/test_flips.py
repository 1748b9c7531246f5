"""Left and right: what the offline regressor says decides, picture by picture."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from model.core.skeleton import PENN13, joint_set
from model.keypointgan import evaluation
from model.keypointgan.evaluation import corrected, drawn_points, find_points
from model.keypointgan.networks import KeypointGan, Translation
from tests.model.data.clips import make_data_set
from tests.model.keypointgan.tiny import poses, tiny_network

ORDER = PENN13.flip_order.tolist()
CELLS = 4


class Knows(nn.Module):
    """A regressor that finds given points (N, 13, 2), whatever it is shown: cells of a 4 x 4 map.

    ``cells`` (N, 13, 2) int, (column, row).
    """

    def __init__(self, cells: Tensor) -> None:
        super().__init__()
        self.shown: list[Tensor] = []
        n, k, _ = cells.shape
        self.maps = torch.zeros(n, k, CELLS, CELLS)
        number, joint = torch.meshgrid(torch.arange(n), torch.arange(k), indexing="ij")
        self.maps[number, joint, :, cells[..., 0]] = 200.0
        self.maps[number, joint, cells[..., 1]] += 200.0

    def forward(self, image: Tensor) -> Tensor:
        self.shown.append(image)
        return self.maps


def cells(seed: int, count: int = 2) -> Tensor:
    """Whole cells with left and right in different columns."""
    random = torch.Generator().manual_seed(seed)
    found = torch.randint(2, (count, 13, 2), generator=random)
    for pair in PENN13.flip_pairs:
        found[:, list(pair), 0] = torch.tensor([0, 3])
    return found


def points(of: Tensor) -> Tensor:
    """The middles of cells, in -1..1."""
    return 2 * of / (CELLS - 1) - 1


def told_by(offline: nn.Module) -> KeypointGan:
    network = tiny_network().eval()
    network.add_module("offline_regressor", offline)
    return network


def translation(found: Tensor) -> Translation:
    image = torch.zeros(len(found), 1, 32, 32)
    return Translation(image, found, image + 1)


def test_what_agrees_stays_and_what_is_mirrored_is_swapped() -> None:
    truth = cells(0)
    found = points(truth)
    found[1] = found[1, ORDER]
    offline = Knows(truth)
    result, swapped = corrected(told_by(offline), translation(found))
    assert swapped.tolist() == [False, True]
    torch.testing.assert_close(result, points(truth))
    assert len(offline.shown) == 1
    assert offline.shown[0].min() == 1, "it reads the skeleton that was drawn from the points"


def test_the_result_is_what_was_found_and_not_what_the_offline_regressor_says() -> None:
    truth = cells(1)
    near = points(truth) + 0.1 * poses(3, 2)
    for found in (near, near[:, ORDER]):
        result, _ = corrected(told_by(Knows(truth)), translation(found))
        torch.testing.assert_close(result, near)


def test_all_points_are_swapped_at_once() -> None:
    truth = cells(2, 1)
    found = points(truth)[:, ORDER]
    found[0, 1:3] = points(truth)[0, 1:3]  # the shoulders were the right way round
    result, swapped = corrected(told_by(Knows(truth)), translation(found))
    assert swapped.tolist() == [True]
    torch.testing.assert_close(result, found[:, ORDER])


@pytest.mark.parametrize(("used", "expected"), [([1, 2], False), ([0, 5, 6], True), (None, True)])
def test_the_used_points_decide(used: list[int] | None, expected: bool) -> None:
    truth = cells(2, 1)
    found = points(truth)[:, ORDER]
    found[0, 1:3] = points(truth)[0, 1:3]
    _, swapped = corrected(told_by(Knows(truth)), translation(found), used)
    assert swapped.tolist() == [expected]


def test_a_draw_stays_as_it_was() -> None:
    truth = cells(3, 1)
    found = points(truth)
    for left, right in PENN13.flip_pairs:
        found[:, left] = found[:, right]
    result, swapped = corrected(told_by(Knows(truth)), translation(found))
    assert swapped.tolist() == [False]
    torch.testing.assert_close(result, found)


def test_the_regressor_that_goes_on_learning_is_not_asked() -> None:
    truth = cells(4)
    network = told_by(Knows(truth))
    with torch.no_grad():
        for parameter in network.regressor.parameters():
            parameter.fill_(float("nan"))
    result, swapped = corrected(network, translation(points(truth)))
    assert not swapped.any() and torch.isfinite(result).all()


def test_the_points_that_decide_are_the_seventeen_drawn_ones() -> None:
    assert drawn_points(tiny_network(skeleton_name="h36m32")) == [
        1, 2, 3, 5, 6, 7, 8, 10, 11, 13, 15, 17, 18, 19, 25, 26, 27,
    ]  # fmt: skip


@pytest.mark.parametrize(("joints", "asked"), [("h36m32", True), ("faces68", False)])
def test_sides_are_exchanged_of_people_only(joints: str, asked: bool) -> None:
    """By the drawn points of people; what faces are is told by nobody."""
    network = tiny_network(skeleton_name=joints).eval()
    used: list[object] = []

    def noting(
        network: KeypointGan, translation: Translation, points: object = None
    ) -> tuple[Tensor, Tensor]:
        used.append(points)
        return translation.points, torch.zeros(len(translation.points), dtype=torch.bool)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "corrected", noting)
        people = make_data_set("people", [2], joint_set(joints))
        find_points(network, people)
    assert used == ([drawn_points(network)] if asked else [])
