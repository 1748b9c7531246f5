"""The skeleton image, against its formula written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from torch import Tensor

from model.core.skeleton import JointSet
from model.keypointgan.rendering import SKELETONS, Skeleton, draw_skeletons, skeleton_of

NAMES = sorted(SKELETONS)
PENN = SKELETONS["penn13"]
# Published as "simple2", 0-based joints of Human3.6M.
SIMPLE2 = (
    (1, 11), (2, 1), (3, 2), (5, 3), (6, 11), (7, 6), (8, 7), (10, 8), (13, 11), (15, 13),
    (17, 13), (18, 17), (19, 18), (25, 13), (26, 25), (27, 26),
)  # fmt: skip


def slowly(points: Tensor, skeleton: Skeleton, size: int, sigma: float = 0.2) -> Tensor:
    """Method 2.4 limb by limb, in float64."""
    points = points.double()
    axis = torch.linspace(-1, 1, size, dtype=torch.float64)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    m = torch.stack([x, y], dim=-1)  # S, S, 2
    images = []
    for pose in points:
        limbs = []
        for ends in skeleton.limbs:
            a, b = (sum(pose[i] for i in group) / len(group) for group in ends)
            ab = b - a
            t = ((m - a) @ ab / ab.square().sum().clamp_min(1e-6)).clamp(0, 1)
            q = a + t.unsqueeze(-1) * ab
            d = ((m - q).square().sum(dim=-1) + 1e-6).sqrt()
            limbs.append(torch.exp(-d / sigma**2))
        images.append(2 * torch.stack(limbs).amax(dim=0) - 1)
    return torch.stack(images).unsqueeze(1)


def one_limb(*limbs: tuple[tuple[int, ...], tuple[int, ...]], points: int = 4) -> Skeleton:
    names = tuple(f"point {i}" for i in range(points))
    return Skeleton(JointSet("some", names, (), ()), limbs)


def random_points(name: str, seed: int, reach: float = 1.0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    shape = (2, len(SKELETONS[name]), 2)
    return (torch.rand(shape, generator=random, dtype=torch.float64) * 2 - 1) * reach


def poses_of(name: str, reach: float) -> st.SearchStrategy[NDArray[np.float32]]:
    # Hypothesis likes to repeat values: whole limbs of no length are among these.
    place = st.floats(-reach, reach, width=32)
    return arrays(np.float32, (1, len(SKELETONS[name]), 2), elements=place)


# Points far outside lose digits: in single precision the error grows with them.
@pytest.mark.parametrize(("reach", "tolerance"), [(1.0, 1e-5), (1.5, 2e-5)])
@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_formula(name: str, reach: float, tolerance: float) -> None:
    @settings(max_examples=5, deadline=None)
    @given(poses_of(name, reach))
    def check(pose: NDArray[np.float32]) -> None:
        points = torch.from_numpy(pose)
        wanted = slowly(points, SKELETONS[name], 128)
        drawn = draw_skeletons(points, SKELETONS[name])
        assert drawn.dtype == torch.float32 and drawn.shape == (1, 1, 128, 128)
        torch.testing.assert_close(drawn.double(), wanted, atol=tolerance, rtol=0)
        exact = draw_skeletons(points.double(), SKELETONS[name])
        torch.testing.assert_close(exact, wanted, atol=1e-10, rtol=0)

    check()


@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_formula_for_scattered_points(name: str) -> None:
    points = random_points(name, 1).float()
    found = draw_skeletons(points, SKELETONS[name])
    wanted = slowly(points, SKELETONS[name], 128)
    torch.testing.assert_close(found.double(), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_its_gradient_is_that_of_finite_differences(name: str) -> None:
    points = random_points(name, 2, 1.1)[:1].requires_grad_()
    assert torch.autograd.gradcheck(
        lambda p: draw_skeletons(p, SKELETONS[name], 6, 0.5), (points,), fast_mode=False
    )


@pytest.mark.parametrize("name", NAMES)
def test_its_gradient_is_the_formulas(name: str) -> None:
    points = random_points(name, 3)
    points[1, 1:4] = points[1, 0]  # limbs of no length, which share their pixels' gradient
    weights = torch.rand(2, 1, 24, 24, generator=torch.Generator().manual_seed(4)).double()
    gradients = []
    for draw in (draw_skeletons, slowly):
        leaf = points.clone().requires_grad_()
        (draw(leaf, SKELETONS[name], 24) * weights).sum().backward()
        assert leaf.grad is not None
        leaf.grad[1, :4] = leaf.grad[1, :4].sum(dim=0)
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients, atol=1e-9, rtol=1e-9)
    assert gradients[0].abs().max() > 0.1


def test_only_points_of_limbs_get_a_gradient() -> None:
    points = random_points("h36m32", 5).requires_grad_()
    draw_skeletons(points, SKELETONS["h36m32"]).sum().backward()
    assert points.grad is not None
    moved = points.grad.abs().sum(dim=(0, 2)).nonzero().flatten().tolist()
    assert moved == sorted({i for limb in SIMPLE2 for i in limb})
    assert len(moved) == 17


def test_no_gradient_is_computed_for_points_that_want_none() -> None:
    assert not draw_skeletons(random_points("cat7", 6), SKELETONS["cat7"]).requires_grad


def test_human36m_has_the_published_limbs() -> None:
    assert SKELETONS["h36m32"].limbs == tuple(((a,), (b,)) for a, b in SIMPLE2)


def test_the_nearest_limb_of_a_pixel_is_seen() -> None:
    points = random_points("penn13", 7).float()
    alone = [draw_skeletons(points, one_limb(limb, points=13)) for limb in PENN.limbs]
    together = draw_skeletons(points, PENN)
    torch.testing.assert_close(together, torch.stack(alone).amax(dim=0), atol=1e-6, rtol=0)


def test_the_order_of_the_limbs_does_not_matter() -> None:
    points = random_points("penn13", 8).float()
    turned = Skeleton(PENN.joint_set, tuple((b, a) for a, b in reversed(PENN.limbs)))
    found, wanted = draw_skeletons(points, turned), draw_skeletons(points, PENN)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)


def test_the_head_hangs_from_the_middle_of_the_shoulders() -> None:
    points = torch.full((2, 13, 2), 0.9)  # whatever is not looked at lies in a corner
    points[:, 0] = torch.tensor([0.0, -0.8])
    for pose, (left, right) in zip(points, ((0.3, -0.3), (0.6, -0.6)), strict=True):
        pose[1] = torch.tensor([left, 0.2])
        pose[2] = torch.tensor([right, 0.2])
    first, second = PENN.ends(points)
    assert torch.equal(first[:, 0], points[:, 0])
    torch.testing.assert_close(second[:, 0], torch.tensor([[0.0, 0.2]] * 2))
    # 129 pixels: the middle column lies on x = 0, and the limb along it.
    column = draw_skeletons(points, PENN, 129)[:, 0, :, 64]
    assert (column[:, 13:77] > 0.9).all()  # y from -0.8 to 0.2
    assert (column[:, :7] < 0).all()


def test_points_are_x_and_y_between_the_centres_of_the_outermost_pixels() -> None:
    points = torch.tensor([[[1.0, -1.0], [1.0, -1.0], [-1.0, 0.0], [-1.0, 0.0]]])
    drawn = draw_skeletons(points, one_limb(((0,), (1,)), ((2,), (3,))), 65)[0, 0]
    brightest = 2 * math.exp(-0.001 / 0.2**2) - 1
    assert drawn.max().item() == pytest.approx(brightest, abs=1e-5)
    peaks = (drawn > brightest - 1e-3).nonzero().tolist()
    assert peaks == [[0, 64], [32, 0]]  # rows, columns


def test_it_falls_from_nearly_one_to_minus_one() -> None:
    points = torch.tensor([[[-1.0, -1.0], [1.0, -1.0]]])
    drawn = draw_skeletons(points, one_limb(((0,), (1,)), points=2))[0, 0, :, 64]
    assert -1 <= drawn.min() < -0.999999 and 0.94 < drawn.max() < 1
    assert (drawn.diff() <= 0).all()
    # The first power of the distance: it is 1/e of its height after sigma squared.
    step = 2 / 127
    ratios = (drawn[2:10] + 1) / (drawn[1:9] + 1)
    torch.testing.assert_close(ratios, torch.full((8,), math.exp(-step / 0.04)), atol=2e-3, rtol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_drawn_in_full(dtype: torch.dtype) -> None:
    points = random_points("cat7", 9).to(dtype)
    drawn = draw_skeletons(points, SKELETONS["cat7"])
    assert torch.equal(drawn, draw_skeletons(points.float(), SKELETONS["cat7"]))


def test_far_away_points_leave_the_picture_dark() -> None:
    drawn = draw_skeletons(torch.full((1, 7, 2), 50.0), SKELETONS["cat7"])
    assert torch.equal(drawn, torch.full_like(drawn, -1))


def test_a_limb_needs_points_that_are_there() -> None:
    for wrong in ((((4,), (0,)),), (((), (0,)),), (((-1,), (0,)),)):
        with pytest.raises(ValueError, match="a limb of some ends in"):
            one_limb(*wrong)


def test_skeletons_go_by_the_name_of_their_joint_set() -> None:
    for name, skeleton in SKELETONS.items():
        assert skeleton_of(name) is skeleton and skeleton.joint_set.name == name
