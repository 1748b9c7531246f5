"""What the teacher says of a frame, alone and with the frames around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from model.adaptation import PersonalizationSettings, PersonView, SourceMemory
from model.adaptation.memory import PairSampler
from model.adaptation.tasks import Teacher
from model.core.crop import SquareBox, answers_both_ways, crop_matrix, to_tensor
from model.core.heatmaps import decode
from model.core.motion import Carrier, grey
from model.core.skeleton import PENN13
from model.ttp.networks import PoseNetwork
from tests.networks import small_network


class Asked:
    """A teacher of a small network, and how many pictures it was shown each time."""

    def __init__(self, *, fixed: bool = True) -> None:
        self.network: PoseNetwork = small_network()
        self.counts: list[int] = []
        self.teacher = Teacher(self._ask, self.network.spec, fixed=fixed)

    @torch.no_grad()
    def _ask(self, images: Tensor, keys: Sequence[object]) -> Tensor:
        self.counts.append(len(images))
        return self.network.pose(images).heatmaps


def _view(index: int) -> PersonView:
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    return PersonView.of_frame(np.roll(noise, 2 * index, axis=1), SquareBox(80, 60, 100), index)


def _crop(view: PersonView) -> Tensor:
    return to_tensor([view.crop(crop_matrix(view.box), 128)])


def test_neighbours_are_added_where_they_are_trusted() -> None:
    asked = Asked()
    views = [_view(index) for index in (3, 4, 5)]
    points, confidence = asked.teacher.teach(_crop(views[1]), (4,), [(views[0], views[2])])

    with torch.no_grad():
        crop, order = _crop(views[1]), PENN13.flip_order
        both = answers_both_ways(lambda images: small_network().pose(images).heatmaps, crop, order)
        own = torch.stack(both).mean(dim=0)[0]
        maps = [small_network().pose(_crop(view)).heatmaps[0].half() for view in views]
    seen = [grey(view.crop(crop_matrix(view.box), 128)) for view in views]
    total, weight = own, torch.ones(32, 32)
    for other in (0, 2):
        carried, trust = Carrier().carried(maps[other], seen[other], seen[1])
        total, weight = total + 0.9 * trust * carried, weight + 0.9 * trust
    expected, sure = decode((total / weight)[None])
    torch.testing.assert_close(points, expected, atol=1e-2, rtol=0)
    torch.testing.assert_close(confidence, sure, atol=1e-3, rtol=0)


def test_a_fixed_teacher_is_asked_once_of_each_frame() -> None:
    asked = Asked()
    views = [_view(index) for index in range(4)]
    for _ in range(2):
        asked.teacher.teach(_crop(views[1]), (1,), [(views[0], views[2])])
        assert asked.counts == [2, 2]  # the frame both ways, and its neighbours as they are
    asked.teacher.teach(_crop(views[2]), (2,), [(views[1], views[3])])
    assert asked.counts == [2, 2, 2, 2]  # frames 1 and 3 had not been neighbours
    asked.teacher.teach(_crop(views[1]), (1,), [(views[0], views[2], views[3])])
    assert asked.counts == [2, 2, 2, 2, 2]  # with a neighbour more, whose answer is known
    asked.teacher.forget()
    asked.teacher.teach(_crop(views[1]), (1,), [(views[0], views[2])])
    assert asked.counts[5:] == [2, 2]


def test_an_answer_is_mended_when_later_frames_have_come() -> None:
    asked = Asked()
    views = [_view(index) for index in range(3)]
    alone, _ = asked.teacher.teach(_crop(views[1]), (1,), [()])
    past, _ = asked.teacher.teach(_crop(views[1]), (1,), [(views[0],)])
    both, _ = asked.teacher.teach(_crop(views[1]), (1,), [(views[0], views[2])])
    assert not torch.equal(alone, past) and not torch.equal(past, both)
    fewer, _ = asked.teacher.teach(_crop(views[1]), (1,), [(views[0],)])  # one was forgotten
    assert torch.equal(fewer, both)


def test_a_teacher_that_moves_along_is_asked_each_time() -> None:
    asked = Asked(fixed=False)
    views = [_view(index) for index in range(3)]
    for _ in range(2):
        asked.teacher.teach(_crop(views[1]), (1,), [(views[0], views[2])])
    assert asked.counts == [2, 2, 2, 2]


def test_frames_of_a_batch_share_their_neighbours() -> None:
    asked = Asked()
    views = [_view(index) for index in range(3)]
    crops = torch.cat([_crop(views[1]), _crop(views[2])])
    points, confidence = asked.teacher.teach(crops, (1, 2), [(views[0], views[2]), (views[1],)])
    assert asked.counts == [4, 3]
    assert points.shape == (2, 13, 2) and confidence.shape == (2, 13)
    again, _ = Asked().teacher.teach(_crop(views[2]), (2,), [(views[1],)])
    torch.testing.assert_close(points[1:], again, atol=1e-2, rtol=0)


@pytest.mark.parametrize(("reach", "expected"), [(0, []), (1, [4, 6]), (3, [2, 3, 4, 6, 7])])
def test_memory_knows_what_is_around_a_frame(reach: int, expected: list[int]) -> None:
    memory = SourceMemory(hold_every=9)  # frame 8 is held out
    for index in range(10):
        memory.add(_view(index))
    assert [view.index for view in memory.around(5, reach)] == expected


def test_pairs_bring_the_neighbours_that_the_settings_ask_for() -> None:
    memory = SourceMemory()
    for index in range(6):
        memory.add(_view(index))
    network = small_network()
    for reach in (0, 2):
        settings = PersonalizationSettings(consistency=1.0, self_weight=0.0, neighbours=reach)
        pairs = PairSampler(settings, network.spec).online(_view(5), memory, 3)
        if not reach:
            assert pairs.neighbours == ()
            continue
        assert [view.index for view in pairs.neighbours[0]] == [3, 4]
        parts = [part.neighbours for part in pairs.split(2)]
        assert [len(part) for part in parts] == [2, 1]
