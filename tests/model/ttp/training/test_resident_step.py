"""Training until the time is up."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from model.adaptation.settings import personalized
from model.core.errors import UserError
from model.data.shards import read_shards
from model.ttp.networks import PoseNetwork
from model.ttp.networks.encoder import is_trunk
from model.ttp.objective import JointObjective, Losses, TensorBatch
from model.ttp.training.job import resident_run
from model.ttp.training.resident import BatchMaker, load_bank
from model.ttp.training.settings import ResidentSettings, resident_preset
from model.ttp.training.step import is_pretrained
from tests.model.ttp.training.runs import Notes, assert_same, state_of
from tests.networks import SMALL_BACKBONES, small_network, small_perceptual_loss
from tests.shards import write_shard

# What keeps a step cheap.
CHEAP = ResidentSettings(
    minutes=60, batch_size=4, pairs=2, ramp_steps=1, precision="float32", look_every=1e6
)


class _Run:
    """A resident run of a small network."""

    def __init__(
        self, folder: Path, backbone: str = "resnet-mini", settings: ResidentSettings = CHEAP
    ) -> None:
        data = read_shards([write_shard(folder / "people.npz")], "people")
        self.network = small_network(backbone=backbone, rebuilt=128)
        self.objective = JointObjective(
            self.network, small_perceptual_loss(), self_weight=settings.self_weight
        )
        banks = [load_bank(data, torch.device("cpu"))]
        self.batches = BatchMaker(banks, [1], self.network.spec, settings)
        self.run = resident_run(self.objective, self.batches, settings, folder, quiet=True)

    def train(self, notes: Notes, stopping: Callable[[], bool] = lambda: False) -> bool:
        notes.follow(self.run)
        self.run.run(stopping=stopping)
        return self.run.finished

    @property
    def step(self) -> int:
        return self.run.done

    def averaged(self) -> AbstractContextManager[None]:
        return self.run.learner.averaged()


def _after(steps: int) -> Callable[[], bool]:
    """Asks to stop after so many steps."""
    count = itertools.count()
    return lambda: next(count) >= steps


@pytest.mark.parametrize("self_weight", [0.0, 1e-3])
def test_a_run_ends_with_its_minutes_and_small_steps(tmp_path: Path, self_weight: float) -> None:
    settings = replace(
        CHEAP, minutes=0.4 / 60, self_weight=self_weight, pairs=2 if self_weight else 0
    )
    run, notes = _Run(tmp_path, settings=settings), Notes()
    before = state_of(run.network)

    assert run.train(notes)

    assert run.step == len(notes.losses) >= 1
    assert notes.looks == [(0, False), (run.step, False)]
    rates = notes.rates
    assert rates == sorted(rates, reverse=True) and rates[-1] <= settings.learning_rate
    assert all(losses["supervised"] > 0 for losses in notes.losses)
    assert all(losses.get("self-supervised", 0) >= 0 for losses in notes.losses)
    assert all(("self-supervised" in losses) == bool(self_weight) for losses in notes.losses)
    after = state_of(run.network)
    assert not torch.equal(before["encoder.conv1.weight"], after["encoder.conv1.weight"])
    moved = [
        not torch.equal(before[name], after[name])
        for name, _ in run.network.named_parameters()
        if name.startswith("reconstruction.")
    ]
    assert any(moved) == bool(self_weight)


def test_it_looks_at_itself_now_and_then(tmp_path: Path) -> None:
    run, notes = _Run(tmp_path, settings=replace(CHEAP, look_every=1e-6)), Notes()
    assert not run.train(notes, _after(2))
    assert [step for step, _ in notes.looks] == [0, 1, 2]


def test_it_stops_when_asked_and_goes_on_training_after_a_look(tmp_path: Path) -> None:
    run, notes = _Run(tmp_path), Notes()

    assert not run.train(notes, _after(2))

    assert run.step == 2 == len(notes.losses) and notes.kept == [2]
    present, modes = state_of(run.network), [run.network.training]
    with run.averaged():
        inside = state_of(run.network)
        modes.append(run.network.training)
    assert [*modes, run.network.training] == [True, False, True]
    assert not torch.equal(inside["self_head.weight"], present["self_head.weight"])
    assert_same(present, state_of(run.network))


def test_a_look_that_fails_does_not_end_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Notes):
        def look(self, step: int, *, probe: bool) -> dict[str, float]:
            raise UserError("The disk is full.")

    run = _Run(tmp_path, settings=replace(CHEAP, look_every=1e-6))
    run.train(Failing(), _after(2))
    assert run.network.training and run.step == 2
    assert "not looked at whole after step 1: The disk is full." in caplog.text


def test_a_network_that_diverges_is_not_trained_on(tmp_path: Path) -> None:
    run, notes = _Run(tmp_path), Notes()
    with torch.no_grad():
        run.network.self_head.weight.fill_(math.nan)
    with pytest.raises(UserError, match=r"step 1 were not .* diverged.*--learning-rate"):
        run.train(notes)
    assert run.step == 1


@pytest.mark.parametrize("backbone", SMALL_BACKBONES)
def test_what_was_trained_before_takes_smaller_steps(tmp_path: Path, backbone: str) -> None:
    settings = replace(CHEAP, learning_rate=1e-3, trunk_rate=1e-5)
    run = _Run(tmp_path, backbone, settings)
    before = {name: p.detach().clone() for name, p in run.network.named_parameters()}
    run.train(Notes(), _after(1))

    largest = {
        name: float((p.detach() - before[name]).abs().max())
        for name, p in run.network.named_parameters()
    }
    # Adam's first step is as long as its rate, up to rounding.
    old = [change for name, change in largest.items() if is_pretrained(name)]
    new = [change for name, change in largest.items() if not is_pretrained(name)]
    assert 5e-6 < max(old) < 5e-5 and 5e-4 < max(new) < 5e-3


def test_movenets_first_convolutions_stay(tmp_path: Path) -> None:
    run = _Run(tmp_path, "movenet-lightning")
    still = ("encoder.mobilenet.stem.", "encoder.mobilenet.stages.0.", "encoder.mobilenet.stages.1")
    frozen = {name for name, p in run.network.named_parameters() if not p.requires_grad}
    assert frozen == {name for name, _ in run.network.named_parameters() if name.startswith(still)}
    before = state_of(run.network)
    run.train(Notes(), _after(1))
    assert all(torch.equal(before[name], run.network.state_dict()[name]) for name in frozen)


@pytest.mark.parametrize(
    ("backbone", "new"),
    [
        ("resnet-mini", {"encoder.deconv"}),
        ("movenet-lightning", {"encoder.neck.deep"}),
    ],
)
def test_what_is_new_in_an_encoder(backbone: str, new: set[str]) -> None:
    network: PoseNetwork = small_network(backbone=backbone)
    names = [name for name, _ in network.named_parameters() if not is_pretrained(name)]
    encoder = [name for name in names if name.startswith("encoder.")]
    assert encoder and all(name.startswith(tuple(new)) for name in encoder)
    assert any(name.startswith("self_head.") for name in names)


@pytest.mark.parametrize("backbone", SMALL_BACKBONES)
def test_a_frozen_trunk_stays_whole(tmp_path: Path, backbone: str) -> None:
    run = _Run(tmp_path, backbone, replace(CHEAP, frozen="trunk"))
    before = state_of(run.network)
    run.train(Notes(), _after(1))
    changed = {
        name
        for name, parameter in run.network.named_parameters()
        if not torch.equal(before[name], parameter)
    }
    assert not any(map(is_trunk, changed))
    for part in ("encoder.", "self_head.", "reconstruction."):
        assert any(name.startswith(part) for name in changed)


@pytest.mark.parametrize("backbone", SMALL_BACKBONES)
def test_a_frozen_encoder_stays_whole_with_its_statistics(tmp_path: Path, backbone: str) -> None:
    # A look, too, leaves them frozen.
    run = _Run(tmp_path, backbone, replace(CHEAP, frozen="encoder", meta_every=3, look_every=1e-6))
    before = state_of(run.network)
    run.train(Notes(), _after(2))
    changed = {
        name
        for name, value in run.network.state_dict().items()
        if not torch.equal(before[name], value)
    }
    assert not any(name.startswith("encoder.") for name in changed)
    for part in ("affinity.", "self_head.", "reconstruction."):
        assert any(name.startswith(part) for name in changed)


def test_the_first_share_of_the_minutes_is_coarse() -> None:
    settings = ResidentSettings(coarse=0.4)
    assert [settings.resolution_at(spent) for spent in (0, 0.39, 0.4, 1)] == [64, 64, 128, 128]
    assert ResidentSettings().resolution_at(0) == 128
    assert ResidentSettings(coarse=1.0).resolution_at(0.999) == 64


@pytest.mark.parametrize(("coarse", "side"), [(0.0, 128), (1.0, 64)])
def test_coarse_steps_rebuild_smaller_pictures(tmp_path: Path, coarse: float, side: int) -> None:
    run = _Run(tmp_path, settings=replace(CHEAP, coarse=coarse))
    perceptual = run.objective.perceptual
    assert perceptual is not None
    errors, sides = perceptual.errors, []

    def looking(reconstruction: Tensor, target: Tensor, masks: Tensor | None = None) -> Tensor:
        sides.append(reconstruction.shape[-1])
        return errors(reconstruction, target, masks)

    perceptual.errors = looking  # type: ignore[method-assign]
    run.train(Notes(), _after(1))
    assert sides == [side]


def test_one_step_of_so_many_is_a_meta_step(tmp_path: Path) -> None:
    run = _Run(tmp_path, settings=replace(CHEAP, meta_every=2))
    batches, drawn = run.batches, list[str]()
    draw, draw_person = batches.draw, batches.draw_person

    def drawing() -> TensorBatch:
        drawn.append("batch")
        return draw()

    def drawing_person(support: int, query: int) -> tuple[TensorBatch, TensorBatch]:
        drawn.append(f"person {support} {query}")
        return draw_person(support, query)

    batches.draw, batches.draw_person = drawing, drawing_person  # type: ignore[method-assign]
    run.train(notes := Notes(), _after(3))
    assert drawn == ["person 2 2", "batch", "person 2 2"]
    assert all(losses.keys() == {"supervised", "self-supervised"} for losses in notes.losses)


def test_a_meta_step_learns_where_personalization_would_lead(tmp_path: Path) -> None:
    settings = replace(CHEAP, meta_every=1, meta_rate=0.5, average=0.0, self_weight=0.1)
    run = _Run(tmp_path, settings=settings)
    seen: list[tuple[bool, bool, Tensor]] = []
    objective, weight = run.objective, run.network.self_head.weight
    reconstruction, forward = objective.reconstruction, objective.forward

    def rebuilding(batch: TensorBatch) -> Tensor:
        seen.append((run.network.training, False, weight.detach().clone()))
        return reconstruction(batch)

    def judging(batch: TensorBatch, joint: bool, resolution: int = 128) -> Losses:
        seen.append((run.network.training, joint, weight.detach().clone()))
        return forward(batch, joint, resolution)

    objective.reconstruction = rebuilding  # type: ignore[method-assign]
    objective.forward = judging  # type: ignore[method-assign]
    run.train(notes := Notes(), _after(1))

    (mode, _, trained), (judged_mode, joint, moved) = seen
    assert (mode, judged_mode, joint) == (False, True, False)
    # Personalization moved the weights by half their unit, and was taken back.
    assert (moved - trained).square().mean().sqrt() == pytest.approx(0.5, rel=0.05)
    assert (weight - trained).abs().max() < 0.01
    assert not torch.equal(weight, trained) and run.network.training
    assert all(value > 0 for value in notes.losses[0].values())


def test_a_meta_step_adds_the_gradient_from_where_personalization_leads(tmp_path: Path) -> None:
    """To that of the reconstruction, from where the weights are."""
    settings = replace(CHEAP, meta_every=1, meta_rate=0.02, self_weight=0.1, frozen="trunk")
    run = _Run(tmp_path, settings=settings)
    named = {name: p for name, p in run.network.named_parameters() if p.requires_grad}
    before = {name: p.detach().clone() for name, p in named.items()}
    objective, expected = run.objective, dict[str, Tensor]()
    reconstruction, rebuilding_weight = objective.reconstruction, list[Tensor]()

    def rebuilding(batch: TensorBatch) -> Tensor:
        loss = reconstruction(batch)
        weight = run.network.self_head.weight
        rebuilding_weight.extend(torch.autograd.grad(loss, weight, retain_graph=True))
        return loss

    def judging(batch: TensorBatch, joint: bool, resolution: int = 128) -> Losses:
        assert not joint and len(batch.target) == 2 and not len(batch.source)
        added = {name: p.grad.clone() for name, p in named.items() if p.grad is not None}
        # Compared by their size, for they are small.
        size = rebuilding_weight[0].abs().max()
        assert size > 0
        torch.testing.assert_close(
            added["self_head.weight"] / size, 0.1 * rebuilding_weight[0] / size, atol=1e-4, rtol=0
        )
        twin = copy.deepcopy(run.network)
        twin.zero_grad(set_to_none=True)
        for name, parameter in twin.named_parameters():
            if name in named:
                change = parameter.detach() - before[name]
                if name not in personalized(twin, "deconvolutions"):
                    assert not change.any(), name
                elif name != "self_head.bias":  # to which the keypoints are blind
                    step = -0.02 * added[name] / added[name].square().mean().sqrt()
                    torch.testing.assert_close(change, step, rtol=1e-3, atol=1e-6)
        dropout = torch.get_rng_state()
        JointObjective(twin, None, self_weight=0.0)(batch, False).total.backward()
        torch.set_rng_state(dropout)
        for name, parameter in twin.named_parameters():
            if parameter.grad is not None:
                expected[name] = parameter.grad + added.get(name, 0)
        return JointObjective.forward(objective, batch, joint, resolution)

    objective.reconstruction = rebuilding  # type: ignore[method-assign]
    objective.forward = judging  # type: ignore[method-assign]
    run.train(Notes(), _after(1))

    assert any(name.startswith("affinity.") for name in expected)
    present: dict[str, Tensor] = {n: p.grad for n, p in named.items() if p.grad is not None}
    # Long gradients are scaled down, all alike; each must go where it should.
    scale = present["self_head.weight"].norm() / expected["self_head.weight"].norm()
    largest = max(gradient.norm() for gradient in expected.values())
    for name, wanted in expected.items():
        if wanted.norm() > 1e-3 * largest:
            assert (present[name] - scale * wanted).norm() < 0.01 * scale * wanted.norm(), name
    for name, parameter in named.items():
        assert (parameter - before[name]).abs().max() < 0.005, name  # of 0.02 and more


def test_the_averaged_network_has_averaged_statistics(tmp_path: Path) -> None:
    run = _Run(tmp_path)
    name = "reconstruction.renderer.layer1.1.running_var"
    run.train(Notes(), _after(2))
    present = run.network.state_dict()[name].clone()
    with run.averaged():
        assert not torch.equal(run.network.state_dict()[name], present)
    assert torch.equal(run.network.state_dict()[name], present)


def test_rates_rise_with_the_steps_and_fall_with_the_time() -> None:
    settings = ResidentSettings(ramp_steps=10)
    assert settings.factor_at(0, 0) == pytest.approx(0.1)
    assert settings.factor_at(9, 0) == settings.factor_at(99, 0) == 1
    assert settings.factor_at(99, 0.5) == pytest.approx(0.5)
    assert settings.factor_at(99, 1) == settings.factor_at(99, 1.1) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"minutes": 0.0}, {"minutes": math.nan}, {"look_every": -1.0}, {"learning_rate": 0.0},
        {"trunk_rate": 2.0}, {"batch_size": 0}, {"pairs": 257}, {"average": 1.0},
        {"precision": "float16"}, {"self_weight": -1.0}, {"independent_sources": 2.0},
        {"pairs": 3, "self_weight": 0.0}, {"coarse": 1.5}, {"coarse": -0.1}, {"frozen": "head"},
        {"coarse": math.nan}, {"meta_every": -1}, {"meta_every": 3, "self_weight": 0.0},
        {"meta_rate": 0.0}, {"meta_rate": 1.5}, {"meta_rate": math.nan},
    ],
)  # fmt: skip
def test_settings_are_checked_by_name(change: dict[str, object]) -> None:
    with pytest.raises(UserError, match=next(iter(change))):
        replace(ResidentSettings(), **change)  # type: ignore[arg-type]


def test_an_unknown_preset_lists_those_there_are() -> None:
    with pytest.raises(UserError, match="movenet, movenet-joint, movenet-finish"):
        resident_preset("penn")
