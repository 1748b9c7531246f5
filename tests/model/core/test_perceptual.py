"""The perceptual loss: six errors over running means that move first and then divide."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor

from model.core.errors import UserError
from model.core.perceptual import INITIAL_MEANS, PerceptualLoss, VGGFeatures, load_perceptual_loss

SCALES = (1, 2, 3, 4, 5)
START = torch.tensor([0.1966, 0.8725, 3.4260, 7.4396, 4.1430, 1.1304])


class Multiples(VGGFeatures):
    """In place of VGG: the image times 1 to 5, so that every error can be worked by hand."""

    def __init__(self) -> None:
        torch.nn.Module.__init__(self)

    def forward(self, image: Tensor) -> list[Tensor]:
        return [image * scale for scale in SCALES]


@pytest.fixture
def loss() -> PerceptualLoss:
    return PerceptualLoss(Multiples())


def pictures(value: float) -> Tensor:
    return torch.full((2, 3, 4, 4), value)


# Pictures that differ by 0.5 everywhere have these squared errors, image first.
ERRORS = torch.tensor([0.25, 0.25, 1.0, 2.25, 4.0, 6.25])


def test_the_running_means_move_first_and_then_divide(loss: PerceptualLoss) -> None:
    torch.testing.assert_close(loss.means, START)
    first = loss(pictures(0.5), pictures(0.0))
    means = START + 0.01 * (ERRORS - START)
    torch.testing.assert_close(loss.means, means)
    torch.testing.assert_close(first, (ERRORS / means).sum())
    assert abs(first - (ERRORS / START).sum()) > 1e-3

    second = loss(pictures(0.0), pictures(0.0))
    torch.testing.assert_close(second, torch.tensor(0.0))
    torch.testing.assert_close(loss.means, 0.99 * means)


def test_it_is_six_where_every_error_is_its_mean(loss: PerceptualLoss) -> None:
    loss.means.copy_(ERRORS)
    torch.testing.assert_close(loss(pictures(-0.5), pictures(0.0)), torch.tensor(6.0))


def test_reset_brings_back_the_published_constants(loss: PerceptualLoss) -> None:
    loss(pictures(3.0), pictures(0.0))
    assert not torch.equal(loss.means, START)
    loss.reset()
    assert tuple(loss.means.tolist()) == pytest.approx(INITIAL_MEANS)
    assert torch.equal(loss.means, START)


def test_the_means_are_constants_to_the_gradient(loss: PerceptualLoss) -> None:
    reconstruction = pictures(0.5).requires_grad_()
    target = pictures(0.0).requires_grad_()
    loss(reconstruction, target).backward()
    # d/dr of mean((s r)^2) / m is 2 s^2 r / (count m).
    squares = torch.tensor([1.0, *(float(s * s) for s in SCALES)])
    wanted = (2 * squares * 0.5 / reconstruction.numel() / loss.means).sum()
    assert reconstruction.grad is not None
    torch.testing.assert_close(reconstruction.grad, torch.full_like(reconstruction, wanted.item()))
    assert target.grad is None
    assert not loss.means.requires_grad


def test_means_after_looks_ahead_without_moving(loss: PerceptualLoss) -> None:
    torch.testing.assert_close(loss.means_after(ERRORS), START + 0.01 * (ERRORS - START))
    assert torch.equal(loss.means, START)


def test_means_are_not_part_of_saved_weights(loss: PerceptualLoss) -> None:
    assert list(loss.state_dict()) == []


def torchvision_features() -> torch.nn.Sequential:
    """torchvision's own layers up to relu5_2, without its classifier."""
    layers = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"])
    features: torch.nn.Sequential = layers[:28]
    return features.eval().requires_grad_(False)


def test_taps_are_those_of_torchvisions_vgg16(tmp_path: Path) -> None:
    features = torchvision_features()
    state = {name: value.half() for name, value in features.state_dict().items()}
    save_file(state, tmp_path / "vgg.safetensors")
    features.load_state_dict({name: value.float() for name, value in state.items()})
    ours = VGGFeatures().load(tmp_path / "vgg.safetensors")

    x = torch.randn(2, 3, 32, 32)
    wanted = []
    activation = x
    for index, layer in enumerate(features):
        activation = layer(activation.clone())
        if index in (3, 8, 13, 20, 27):
            wanted.append(activation.clone())
    found = ours(x)
    sizes = [(64, 32), (128, 16), (256, 8), (512, 4), (512, 2)]
    assert [tuple(f.shape[1:3]) for f in found] == sizes
    for f, w in zip(found, wanted, strict=True):
        torch.testing.assert_close(f, w)


def test_vgg_learns_nothing_and_passes_gradients() -> None:
    features = VGGFeatures()
    loss = PerceptualLoss(features)
    reconstruction = torch.randn(1, 3, 32, 32, requires_grad=True)
    target = torch.randn(1, 3, 32, 32, requires_grad=True)
    # A second look at the same tensors: layers that work in place must not have changed them.
    before = loss.errors(reconstruction, target).detach()
    loss(reconstruction, target).backward()
    torch.testing.assert_close(loss.errors(reconstruction, target).detach(), before)
    assert reconstruction.grad is not None
    assert reconstruction.grad.abs().sum() > 0
    assert target.grad is None
    assert not any(p.requires_grad or p.grad is not None for p in features.parameters())


@pytest.mark.parametrize("content", [None, b"", b"no weights"])
def test_damaged_weights_are_told_in_a_sentence(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "vgg.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"perceptual weights .* cannot be read"):
        load_perceptual_loss(path)


def _half() -> Tensor:
    """Masks of 128 pixels whose left half is the person."""
    masks = torch.zeros(1, 1, 128, 128)
    masks[..., :64] = 1
    return masks


def test_where_all_is_person_masks_change_nothing(loss: PerceptualLoss) -> None:
    rebuilt, target = torch.randn(2, 1, 3, 128, 128).unbind()
    torch.testing.assert_close(
        loss.errors(rebuilt, target, torch.ones(1, 1, 128, 128)), loss.errors(rebuilt, target)
    )


def test_errors_in_the_background_weigh_less(loss: PerceptualLoss) -> None:
    target = torch.randn(1, 3, 128, 128)
    shown = target * _half()
    on, off = shown.clone(), shown.clone()
    on[..., 10:20, 10:20] += 1
    off[..., 10:20, 100:110] += 1
    ratio = loss.errors(off, target, _half()) / loss.errors(on, target, _half())
    torch.testing.assert_close(ratio, torch.full((6,), 0.3), rtol=1e-3, atol=0)


def test_what_the_target_shows_behind_the_person_does_not_matter(loss: PerceptualLoss) -> None:
    rebuilt, target = torch.randn(2, 1, 3, 128, 128).unbind()
    other = torch.where(_half() > 0, target, torch.randn_like(target))
    torch.testing.assert_close(
        loss.errors(rebuilt, target, _half()), loss.errors(rebuilt, other, _half())
    )


def test_targets_and_masks_are_reduced_to_what_was_rebuilt(loss: PerceptualLoss) -> None:
    rebuilt = torch.randn(1, 3, 32, 32)
    target = torch.randn(1, 3, 256, 256)
    small = torch.nn.functional.avg_pool2d(target, 8)
    torch.testing.assert_close(loss.errors(rebuilt, target), loss.errors(rebuilt, small))
    masks = torch.nn.functional.avg_pool2d(_half(), 4)
    torch.testing.assert_close(
        loss.errors(rebuilt, target, _half()), loss.errors(rebuilt, small, masks)
    )


def test_an_error_that_is_the_same_everywhere_is_told_as_it_is(loss: PerceptualLoss) -> None:
    """However small the person is: errors are means, by weight, and not sums."""
    target = torch.randn(1, 3, 128, 128)
    found = loss.errors(target * _half() + 0.5, target, _half())
    torch.testing.assert_close(found, ERRORS, rtol=1e-4, atol=0)


class Halves(VGGFeatures):
    """Five times the means of the image's left and right half."""

    def __init__(self) -> None:
        torch.nn.Module.__init__(self)

    def forward(self, image: Tensor) -> list[Tensor]:
        return [torch.nn.functional.adaptive_avg_pool2d(image, (1, 2))] * 5


def test_a_cell_of_a_feature_map_weighs_as_much_as_what_it_covers() -> None:
    masks = torch.zeros(1, 1, 128, 128)
    masks[..., :28] = 1  # and 4 more: half of the left cell
    target = torch.zeros(1, 3, 128, 128)
    rebuilt = target.clone()
    rebuilt[..., :64] = 1.0
    left, right = (1 + 0.3) / 2, 0.3
    wanted = torch.full((6,), left / (left + right))
    found = PerceptualLoss(Halves()).errors(rebuilt, target, masks)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=0)
