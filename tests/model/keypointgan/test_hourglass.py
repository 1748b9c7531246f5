"""The stacked hourglass: its layers, what it learns from pictures and joints, and its files."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.core.errors import UserError
from model.data.records import ABSENT
from model.keypointgan import hourglass, weights
from model.keypointgan.hourglass import (
    HourglassSettings,
    HourglassSpec,
    HourglassStep,
    LabelledExample,
    LabelledExamples,
    Residual,
    StackedHourglass,
)
from tests.model.data.clips import make_data_set
from tests.model.keypointgan.tiny import tiny_network

SPEC = HourglassSpec("joints-3", size=64, stacks=2, width=16)


def small(spec: HourglassSpec = SPEC) -> StackedHourglass:
    torch.manual_seed(0)
    return StackedHourglass(spec)


def batch(count: int = 4) -> LabelledExample:
    """Dark pictures with a red, a green and a blue disc, which are the joints."""
    rng = np.random.default_rng(0)
    joints = rng.uniform(12, 52, (count, 3, 2)).astype(np.float32)
    y, x = np.mgrid[:64, :64]
    pictures: NDArray[np.uint8] = np.full((count, 64, 64, 3), 20, np.uint8)
    for picture, places in zip(pictures, joints, strict=True):
        for colour, (left, top) in enumerate(places):
            picture[(x - left) ** 2 + (y - top) ** 2 < 20, colour] = 250
    parts = (pictures, joints, np.ones((count, 3), np.float32))
    return LabelledExample(*(torch.from_numpy(part) for part in parts))  # type: ignore[arg-type]


def test_the_layers_are_those_of_the_released_code() -> None:
    """Counted in its ``hg.lua`` and ``Residual.lua``, with MPII's 16 joints."""

    def convolution(inputs: int, outputs: int, side: int = 1) -> int:
        return inputs * outputs * side**2 + outputs

    def residual(inputs: int, outputs: int) -> int:
        half = outputs // 2
        skip = 0 if inputs == outputs else convolution(inputs, outputs)
        body = convolution(inputs, half) + convolution(half, half, 3) + convolution(half, outputs)
        return 2 * (inputs + half + half) + body + skip

    stem = convolution(3, 64, 7) + 2 * 64 + residual(64, 128) + residual(128, 128)
    stem += residual(128, 256)
    # Three at each of four sizes, one in the middle, one at the end; then a linear layer.
    stack = 14 * residual(256, 256) + convolution(256, 256) + 2 * 256 + convolution(256, 16)
    back = convolution(256, 256) + convolution(16, 256)
    spec = HourglassSpec("joints-16")
    assert (spec.size, spec.stacks, spec.width) == (256, 8, 256)
    with torch.device("meta"):
        network = StackedHourglass(spec)
    assert sum(p.numel() for p in network.parameters()) == stem + 8 * stack + 7 * back
    assert sum(isinstance(each, Residual) for each in network.modules()) == 3 + 8 * 14


def test_every_hourglass_has_a_map_for_each_joint() -> None:
    found = small()(torch.zeros(2, 3, 64, 64))
    assert [each.shape for each in found] == [(2, 3, 16, 16)] * 2


def test_it_learns_joints_and_says_where_they_are() -> None:
    examples = batch()
    step = HourglassStep(small(), HourglassSettings(learning_rate=2e-3))
    first = step.step([examples])
    assert first["total"] > first["last"] > 0
    for _ in range(60):
        last = step.step([examples])
    assert last["last"] < 0.3 * first["last"]
    with step.averaged():
        points = hourglass.read(step.network, np.asarray(examples.picture))
    pixels = (points + 1) * 32
    distance = np.linalg.norm(pixels - np.asarray(examples.joints), axis=-1)
    assert distance.mean() < 2, "half a cell of four pixels"


def test_joints_that_are_not_marked_are_not_learnt() -> None:
    examples = batch()
    weights = torch.tensor([[1.0, 0.0, 1.0]]).expand(4, 3)
    moved = torch.as_tensor(examples.joints) + torch.tensor([[0.0], [20.0], [0.0]])
    states = []
    for joints in (examples.joints, moved):
        step = HourglassStep(small(), HourglassSettings())
        step.step([examples._replace(joints=joints, weights=weights)])  # type: ignore[arg-type]
        states.append(step.network.state_dict())
    for name, value in states[0].items():
        assert torch.equal(states[1][name], value), name


def test_a_step_that_is_not_finite_changes_nothing() -> None:
    step = HourglassStep(small(), HourglassSettings())
    before = copy.deepcopy(step.network.state_dict())
    examples = batch()
    broken = torch.as_tensor(examples.joints) * math.nan
    losses = step.step([examples._replace(joints=broken)])  # type: ignore[arg-type]
    assert math.isnan(losses["total"])
    for name, value in step.network.state_dict().items():
        assert name.endswith("_tracked") or torch.equal(before[name], value), name


def test_the_learning_rate_falls_once_if_asked_to() -> None:
    settings = HourglassSettings(drop_at=3)
    assert [settings.learning_rate_at(step) for step in (0, 2, 3, 9)] == [2.5e-4] * 2 + [5e-5] * 2
    assert HourglassSettings().learning_rate_at(10**9) == 2.5e-4


def test_examples_are_of_the_networks_size_with_joints_in_it() -> None:
    people = make_data_set("people", [3])
    people.clips[0].visible[:, 2] = ABSENT
    examples = LabelledExamples(people, 64)
    drawn = [examples.draw(np.random.default_rng(seed)) for seed in range(20)]
    assert {example.picture.shape for example in drawn} == {(64, 64, 3)}
    assert all(example.weights.sum() == len(people.joint_set) - 1 for example in drawn)
    # Mirrored ones have the other side's joint unmarked.
    assert len({tuple(example.weights) for example in drawn}) == 2


def test_a_file_gives_the_network_back_and_another_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "hourglass.safetensors"
    hourglass.save(path, small(), {"steps": "0"})
    network = hourglass.load(path)
    assert network.spec == SPEC and not network.training
    images = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(network(images)[-1], small().eval()(images)[-1])
    weights.save(tmp_path / "gan.safetensors", tiny_network())
    with pytest.raises(UserError, match=r"holds no stacked hourglass. Train one"):
        hourglass.load(tmp_path / "gan.safetensors")


@pytest.mark.parametrize(
    ("changes", "part"),
    [({"size": 96}, "size was 96"), ({"stacks": 0}, "stacks was 0"), ({"width": 12}, "width was")],
)
def test_networks_that_cannot_be_are_a_sentence(changes: dict[str, int], part: str) -> None:
    with pytest.raises(UserError, match=part):
        HourglassSpec("penn13", **changes)
