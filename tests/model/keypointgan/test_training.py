"""One training step, phase by phase, against the method written out."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from model.keypointgan.data import PosePrior
from model.keypointgan.losses import RatioPerceptualLoss
from model.keypointgan.networks import KeypointGan, to_unit
from model.keypointgan.settings import VARIANTS, KeypointGanSettings
from model.keypointgan.training import KeypointGanStep, PoseExample, PoseExamples, RegressorStep
from tests.model.keypointgan.tiny import (
    batch,
    parts_that_differ,
    poses,
    tensors_of,
    tiny_network,
    tiny_perceptual,
)

SETTINGS: dict[str, Any] = {"batch_size": 4, "pool": 6}
GENERATORS = ("G_A", "G_B")


def learner_of(network: KeypointGan | None = None, **changes: Any) -> KeypointGanStep:
    settings = KeypointGanSettings(**{**SETTINGS, **changes})
    return KeypointGanStep(network or tiny_network(), settings, tiny_perceptual())


@dataclass
class Phase:
    """What one optimiser step found and did: clipped gradients by name, and parts it changed."""

    gradients: dict[str, Tensor]
    changed: set[str] = field(default_factory=set)

    @property
    def norm(self) -> float:
        return float(torch.stack([g.square().sum() for g in self.gradients.values()]).sum().sqrt())

    def reaches(self, part: str) -> bool:
        """Whether some gradient of the part is not zero."""
        return any(
            bool(g.abs().max() > 0)
            for name, g in self.gradients.items()
            if name.startswith(f"{part}.")
        )


@contextmanager
def watched(network: KeypointGan) -> Iterator[list[Phase]]:
    """The optimiser steps that are taken meanwhile; between them no parameter may change."""
    phases: list[Phase] = []
    last = [_parameters(network)]

    def before(*_: object) -> None:
        assert not parts_that_differ(last[0], _parameters(network))
        named = network.named_parameters()
        phases.append(Phase({name: p.grad.clone() for name, p in named if p.grad is not None}))

    def after(*_: object) -> None:
        now = _parameters(network)
        phases[-1].changed = parts_that_differ(last[0], now)
        last[0] = now

    hooks = register_optimizer_step_pre_hook(before), register_optimizer_step_post_hook(after)
    try:
        yield phases
    finally:
        for hook in hooks:
            hook.remove()


def _parameters(network: KeypointGan) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in network.named_parameters()}


# The regressor's own training


def test_the_regressor_learns_to_find_points_and_nothing_else_changes() -> None:
    network = tiny_network()
    before = tensors_of(network)
    learner = RegressorStep(network, KeypointGanSettings(learning_rate=3e-3))
    losses = [learner.step([PoseExample(poses(n % 4, 8))])["regressor"] for n in range(60)]
    assert parts_that_differ(before, tensors_of(network)) == {"regressor"}
    assert np.mean(losses[-4:]) < 0.6 * np.mean(losses[:4])


def test_its_loss_is_the_squared_error_of_the_points_of_a_drawn_skeleton() -> None:
    network = tiny_network()
    pose = poses(1)
    with torch.no_grad():
        wanted = (network.locate(network.draw(pose)) - pose).square().mean()
    found = RegressorStep(network, KeypointGanSettings()).step([PoseExample(pose)])
    assert found == {"regressor": pytest.approx(wanted.item(), rel=1e-5)}


def test_the_regressors_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    settings = KeypointGanSettings(learning_rate=3e-3)
    whole = RegressorStep(tiny_network(), settings)
    wanted = [whole.step([PoseExample(poses(n))]) for n in range(6)]
    first = RegressorStep(tiny_network(), settings)
    for n in range(3):
        first.step([PoseExample(poses(n))])
    torch.save(first.state(), tmp_path / "state.pt")
    second = RegressorStep(KeypointGan(whole.network.spec), settings)
    second.load_state(torch.load(tmp_path / "state.pt", weights_only=True))
    assert [second.step([PoseExample(poses(n))]) for n in range(3, 6)] == wanted[3:]
    for name, value in whole.network.regressor.state_dict().items():
        assert torch.equal(value, second.network.regressor.state_dict()[name])


def test_poses_to_learn_from_are_the_priors() -> None:
    prior = PosePrior(poses(1, 3).numpy(), "three")
    rng = np.random.default_rng(0)
    drawn = [PoseExamples(prior).draw(rng).pose for _ in range(60)]
    assert {np.asarray(p).tobytes() for p in drawn} == {p.tobytes() for p in prior.points}


def test_the_offline_regressor_is_the_pretrained_one_and_stays() -> None:
    network = tiny_network()
    pretraining = RegressorStep(network, KeypointGanSettings(learning_rate=3e-3))
    for n in range(3):
        pretraining.step([PoseExample(poses(n))])
    network.keep_regressor()
    kept = {name: value.clone() for name, value in network.regressor.state_dict().items()}
    learner = learner_of(network)
    for n in range(2):
        learner.step([batch(n)])
    for name, value in network.offline_regressor.state_dict().items():
        assert torch.equal(value, kept[name])
        assert not torch.equal(value, network.regressor.state_dict()[name])
    assert not any(p.requires_grad for p in network.offline_regressor.parameters())


# The phases of a step


def test_each_phase_changes_its_own_networks() -> None:
    learner = learner_of()
    for n in range(2):
        with watched(learner.network) as phases:
            learner.step([batch(n)])
        assert [phase.changed for phase in phases] == [set(GENERATORS), {"D_A"}, {"regressor"}]
        assert all(phase.norm > 0 for phase in phases)


def test_judges_are_frozen_while_generators_learn_and_free_again_afterwards() -> None:
    learner = learner_of()
    with watched(learner.network) as phases:
        learner.step([batch(0)])
    generators, discriminators, _ = phases
    assert {name.partition(".")[0] for name in generators.gradients} == set(GENERATORS)
    # The second phase adds nothing to what the first left on the generators.
    for name, gradient in generators.gradients.items():
        assert torch.equal(discriminators.gradients[name], gradient)
    for name, parameter in learner.network.named_parameters():
        assert parameter.requires_grad != name.startswith("offline_regressor.")


@pytest.mark.parametrize("variant", ["keypointgan", "cyclegan", "bottleneck"])
def test_gradients_are_those_of_the_method(variant: str) -> None:
    """Method 2.6 for one batch, all of it from the networks as they were before the step."""
    spec = VARIANTS[variant][1]
    clip = 1e6  # nothing is cut off
    learner = learner_of(tiny_network(**spec), clip=clip)
    network = copy.deepcopy(learner.network)
    pictures = batch(3)
    x, c = (to_unit(p.permute(0, 3, 1, 2)) for p in (pictures.target, pictures.condition))

    real = network.draw(pictures.pose)
    y = network.G_A(x)
    points = network.locate(y)
    seen = network.draw(points) if spec["bottleneck"] else y
    rebuilt = network.G_B(seen, c)
    errors = tiny_perceptual().errors(rebuilt, x)
    adversarial = 10 * (network.D_A(y)[0] - 1).square().mean()
    reconstruction = 10 * (errors / errors.detach()).mean()
    wanted = {"adversarial": adversarial, "reconstruction": reconstruction}
    if spec["second_cycle"]:
        made = network.G_B(real, c)
        wanted["image adversarial"] = (network.D_B(made)[0] - 1).square().mean()
        wanted["skeleton cycle"] = 10 * (network.G_A(made) - real).abs().mean()
    phases: list[tuple[tuple[str, ...], Tensor]] = [
        (GENERATORS, torch.stack(list(wanted.values())).sum())
    ]

    def judged(judge: torch.nn.Module, shown: Tensor, fake: Tensor) -> Tensor:
        truth, lie = judge(shown)[0], judge(fake.detach())[0]
        return 0.5 * ((truth - 1).square().mean() + lie.square().mean())

    wanted["discriminator"] = judged(network.D_A, real, y)
    total = wanted["discriminator"]
    if spec["second_cycle"]:
        wanted["image discriminator"] = judged(network.D_B, x, made)
        total = total + wanted["image discriminator"]
    phases.append((("D_A", "D_B"), total))

    drawn = network.draw(network.locate(y.detach()))
    wanted["regressor image"] = functional.mse_loss(drawn, y.detach())
    wanted["regressor"] = functional.mse_loss(network.locate(real), pictures.pose)
    phases.append((("regressor",), 0.1 * wanted["regressor image"] + 0.9 * wanted["regressor"]))

    with watched(learner.network) as found:
        losses = learner.step([pictures])
    assert losses == pytest.approx({name: loss.item() for name, loss in wanted.items()}, rel=1e-4)
    assert len(found) == 3
    for (parts, loss), phase in zip(phases, found, strict=True):
        named = {n: p for n, p in network.named_parameters() if n.partition(".")[0] in parts}
        for name, gradient in zip(
            named, torch.autograd.grad(loss, list(named.values()), retain_graph=True), strict=True
        ):
            scale = gradient.abs().max().clamp_min(1e-4)
            torch.testing.assert_close(
                phase.gradients[name] / scale, gradient / scale, atol=1e-3, rtol=0
            )


def test_the_gradient_of_each_optimiser_is_cut_at_its_norm() -> None:
    learner = learner_of(clip=0.01)
    with watched(learner.network) as phases:
        learner.step([batch(0)])
    parts = set(GENERATORS), {"D_A"}, {"regressor"}
    for phase, own in zip(phases, parts, strict=True):
        phase.gradients = {
            name: g for name, g in phase.gradients.items() if name.partition(".")[0] in own
        }
        assert phase.norm == pytest.approx(0.01, rel=1e-3)


def test_the_optimisers_are_adam_with_the_published_rates() -> None:
    learner = learner_of()
    seen: list[tuple[float, tuple[float, float], float]] = []

    def note(optimiser: torch.optim.Optimizer, *_: object) -> None:
        assert isinstance(optimiser, torch.optim.Adam)
        (group,) = optimiser.param_groups
        seen.append((group["lr"], group["betas"], group["weight_decay"]))

    hook = register_optimizer_step_pre_hook(note)
    try:
        learner.step([batch(0)])
        RegressorStep(learner.network, learner.settings).step([PoseExample(poses(0))])
    finally:
        hook.remove()
    assert seen == [(2e-4, (0.5, 0.999), 0)] * 4


def test_the_reconstruction_reaches_the_picture_translator_through_the_drawn_skeleton() -> None:
    learner = learner_of(adversarial=0.0)
    with watched(learner.network) as phases:
        learner.step([batch(0)])
    assert phases[0].reaches("G_A") and phases[0].reaches("G_B")


def test_the_reconstruction_sees_the_drawn_skeleton_alone() -> None:
    network = tiny_network()
    x, c = (torch.rand(2, 3, 32, 32) * 2 - 1 for _ in range(2))
    translation = network.translate(x)
    (gradient,) = torch.autograd.grad(
        network.rebuild(translation, c).sum(), translation.clean, retain_graph=True
    )
    assert gradient.abs().max() > 0
    (direct,) = torch.autograd.grad(
        network.rebuild(translation, c).sum(), translation.points, retain_graph=True
    )
    assert direct.abs().max() > 0
    open_network = tiny_network(bottleneck=False)
    translation = open_network.translate(x)
    rebuilt = open_network.rebuild(translation, c).sum()
    (unused,) = torch.autograd.grad(
        rebuilt, translation.points, retain_graph=True, allow_unused=True
    )
    assert unused is None


def test_without_finetuning_the_regressor_stays() -> None:
    learner = learner_of(finetune_regressor=False)
    before = tensors_of(learner.network)
    losses = learner.step([batch(0)])
    assert "regressor" not in losses and "regressor image" not in losses
    assert parts_that_differ(before, tensors_of(learner.network)) == {*GENERATORS, "D_A"}


def test_a_second_cycle_trains_a_discriminator_of_pictures() -> None:
    learner = learner_of(tiny_network(second_cycle=True))
    with watched(learner.network) as phases:
        losses = learner.step([batch(0)])
    changed = [set(GENERATORS), {"D_A", "D_B"}, {"regressor"}]
    assert [phase.changed for phase in phases] == changed
    assert {"image adversarial", "skeleton cycle", "image discriminator"} <= set(losses)
    assert not hasattr(tiny_network(), "D_B")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_takes_finite_steps(variant: str, precision: str) -> None:
    network = tiny_network(**VARIANTS[variant][1])
    learner = learner_of(network, precision=precision)
    before = _parameters(network)
    for n in range(2):
        losses = learner.step([batch(n)])
        assert all(map(math.isfinite, losses.values()))
        assert type(losses["reconstruction"]) is float
    assert all(bool(value.isfinite().all()) for value in network.state_dict().values())
    changed = parts_that_differ(before, _parameters(network))
    assert changed == {name.partition(".")[0] for name in before} - {"offline_regressor"}


def test_the_discriminator_learns_to_tell_drawn_skeletons_from_predicted_ones() -> None:
    learner = learner_of(learning_rate=4e-3, adversarial=0.0, reconstruction=0.0)
    losses = [learner.step([batch(n % 2)])["discriminator"] for n in range(12)]
    assert np.mean(losses[-2:]) < 0.6 * np.mean(losses[:2])


def test_earlier_images_are_shown_to_the_discriminator() -> None:
    with_history, without = learner_of(pool=6), learner_of(pool=0)
    pairs = [
        (with_history.step([batch(n)])["discriminator"], without.step([batch(n)])["discriminator"])
        for n in range(4)
    ]
    assert pairs[0][0] == pytest.approx(pairs[0][1], rel=1e-5)
    assert any(a != pytest.approx(b, rel=1e-3) for a, b in pairs[1:])


# Going on, and what must not spoil a run


@pytest.mark.parametrize("second_cycle", [False, True])
def test_a_run_goes_on_bit_for_bit(second_cycle: bool, tmp_path: Path) -> None:
    whole = learner_of(tiny_network(second_cycle=second_cycle))
    wanted = [whole.step([batch(n)]) for n in range(5)]
    first = learner_of(tiny_network(second_cycle=second_cycle))
    for n in range(2):
        first.step([batch(n)])
    torch.save(first.state(), tmp_path / "state.pt")
    second = learner_of(KeypointGan(whole.network.spec))
    second.load_state(torch.load(tmp_path / "state.pt", weights_only=True))
    assert [second.step([batch(n)]) for n in range(2, 5)] == wanted[2:]
    assert not parts_that_differ(tensors_of(whole.network), tensors_of(second.network))


def test_a_pose_that_is_no_number_leaves_its_judges_unchanged() -> None:
    learner = learner_of()
    learner.step([batch(0)])
    before = tensors_of(learner.network)
    bad = batch(1)
    bad.pose[0, 0, 0] = float("nan")
    assert not math.isfinite(learner.step([bad])["discriminator"])
    changed = parts_that_differ(before, tensors_of(learner.network))
    assert changed == set(GENERATORS)  # which never look at the pose
    assert all(map(math.isfinite, learner.step([batch(2)]).values()))


class Faulty(torch.nn.Module):
    """Features that give a gradient which is no number whenever ``broken``."""

    broken = False

    def __init__(self) -> None:
        super().__init__()
        self.features = tiny_perceptual().features

    def forward(self, image: Tensor) -> list[Tensor]:
        scale = float("inf") if self.broken else 1.0
        return [tap * scale for tap in self.features(image)]


def test_a_gradient_that_is_not_finite_leaves_the_generators_unchanged() -> None:
    features = Faulty()
    learner = KeypointGanStep(
        tiny_network(), KeypointGanSettings(**SETTINGS), RatioPerceptualLoss(features)
    )
    learner.step([batch(0)])
    before = _parameters(learner.network)
    features.broken = True
    assert not math.isfinite(learner.step([batch(1)])["reconstruction"])
    changed = parts_that_differ(before, _parameters(learner.network))
    assert changed == {"D_A", "regressor"}
    features.broken = False
    assert all(map(math.isfinite, learner.step([batch(2)]).values()))


def test_the_regressors_training_leaves_out_a_gradient_that_is_not_finite() -> None:
    network = tiny_network()
    learner = RegressorStep(network, KeypointGanSettings())
    before = tensors_of(network)
    assert math.isnan(learner.step([PoseExample(poses(0) * float("nan"))])["regressor"])
    assert not parts_that_differ(before, tensors_of(network))
    assert math.isfinite(learner.step([PoseExample(poses(0))])["regressor"])


def test_the_average_follows_the_weights_and_is_shown_inside_only(tmp_path: Path) -> None:
    learner = learner_of(average=0.9)
    start = tensors_of(learner.network)
    learner.step([batch(1)])
    after = tensors_of(learner.network)
    with learner.averaged():
        shown = tensors_of(learner.network)
    kept = (1 + 1) / (10 + 1)  # of the start, as only one step was taken
    for name in ("G_A.encoder.blocks.0.0.weight", "G_A.encoder.blocks.0.1.running_mean"):
        wanted = kept * start[name] + (1 - kept) * after[name]
        torch.testing.assert_close(shown[name], wanted)
    assert not parts_that_differ(after, tensors_of(learner.network))

    torch.save(learner.state(), tmp_path / "state")
    other = learner_of(average=0.9)
    other.load_state(torch.load(tmp_path / "state", weights_only=True))
    for again in (learner, other):
        again.step([batch(2)])
    with learner.averaged(), other.averaged():
        assert not parts_that_differ(tensors_of(learner.network), tensors_of(other.network))


def test_without_an_average_the_weights_themselves_are_shown() -> None:
    learner = learner_of()
    learner.step([batch(1)])
    before = tensors_of(learner.network)
    with learner.averaged():
        assert not parts_that_differ(before, tensors_of(learner.network))
