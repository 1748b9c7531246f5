"""IMM's loss: six errors over running means that are part of the gradient."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from app.assets import PERCEPTUAL_WEIGHTS
from model.core.crop import normalized
from model.core.errors import UserError
from model.core.perceptual import VGGFeatures
from model.imm.loss import (
    _LAYERS,
    ImmPerceptualLoss,
    ImmSquaredLoss,
    load_features,
    masked_error,
    weight_loss,
)
from model.imm.networks import SameConv2d

SCALES = torch.tensor([1.0, 1.0, 2.0, 3.0, 4.0, 5.0])
PUBLISHED = torch.tensor([100.0, 1.6, 2.3, 1.8, 2.8, 100.0])


class Multiples(nn.Module):
    """The picture times 1 to 5, so that every error can be worked by hand."""

    def forward(self, image: Tensor) -> list[Tensor]:
        return [image * scale for scale in (1, 2, 3, 4, 5)]


def differing_by(value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    target = torch.full((2, 3, 8, 8), 40.0)
    return target + value, target, torch.ones(2, 1, 8, 8)


@pytest.mark.parametrize("detached", [False, True])
def test_the_divisor_counts_the_batch_and_is_in_the_gradient_unless_detached(
    detached: bool,
) -> None:
    loss = ImmPerceptualLoss(Multiples(), initial_means="published", detached=detached)
    offset = torch.tensor(3.0, requires_grad=True)
    value = loss(*differing_by(offset))
    value.backward()

    errors = (3 * SCALES) ** 2
    means = 0.99 * PUBLISHED + 0.01 * errors
    torch.testing.assert_close(value.detach(), 1000 * (errors / means).sum())
    torch.testing.assert_close(loss.means, means)
    slopes = 1 / means if detached else 0.99 * PUBLISHED / means**2
    assert offset.grad is not None
    torch.testing.assert_close(offset.grad, 1000 * (slopes * 2 * SCALES**2 * 3).sum())


def test_the_means_move_in_training_only() -> None:
    loss = ImmPerceptualLoss(Multiples(), initial_means="published").eval()
    offset = torch.tensor(3.0)
    seen = loss(*differing_by(offset))
    torch.testing.assert_close(loss.means, PUBLISHED)
    torch.testing.assert_close(loss.train()(*differing_by(offset)), seen)
    assert not torch.equal(loss.means, PUBLISHED)


def test_the_first_batch_can_give_the_first_means() -> None:
    loss = ImmPerceptualLoss(Multiples())
    first = loss(*differing_by(torch.tensor(3.0)))
    torch.testing.assert_close(first, torch.tensor(6000.0))
    torch.testing.assert_close(loss.means, (3 * SCALES) ** 2)
    loss(*differing_by(torch.tensor(1.0)))
    torch.testing.assert_close(loss.means, (0.99 * 9 + 0.01) * SCALES**2)


def test_equal_pictures_have_no_loss_even_at_first() -> None:
    loss = ImmPerceptualLoss(Multiples())
    assert loss(*differing_by(torch.tensor(0.0))) == 0


def test_what_the_mask_hides_counts_nothing_but_its_place_in_the_mean() -> None:
    found, wanted = torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4)
    found[..., :2] = 100
    found[..., 2:] = 6
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., 4:] = 0.5
    torch.testing.assert_close(masked_error(found, wanted, mask), torch.tensor(0.5 * 36 / 2))
    torch.testing.assert_close(
        ImmSquaredLoss()(found, wanted, mask), torch.tensor(1000 / 255 * 0.5 * 36 / 2)
    )


def test_weight_decay_is_half_the_squared_norm_of_convolution_weights() -> None:
    network = nn.Sequential(SameConv2d(1, 2, 3), nn.BatchNorm2d(2), SameConv2d(2, 1, 1))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(2)
    torch.testing.assert_close(weight_loss(network), torch.tensor(0.5 * 4 * (18 + 2)))


def test_imagenets_features_are_those_of_the_normalised_picture() -> None:
    image = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8)
    found = load_features(PERCEPTUAL_WEIGHTS)(image.float())
    wanted = VGGFeatures().load(PERCEPTUAL_WEIGHTS)(normalized(image))
    assert [f.shape[1] for f in found] == [64, 128, 256, 512, 512]
    for f, w in zip(found, wanted, strict=True):
        torch.testing.assert_close(f, w, rtol=1e-4, atol=1e-4)


def test_a_colourization_network_in_caffes_names_sees_grey_with_folded_statistics(
    tmp_path: Path,
) -> None:
    plain = load_file(PERCEPTUAL_WEIGHTS)
    grey = plain["0.weight"].sum(dim=1, keepdim=True)
    caffe = {}
    for name, index in _LAYERS.items():
        caffe[f"{name}.0"] = plain[f"{index}.weight"]
        caffe[f"{name}.1"] = plain[f"{index}.bias"]
    mean, variance = torch.full((64,), 0.25), torch.full((64,), 4.0)
    caffe["conv1_1.0"] = grey
    caffe |= {"batch_conv1_1.0": 2 * mean, "batch_conv1_1.1": 2 * variance}
    caffe["batch_conv1_1.2"] = torch.tensor([2.0])
    path = tmp_path / "colorization.safetensors"
    save_file(caffe, path)

    image = 255 * torch.rand(1, 3, 32, 32)
    features = load_features(path, "colorization")
    assert not any(p.requires_grad for p in features.parameters())
    found = features(image)[0]
    x = image.mean(dim=1, keepdim=True) / 255 - 114.451 / 255
    x = functional.conv2d(x, grey.float(), plain["0.bias"].float(), padding=1)
    x = ((x - 0.25) / (4 + 1e-5) ** 0.5).relu()
    x = functional.conv2d(x, plain["2.weight"].float(), plain["2.bias"].float(), padding=1).relu()
    torch.testing.assert_close(found, x, rtol=1e-4, atol=1e-4)


def test_another_networks_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="first layer has 1 channel"):
        load_features(PERCEPTUAL_WEIGHTS, "colorization")
    path = tmp_path / "no.safetensors"
    save_file({"0.weight": torch.zeros(64, 3, 3, 3)}, path)
    with pytest.raises(UserError, match="VGG-16"):
        load_features(path)
    path.write_bytes(b"nothing")
    with pytest.raises(UserError, match="cannot be read"):
        load_features(path)
    with pytest.raises(UserError, match="cannot be read"):
        load_features(tmp_path / "missing.safetensors")
