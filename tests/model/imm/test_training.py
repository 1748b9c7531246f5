"""IMM's learner: it learns, goes on exactly, and survives a batch that is not finite."""

from __future__ import annotations

import copy
import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from app.assets import PERCEPTUAL_WEIGHTS
from model.core.errors import UserError
from model.engine.batches import ExampleStream, Loader, MicroBatchPlan
from model.engine.run import Run, Schedule
from model.imm.data import ImmExamples, PairDrawer
from model.imm.loss import ImmPerceptualLoss, ImmSquaredLoss
from model.imm.networks import ImmSpec
from model.imm.training import ImmSettings, ImmStep, clip_each, make_loss
from tests.model.data.clips import make_data_set
from tests.model.imm.small import SmallFeatures, batch, small_network

SETTINGS = ImmSettings(steps=4, batch_size=4, learning_rate=0.02)


def learner(**changes: Any) -> ImmStep:
    settings = dataclasses.replace(SETTINGS, **changes)
    loss = ImmSquaredLoss() if settings.loss == "l2" else ImmPerceptualLoss(SmallFeatures())
    return ImmStep(small_network(), settings, loss)


def weights(trained: ImmStep) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trained.network.state_dict().items()}


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert not [name for name in a if not torch.equal(a[name], b[name])]


@pytest.mark.parametrize("loss", ["perceptual", "l2"])
def test_it_learns_to_tell_targets_of_one_source_by_their_points(loss: str) -> None:
    trained = learner(loss=loss)
    examples = batch()
    examples = examples._replace(source=examples.source[[0, 0, 0, 0]])
    first = trained.step([examples])["reconstruction"]
    # Half as many steps may or may not be enough, as rounding has it.
    for _ in range(240):
        last = trained.step([examples])["reconstruction"]
    assert last < 0.4 * first

    target, source = (torch.as_tensor(p).permute(0, 3, 1, 2).float() for p in examples[:2])

    def error(rebuilt: torch.Tensor) -> float:
        return float((rebuilt - target).square().mean())

    with torch.no_grad():
        right = error(trained.network(target, source).reconstruction)
        wrong = error(trained.network(target.roll(1, dims=0), source).reconstruction)
    blind = error(target.mean(dim=0))  # the best that one picture for all can do
    assert right < blind
    assert right < 0.5 * wrong


def test_the_losses_are_named_and_add_up() -> None:
    losses = learner(weight_decay=10.0).step([batch()])
    assert losses.keys() == {"total", "reconstruction", "weights"}
    assert losses["weights"] > 0
    assert losses["total"] == pytest.approx(losses["reconstruction"] + losses["weights"])


def test_weight_decay_pulls_on_the_weights() -> None:
    decayed, free = learner(weight_decay=1e6), learner(weight_decay=0.0)
    for _ in range(3):
        decayed.step([batch()])
        free.step([batch()])
    sizes = [x.network.pose_head.weight.norm() for x in (decayed, free)]
    assert sizes[0] < sizes[1]


def test_a_run_goes_on_to_the_same_bits() -> None:
    straight = learner()
    for number in range(4):
        straight.step([batch(seed=number)])
    stopped = learner()
    for number in range(2):
        stopped.step([batch(seed=number)])
    state = copy.deepcopy(stopped.state())
    resumed = learner()
    resumed.step([batch(seed=77)])  # what it did before does not matter
    resumed.load_state(state)
    assert resumed.done == 2
    for number in range(2, 4):
        resumed.step([batch(seed=number)])
    assert_same(weights(straight), weights(resumed))
    assert torch.equal(straight.state()["loss"]["means"], resumed.state()["loss"]["means"])


def test_the_state_holds_no_frozen_weights_and_can_be_loaded_safely(tmp_path: Path) -> None:
    trained = learner()
    trained.step([batch()])
    assert trained.state()["loss"].keys() == {"means", "started"}
    torch.save(trained.state(), tmp_path / "state.pt")
    learner().load_state(torch.load(tmp_path / "state.pt", weights_only=True))


def test_a_state_of_something_else_is_refused() -> None:
    state = learner().state()
    other = ImmStep(small_network(ImmSpec(4, 32, 4)), SETTINGS, ImmSquaredLoss())
    with pytest.raises(ValueError, match="another kind of loss"):
        other.load_state(state)
    other = ImmStep(small_network(ImmSpec(4, 32, 4)), SETTINGS, ImmPerceptualLoss(SmallFeatures()))
    with pytest.raises(RuntimeError, match="size mismatch"):
        other.load_state(state)


def test_a_batch_that_is_not_finite_changes_nothing_and_is_told() -> None:
    trained = learner()
    trained.step([batch()])
    before, means = weights(trained), trained.state()["loss"]["means"].clone()
    spoilt = batch()
    spoilt.mask[0, 0, 0] = math.nan
    assert math.isnan(trained.step([spoilt])["total"])
    assert_same(before, weights(trained))
    assert torch.equal(trained.state()["loss"]["means"], means)
    assert math.isfinite(trained.step([batch()])["total"])


def test_each_gradient_is_shortened_by_itself() -> None:
    long, short = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))
    unused = nn.Parameter(torch.zeros(2))
    long.grad, short.grad = torch.tensor([3.0, 4.0]), torch.tensor([0.3, 0.4])
    clip_each([long, unused, short], 1.0)
    torch.testing.assert_close(long.grad, torch.tensor([0.6, 0.8]))
    torch.testing.assert_close(short.grad, torch.tensor([0.3, 0.4]))


def test_the_rate_falls_in_steps() -> None:
    settings = ImmSettings()
    assert settings.learning_rate_at(99_999) == 1e-3
    assert settings.learning_rate_at(100_000) == pytest.approx(0.95e-3)
    assert settings.learning_rate_at(250_000) == pytest.approx(0.95**2 * 1e-3)
    trained = learner(decay_every=1, decay=0.5)
    for _ in range(3):
        trained.step([batch()])
    assert trained.state()["optimiser"]["param_groups"][0]["lr"] == 0.02 * 0.25


def test_half_precision_learns_too() -> None:
    trained = learner(precision="bfloat16")
    losses = [trained.step([batch()])["reconstruction"] for _ in range(15)]
    assert losses[-1] < losses[0]
    assert trained.network.pose_head.weight.dtype == torch.float32


def test_a_run_stops_and_goes_on(tmp_path: Path) -> None:
    examples = ImmExamples(make_data_set("d", [3, 1]), PairDrawer("video", 32))

    def run(folder: str, trained: ImmStep) -> Run:
        schedule = Schedule(steps=4, look_every=10, checkpoint_every=10)
        loader = Loader(ExampleStream(examples), MicroBatchPlan(4))
        return Run(trained, loader, schedule, tmp_path / folder, quiet=True)

    straight, stopped, resumed = learner(), learner(), learner()
    run("a", straight).run()
    assert run("b", stopped).run(until=2) == 2
    assert run("b", resumed).run(resume=True) == 4
    assert_same(weights(straight), weights(resumed))


def test_losses_are_made_as_asked_for() -> None:
    assert isinstance(make_loss(ImmSettings(loss="l2")), ImmSquaredLoss)
    loss = make_loss(ImmSettings(initial_means="published"), PERCEPTUAL_WEIGHTS)
    assert isinstance(loss, ImmPerceptualLoss)
    np.testing.assert_allclose(loss.means, [100.0, 1.6, 2.3, 1.8, 2.8, 100.0])
    assert loss.started
    with pytest.raises(UserError, match="no file was given"):
        make_loss(ImmSettings())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0), ("batch_size", 0), ("learning_rate", 0.0), ("decay", 1.5), ("clip", 0.0),
        ("weight_decay", -1.0), ("pairs", "both"), ("loss", "l1"), ("features", "vgg"),
        ("initial_means", "zero"), ("precision", "float16"), ("look_every", 0), ("seed", -1),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(UserError, match=name):
        ImmSettings(**{name: value})
