"""KeypointGAN's losses, by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from app.assets import PERCEPTUAL_WEIGHTS
from model.core.crop import IMAGENET_MEAN, IMAGENET_STD
from model.core.errors import UserError
from model.core.perceptual import VGGFeatures
from model.keypointgan import losses
from model.keypointgan.losses import (
    RatioPerceptualLoss,
    discriminator_loss,
    least_squares,
    load_features,
)

SCALES = (1.0, 2.0, 3.0, 4.0, 5.0)


class Multiples(nn.Module):
    """In place of VGG: what it is given, times 1 to 5. Remembers what that was."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, image: Tensor) -> list[Tensor]:
        self.seen.append(image.detach())
        return [image * scale for scale in SCALES]


@pytest.fixture
def loss() -> RatioPerceptualLoss:
    return RatioPerceptualLoss(Multiples())


def pictures(value: float) -> Tensor:
    return torch.full((2, 3, 4, 4), value)


def errors_of(difference: float) -> Tensor:
    """The six errors of pictures that differ by this much everywhere."""
    std = torch.tensor(IMAGENET_STD)
    in_vgg = (difference / 2 / std).square().mean()
    return torch.stack([torch.tensor(difference**2), *(s**2 * in_vgg for s in SCALES)])


def test_least_squares_are_averaged_over_patches_and_then_over_scales() -> None:
    scores = [torch.tensor([[3.0, 1.0]]), torch.tensor([[0.0]])]
    assert least_squares(scores, 1.0).item() == pytest.approx(((4 + 0) / 2 + 1) / 2)
    assert least_squares(scores, 0.0).item() == pytest.approx(((9 + 1) / 2 + 0) / 2)


def test_the_discriminator_wants_one_for_real_and_zero_for_fake() -> None:
    real, fake = [torch.tensor([2.0])], [torch.tensor([3.0])]
    assert discriminator_loss(real, fake).item() == pytest.approx(0.5 * (1 + 9))
    assert discriminator_loss([torch.ones(3)], [torch.zeros(3)]).item() == 0


def test_half_precision_scores_are_squared_in_full() -> None:
    scores = [torch.tensor([300.0], dtype=torch.float16)]
    assert least_squares(scores, 0.0).item() == 90_000


def test_errors_are_of_the_image_and_of_each_tap(loss: RatioPerceptualLoss) -> None:
    torch.testing.assert_close(loss.errors(pictures(0.5), pictures(0.0)), errors_of(0.5))


def test_the_first_value_is_its_own_mean(loss: RatioPerceptualLoss) -> None:
    assert loss(pictures(0.5), pictures(-0.25)).item() == pytest.approx(1.0, abs=1e-6)
    torch.testing.assert_close(loss.means, errors_of(0.75))


def test_then_the_means_move_by_a_hundredth_before_they_divide(loss: RatioPerceptualLoss) -> None:
    loss(pictures(0.5), pictures(0.0))
    second = loss(pictures(0.0), pictures(0.3))
    means = 0.99 * errors_of(0.5) + 0.01 * errors_of(0.3)
    torch.testing.assert_close(loss.means, means)
    torch.testing.assert_close(second, (errors_of(0.3) / means).mean())


def test_equal_pictures_lose_nothing(loss: RatioPerceptualLoss) -> None:
    assert loss(pictures(0.2), pictures(0.2)).item() == 0


def test_the_gradient_takes_the_means_for_constants(loss: RatioPerceptualLoss) -> None:
    rebuilt = pictures(0.5).requires_grad_()
    loss(rebuilt, pictures(0.0)).backward()
    # (x^2 + a sum of multiples of it) / constants: each ratio's slope is 2 / x of its mean share.
    wanted = torch.full_like(rebuilt, 2 / 0.5 / rebuilt.numel())
    assert rebuilt.grad is not None
    per_channel = rebuilt.grad.sum(dim=(0, 2, 3))
    assert per_channel.sum().item() == pytest.approx(wanted.sum().item(), rel=1e-5)
    assert not loss.means.requires_grad


def test_gradient_reaches_what_was_rebuilt_only(loss: RatioPerceptualLoss) -> None:
    rebuilt, image = (pictures(v).requires_grad_() for v in (0.5, 0.0))
    loss(rebuilt, image).backward()
    assert rebuilt.grad is not None and rebuilt.grad.abs().min() > 0
    assert image.grad is None


def test_the_perceptual_network_sees_imagenets_statistics(loss: RatioPerceptualLoss) -> None:
    loss(pictures(1.0), pictures(-1.0))
    features = loss.features
    assert isinstance(features, Multiples)
    black, white = features.seen
    for channel in range(3):
        mean, std = IMAGENET_MEAN[channel], IMAGENET_STD[channel]
        torch.testing.assert_close(black[:, channel], torch.full((2, 4, 4), -mean / std))
        torch.testing.assert_close(white[:, channel], torch.full((2, 4, 4), (1 - mean) / std))


def test_a_loss_that_is_not_finite_does_not_stay_in_the_means(loss: RatioPerceptualLoss) -> None:
    loss(pictures(0.5), pictures(0.0))
    assert not loss(pictures(float("nan")), pictures(0.0)).isfinite()
    assert loss(pictures(0.5), pictures(0.0)).isfinite()


def test_a_loss_that_starts_with_no_number_finds_its_means_later(loss: RatioPerceptualLoss) -> None:
    loss(pictures(float("inf")), pictures(0.0))
    assert loss(pictures(0.5), pictures(0.0)).isfinite()


def by_hand(state: dict[str, Tensor], image: Tensor, after: Callable[[Tensor], Tensor]) -> Tensor:
    """The last tap, relu5_2 or conv5_2, with torchvision's numbers of the convolutions."""
    for stage in ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26)):
        if stage[0]:
            image = functional.max_pool2d(image, 2)
        for number in stage:
            weight, bias = (state[f"{number}.{name}"].float() for name in ("weight", "bias"))
            image = after(functional.conv2d(image, weight, bias, padding=1))
    return image


@pytest.mark.parametrize("linear", [True, False])
@torch.inference_mode()
def test_the_released_vgg_has_no_relu(linear: bool) -> None:
    path = Path(PERCEPTUAL_WEIGHTS)
    features = VGGFeatures(linear=linear).load(path)
    image = torch.randn(1, 3, 32, 32)
    taps = features(image)
    assert [tap.shape[1] for tap in taps] == [64, 128, 256, 512, 512]
    assert [tap.shape[-1] for tap in taps] == [32, 16, 8, 4, 2]
    assert all((tap < 0).any() == linear for tap in taps)
    after: Callable[[Tensor], Tensor] = (lambda x: x) if linear else functional.relu
    wanted = by_hand(load_file(path), image, after)
    torch.testing.assert_close(taps[-1], wanted, rtol=1e-3, atol=1e-3 * wanted.abs().max().item())
    assert not any(p.requires_grad for p in features.parameters())


def flat_state(features: VGGFeatures) -> dict[str, Tensor]:
    """Its tensors under torchvision's names."""
    layers = (layer for block in features.blocks for layer in block.children())
    return nn.Sequential(*layers).state_dict()


@pytest.mark.parametrize("prefix", ["", "features."])
def test_a_file_of_vgg_19_is_told_from_one_of_vgg_16(prefix: str, tmp_path: Path) -> None:
    path = tmp_path / "vgg19.safetensors"
    state = flat_state(VGGFeatures(depth=19))
    # conv1_2, conv2_2, conv3_2, conv4_2 and conv5_2 of the nineteen layers.
    assert {"2.weight", "7.weight", "12.weight", "21.weight", "30.weight"} <= state.keys()
    above = {"34.weight": torch.ones(1), "classifier.0.weight": torch.ones(1)}
    save_file({prefix + name: t.half() for name, t in {**state, **above}.items()}, path)
    found = flat_state(load_features(path, linear=True))
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name].half().float()) for name in state)


def test_the_file_in_the_box_is_of_vgg_16() -> None:
    path = Path(PERCEPTUAL_WEIGHTS)
    found = flat_state(load_features(path, linear=False))
    wanted = flat_state(VGGFeatures().load(path))
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    save_file({"features.0.weight": torch.ones(2)}, tmp_path / "alex.safetensors")
    with pytest.raises(UserError, match=r"alex\.safetensors is no VGG-16 or VGG-19"):
        load_features(tmp_path / "alex.safetensors", linear=True)


def write_matconvnet(path: Path, state: dict[str, Tensor]) -> Path:
    """VGG-19 in the layout of MatConvNet's file, with layers above conv5_2 as well."""
    numbers = sorted({int(name.split(".")[0]) for name in state})
    layers = np.zeros((1, 2 * len(numbers) + 1), object)
    for place, number in enumerate(numbers):
        filters = state[f"{number}.weight"].permute(2, 3, 1, 0).numpy()
        weights = np.zeros((1, 2), object)
        weights[0, 0], weights[0, 1] = filters, state[f"{number}.bias"].numpy()[:, None]
        layers[0, 2 * place] = {"type": "conv", "name": f"conv{number}", "weights": weights}
        layers[0, 2 * place + 1] = {"type": "relu", "name": f"relu{number}"}
    above = np.zeros((1, 2), object)
    above[0, 0], above[0, 1] = np.ones((7, 7, 2, 3)), np.ones((3, 1))
    layers[0, -1] = {"type": "conv", "name": "fc6", "weights": above}
    scipy.io.savemat(path, {"layers": layers})
    return path


@torch.inference_mode()
def test_matconvnets_own_file_is_fed_as_in_the_released_code(tmp_path: Path) -> None:
    """Colours of 0 to 255, less 123.68, 116.779 and 103.939."""
    torch.manual_seed(0)
    state = flat_state(VGGFeatures(depth=19, linear=True))
    features = load_features(write_matconvnet(tmp_path / "vgg19.mat", state), linear=True)
    found = flat_state(features)
    assert all(torch.equal(found[name], state[name]) for name in state)

    image = torch.rand(1, 3, 32, 32) * 2 - 1
    seen = (image + 1) / 2 * 255 - torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1)
    first = functional.conv2d(seen, state["0.weight"], state["0.bias"], padding=1)
    wanted = functional.conv2d(first, state["2.weight"], state["2.bias"], padding=1)
    given = losses._for_vgg(image)
    scale = wanted.abs().max().item()
    torch.testing.assert_close(features(given)[0], wanted, rtol=1e-4, atol=1e-5 * scale)


def test_another_matlab_file_is_refused(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "other.mat", {"layers": np.ones(3)})
    with pytest.raises(UserError, match="is not MatConvNet's imagenet-vgg-verydeep-19"):
        load_features(tmp_path / "other.mat", linear=True)
