from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from model.adaptation import (
    PRESETS,
    Pairs,
    PersonalizationSettings,
    Personalizer,
    PersonView,
    Preset,
    SourceMemory,
)
from model.core.crop import SquareBox
from model.ttp.networks import PoseNetwork, Variant
from tests.networks import SMALL_BACKBONES, small_network, small_perceptual_loss


def _pairs(count: int = 4) -> tuple[Tensor, Tensor]:
    # The networks are convolutional: half the published side is a quarter of the work.
    generator = torch.Generator().manual_seed(5)
    images = torch.nn.functional.interpolate(
        torch.randn(2 * count, 3, 8, 8, generator=generator), size=64, mode="bilinear"
    )
    return images[:count], images[count:]


def _personalizer(network: PoseNetwork | None = None, **settings: object) -> Personalizer:
    chosen = PersonalizationSettings(**settings)  # type: ignore[arg-type]
    return Personalizer(network or small_network(), small_perceptual_loss(), chosen)


def _gradients(personalizer: Personalizer) -> dict[str, Tensor]:
    named = personalizer.network.named_parameters()
    return {name: p.grad.clone() for name, p in named if p.grad is not None}


def _flat(gradients: dict[str, Tensor]) -> Tensor:
    return torch.cat([gradients[name].flatten() for name in sorted(gradients)])


def test_an_update_changes_what_it_may_and_nothing_else() -> None:
    personalizer = _personalizer()
    before = copy.deepcopy(personalizer.network.state_dict())
    report = personalizer.update(Pairs(*_pairs()))
    assert report.applied and report.number == 1 and report.pairs == 4
    changed = {
        name
        for name, value in personalizer.network.state_dict().items()
        if not torch.equal(value, before[name])
    }
    # Stored BatchNorm statistics are no parameters: they must not have moved either.
    # A bias moves no maximum of its map: its gradient is zero, but for what rounding makes of it.
    assert changed | {"self_head.bias"} == set(personalizer.parameter_names)


@pytest.mark.parametrize("chosen", PRESETS, ids=lambda chosen: chosen.name)
@pytest.mark.parametrize("backbone", SMALL_BACKBONES)
@pytest.mark.parametrize("variant", ["transformer", "keypoint", "rotation"])
def test_every_preset_applies_to_every_network_that_can_be_personalized(
    variant: Variant, backbone: str, chosen: Preset
) -> None:
    network = small_network(variant, backbone=backbone)
    before = copy.deepcopy(network.state_dict())
    personalizer = Personalizer(network, small_perceptual_loss(), chosen.settings)
    target, source = (
        torch.nn.functional.interpolate(images, size=(size, size), mode="bilinear")
        for images, size in zip(_pairs(2), (network.spec.crop_size, 128), strict=True)
    )
    report = personalizer.update(Pairs(target, source, target, (0, 1)))
    assert report.applied and math.isfinite(report.loss)
    changed = {n for n, value in network.state_dict().items() if not torch.equal(value, before[n])}
    assert "encoder.neck.head.1.weight" in changed or "encoder.deconv.6.weight" in changed
    assert changed <= set(personalizer.parameter_names)
    assert torch.isfinite(personalizer.predict(target).heatmaps).all()
    personalizer.reset()
    assert all(torch.equal(value, before[n]) for n, value in network.state_dict().items())


def test_the_loss_falls_when_the_same_batch_is_learnt_again() -> None:
    personalizer = _personalizer()
    batch = _pairs()
    losses = [personalizer.update(Pairs(*batch)).loss for _ in range(4)]
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.97 * losses[0]


def test_micro_batches_give_the_whole_batch_s_update() -> None:
    target, source = _pairs(4)
    whole, pieces = _personalizer(), _personalizer()
    whole.accumulate(Pairs(target, source), 4)
    for i in range(4):
        pieces.accumulate(Pairs(target[i : i + 1], source[i : i + 1]), 4)
    a, b = _flat(_gradients(whole)), _flat(_gradients(pieces))
    # The normalisers of early pieces lag by 1 % of the pieces' spread (see ReconstructionTask).
    assert torch.linalg.vector_norm(a - b) < 1e-2 * torch.linalg.vector_norm(a)
    assert torch.dot(a, b) / (a.norm() * b.norm()) > 0.9999
    assert pieces.step().loss == pytest.approx(whole.step().loss, rel=1e-5)


def test_micro_batches_of_equal_pairs_give_exactly_the_same_gradient() -> None:
    target, source = (t.repeat(3, 1, 1, 1) for t in _pairs(1))
    whole, pieces = _personalizer(), _personalizer()
    whole.accumulate(Pairs(target, source), 3)
    for i in range(3):
        pieces.accumulate(Pairs(target[i : i + 1], source[i : i + 1]), 3)
    a, b = _flat(_gradients(whole)), _flat(_gradients(pieces))
    assert torch.linalg.vector_norm(a - b) < 1e-4 * torch.linalg.vector_norm(a)


def test_update_in_micro_batches_moves_the_running_means_as_the_whole_batch_does() -> None:
    target, source = _pairs(4)
    means = []
    for micro_batch in (None, 1):
        loss = small_perceptual_loss()
        personalizer = Personalizer(small_network(), loss)
        personalizer.update(Pairs(target, source), micro_batch)
        means.append(loss.means.clone())
    torch.testing.assert_close(means[0], means[1], rtol=1e-5, atol=0)


@pytest.mark.parametrize("variant", ["transformer", "keypoint", "rotation"])
def test_reset_restores_predictions_bit_for_bit(variant: Variant) -> None:
    personalizer = _personalizer(small_network(variant), learning_rate=1e-3)
    target, source = _pairs(2)
    first = personalizer.predict(target).heatmaps
    losses = [personalizer.update(Pairs(target, source)).loss for _ in range(2)]
    assert not torch.equal(personalizer.predict(target).heatmaps, first)
    personalizer.reset()
    assert torch.equal(personalizer.predict(target).heatmaps, first)
    assert personalizer.updates == 0
    # The optimiser and the loss's running means start again too.
    assert [personalizer.update(Pairs(target, source)).loss for _ in range(2)] == losses


def test_several_iterations_are_several_steps_on_one_batch() -> None:
    batch = _pairs(2)
    twice = _personalizer(iterations=2)
    report = twice.update(Pairs(*batch))
    again = _personalizer()
    again.update(Pairs(*batch))
    assert report.loss == again.update(Pairs(*batch)).loss
    assert twice.updates == again.updates == 2


def test_a_batch_that_is_not_finite_is_thrown_away() -> None:
    personalizer = _personalizer()
    target, source = _pairs(2)
    first = personalizer.predict(target).heatmaps
    report = personalizer.update(Pairs(torch.full_like(target, float("nan")), source))
    assert not report.applied and personalizer.updates == 0
    assert torch.equal(personalizer.predict(target).heatmaps, first)
    good = personalizer.update(Pairs(target, source))
    assert good.applied and good.loss == _personalizer().update(Pairs(target, source)).loss


def test_what_is_not_finite_again_brings_the_trained_weights_back() -> None:
    personalizer = _personalizer()
    target, source = _pairs(2)
    trained = personalizer.predict(target).heatmaps
    bad = Pairs(torch.full_like(target, float("nan")), source)
    for _ in range(2):  # not in a row
        assert personalizer.update(Pairs(target, source)).applied
        report = personalizer.update(bad)
        assert not report.applied and not report.undone
    assert personalizer.updates == 2
    report = personalizer.update(bad)
    assert report.undone and (report.number, personalizer.updates) == (0, 0)
    assert torch.equal(personalizer.predict(target).heatmaps, trained)
    assert personalizer.discarded == 3
    personalizer.reset()
    assert personalizer.discarded == 0


@pytest.mark.parametrize(("bad_batches", "pace"), [(0, 1.0), (1, 0.5), (2, 0.25)])
def test_each_batch_that_is_not_finite_halves_the_learning_rate(
    bad_batches: int, pace: float
) -> None:
    personalizer = _personalizer()
    target, source = _pairs(2)
    before = personalizer.snapshot().parameters
    for _ in range(bad_batches):
        personalizer.update(Pairs(torch.full_like(target, float("inf")), source))
    personalizer.restore(personalizer.snapshot())  # as the guard does, which knows nothing of it
    personalizer.update(Pairs(target, source))
    # Adam's first step moves by the learning rate, whatever the gradient.
    after = personalizer.snapshot().parameters
    moved = max(float((after[name] - before[name]).abs().max()) for name in before)
    assert moved == pytest.approx(pace * personalizer.settings.learning_rate, rel=0.01)


def test_discarded_pairs_leave_no_trace() -> None:
    batch = _pairs(2)
    personalizer = _personalizer()
    personalizer.accumulate(Pairs(*_pairs(1)), 2)
    personalizer.discard()
    assert personalizer.update(Pairs(*batch)).loss == _personalizer().update(Pairs(*batch)).loss


def test_nothing_is_computed_that_is_thrown_away() -> None:
    """No gradient for frozen tensors or the VGG, and two VGG passes per pair: target and result."""
    personalizer = _personalizer(scope="deconvolutions")
    loss = personalizer._tasks[0][0]._perceptual  # type: ignore[attr-defined]
    passes: list[bool] = []
    loss.features.blocks[0].register_forward_hook(
        lambda module, inputs, output: passes.append(output.requires_grad)
    )
    encoder_outputs: list[bool] = []
    personalizer.network.encoder.layer4.register_forward_hook(
        lambda module, inputs, output: encoder_outputs.append(output.requires_grad)
    )
    personalizer.accumulate(Pairs(*_pairs(2)), 2)
    assert sorted(passes) == [False, True]
    assert encoder_outputs == [False]
    assert set(_gradients(personalizer)) == set(personalizer.parameter_names)
    assert all(p.grad is None for p in loss.parameters())


def test_predicting_costs_only_the_pose_branch() -> None:
    personalizer = _personalizer()
    called: list[str] = []
    for name, module in personalizer.network.named_children():
        module.register_forward_hook(lambda m, i, o, name=name: called.append(name))
    output = personalizer.predict(_pairs(1)[0])
    assert called == ["encoder", "self_head", "affinity"]
    assert not output.heatmaps.requires_grad


@pytest.mark.parametrize("variant", ["transformer", "rotation"])
def test_many_images_are_predicted_a_few_at_a_time(variant: Variant) -> None:
    personalizer = _personalizer(small_network(variant))
    sizes: list[int] = []
    personalizer.network.encoder.register_forward_hook(lambda m, i, o: sizes.append(len(o)))
    images = torch.cat(_pairs(3))
    together = personalizer.predict(images)
    assert sum(sizes) == 6 and max(sizes) < 6
    for row in range(6):
        alone = vars(personalizer.predict(images[row : row + 1]))
        for name, value in vars(together).items():
            assert (value is None) == (alone[name] is None)
            if value is not None:
                torch.testing.assert_close(value[row : row + 1], alone[name], rtol=1e-4, atol=1e-5)


def test_weights_hand_over_the_pose_branch_only() -> None:
    personalizer = _personalizer()
    weights = personalizer.weights()
    assert weights.keys() == {
        name for name in personalizer.parameter_names if not name.startswith("reconstruction.")
    }
    personalizer.update(Pairs(*_pairs(1)))
    # Copies: what was handed over does not change under the receiver.
    assert not torch.equal(weights["self_head.weight"], personalizer.network.self_head.weight)


def test_an_anchor_draws_the_weights_back_to_the_trained_ones() -> None:
    def moved(anchor: float) -> float:
        personalizer = _personalizer(anchor=anchor)
        before = personalizer.snapshot().parameters["self_head.weight"]
        personalizer.update(Pairs(*_pairs(1)))
        return float((personalizer.snapshot().parameters["self_head.weight"] - before).norm())

    free = moved(0.0)
    assert moved(0.25) == pytest.approx(0.75 * free, rel=1e-3)
    assert moved(1.0) == 0.0 < free


def test_the_learning_rate_warms_up() -> None:
    def first_move(warm_up: int) -> float:
        personalizer = _personalizer(warm_up=warm_up)
        before = personalizer.snapshot().parameters["self_head.weight"]
        personalizer.update(Pairs(*_pairs(1)))
        return float((personalizer.snapshot().parameters["self_head.weight"] - before).norm())

    assert first_move(4) == pytest.approx(first_move(0) / 4, rel=1e-2)


def test_where_little_is_to_be_learnt_a_step_is_shorter_in_proportion() -> None:
    def moved(whole_step_loss: float) -> tuple[float, float]:
        personalizer = _personalizer(whole_step_loss=whole_step_loss)
        before = personalizer.snapshot().parameters["self_head.weight"]
        loss = personalizer.update(Pairs(*_pairs(1))).loss
        after = personalizer.snapshot().parameters["self_head.weight"]
        return float((after - before).norm()), loss

    whole, loss = moved(0.0)
    assert moved(loss / 2)[0] == pytest.approx(whole, rel=1e-6)
    assert moved(4 * loss)[0] == pytest.approx(whole / 4, rel=1e-2)


def _masked_network() -> PoseNetwork:
    network = small_network("keypoint")
    network.spec = replace(network.spec, mask="person")
    return network


def test_a_masked_network_is_updated_with_pairs_that_have_masks() -> None:
    def everything(picture: np.ndarray) -> np.ndarray:
        return np.full((128, 128), 255, np.uint8)

    view = PersonView.of_frame(np.zeros((90, 90, 3), np.uint8), SquareBox(45, 45, 60), 0)
    loss, settings = small_perceptual_loss(), PersonalizationSettings()
    personalizer = Personalizer(_masked_network(), loss, settings, masker=everything)
    pairs = personalizer.sampler().online(view, SourceMemory(), 1)
    assert pairs.masks is not None and personalizer.update(pairs).applied
    with pytest.raises(ValueError, match="needs a masker"):
        Personalizer(_masked_network(), loss, settings).sampler()
    plain = Personalizer(small_network("keypoint"), loss, settings, masker=everything)
    assert plain.sampler().online(view, SourceMemory(), 1).masks is None


@pytest.mark.parametrize("masked", [True, False])
def test_what_is_behind_the_person_is_not_learnt(masked: bool) -> None:
    """The encoder, which sees the whole target, is blind here to where its background changes."""
    masks = torch.zeros(2, 1, 64, 64)
    masks[..., :24] = 1
    target, source = _pairs(2)
    other = target.clone()
    other[..., 32:] = target[..., 32:].flip(-2) + 0.5
    updated = []
    for pictures in (target, other):
        network = _masked_network()
        encode, seen = network.encoder.forward, (torch.arange(64) < 32).float()
        network.encoder.forward = lambda image, e=encode, s=seen: e(image * s)
        personalizer = _personalizer(network)
        report = personalizer.update(Pairs(pictures, source, masks=masks if masked else None))
        assert report.applied
        updated.append(copy.deepcopy(network.state_dict()))
    first, second = updated
    same = [torch.equal(first[name], second[name]) for name in personalizer.parameter_names]
    assert all(same) == masked
