"""What a KeypointGAN may be made of, and how it is trained: errors in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from model.core.errors import UserError
from model.keypointgan.networks import KeypointGan, to_pixels, to_unit
from model.keypointgan.rendering import SKELETONS
from model.keypointgan.settings import VARIANTS, KeypointGanSettings, KeypointGanSpec, gan_preset


def test_the_published_values() -> None:
    assert KeypointGanSpec() == KeypointGanSpec(
        "h36m32", 128, 32, 64, 3, 0.2, True, False, True, False
    )
    s = KeypointGanSettings()
    assert (s.batch_size, s.learning_rate, s.beta1, s.clip, s.pool) == (16, 2e-4, 0.5, 1.0, 50)
    assert (s.adversarial, s.reconstruction, s.perceptual) == (10, 10, "linear")
    assert (s.regressor_image, s.regressor_prior, s.window) == (0.1, 0.9, 1000)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"skeleton_name": "coco17"}, r"no skeleton to draw of the joint set 'coco17'.*h36m32"),
        ({"size": 100}, r"The setting size was 100; it must be a multiple of 8 from 24\."),
        ({"size": 16}, "The setting size was 16"),
        ({"width": 0}, r"The setting width was 0; it must be 1 or more\."),
        ({"discriminator_width": -1}, "The setting discriminator_width was -1"),
        ({"scales": 0}, "The setting scales was 0; it must be 1 or more"),
        ({"scales": 4}, r"scales was 4; it must be so few that 128 pixels halved 3 times"),
        ({"sigma": 0.0}, r"The setting sigma was 0\.0; it must be above 0\."),
        ({"sigma": float("nan")}, "The setting sigma was nan"),
    ],
)
def test_a_wrong_spec_is_told_in_words(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        replace(KeypointGanSpec(), **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 0}, r"The setting steps was 0; it must be 1 or more\."),
        ({"batch_size": 0}, "The setting batch_size was 0"),
        ({"checkpoint_every": 0}, "The setting checkpoint_every was 0"),
        ({"look_every": 0}, "The setting look_every was 0"),
        ({"regressor_steps": -1}, r"regressor_steps was -1; it must be 0 or more\."),
        ({"pool": -1}, "The setting pool was -1"),
        ({"window": -1}, "The setting window was -1"),
        ({"seed": -1}, "The setting seed was -1"),
        ({"adversarial": -0.5}, r"The setting adversarial was -0\.5"),
        ({"reconstruction": float("nan")}, "The setting reconstruction was nan"),
        ({"learning_rate": 0.0}, r"The setting learning_rate was 0\.0; it must be above 0\."),
        ({"clip": 0.0}, "The setting clip was"),
        ({"beta1": 1.0}, r"The setting beta1 was 1\.0; it must be from 0 to below 1\."),
        ({"precision": "half"}, "precision was 'half'; it must be one of: float32, bfloat16"),
        ({"perceptual": "vgg"}, "perceptual was 'vgg'; it must be one of: linear, relu"),
    ],
)
def test_wrong_settings_are_told_in_words(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        replace(KeypointGanSettings(), **changes)


@pytest.mark.parametrize("name", ["learning_rate", "adversarial", "clip"])
def test_no_setting_is_infinite(name: str) -> None:
    infinite: dict[str, Any] = {name: float("inf")}
    with pytest.raises(UserError, match=f"The setting {name} was inf"):
        KeypointGanSettings(**infinite)


@pytest.mark.parametrize(
    ("skeleton", "size", "scales"),
    [*((name, 24, 1) for name in SKELETONS), ("penn13", 104, 3), ("penn13", 56, 2)],
)
def test_every_allowed_size_gets_through_all_networks(
    skeleton: str, size: int, scales: int
) -> None:
    spec = KeypointGanSpec(skeleton, size, 2, 2, scales, second_cycle=True)
    network = KeypointGan(spec)
    x = torch.rand(2, 3, size, size)
    translation = network.translate(x)
    assert translation.skeleton_image.shape == translation.clean.shape == (2, 1, size, size)
    assert translation.points.shape == (2, len(SKELETONS[skeleton]), 2)
    assert network.rebuild(translation, x).shape == x.shape
    assert len(network.D_A(translation.clean)) == len(network.D_B(x)) == scales


def test_the_rows_of_the_ablation_table() -> None:
    assert len(VARIANTS) == 5
    assert all(
        isinstance(KeypointGanSpec(**changes), KeypointGanSpec) for _, changes in VARIANTS.values()
    )
    assert len({tuple(sorted(changes.items())) for _, changes in VARIANTS.values()}) == 5
    assert KeypointGanSpec(**VARIANTS["keypointgan"][1]) == KeypointGanSpec()


def test_without_a_condition_the_other_picture_is_not_looked_at() -> None:
    spec = KeypointGanSpec("penn13", 24, 2, 2, 1, conditional=False)
    network = KeypointGan(spec).eval()
    skeleton, a, b = torch.rand(2, 1, 24, 24), torch.rand(2, 3, 24, 24), torch.rand(2, 3, 24, 24)
    assert torch.equal(network.G_B(skeleton, a), network.G_B(skeleton, b))


def test_a_global_condition_does_not_say_where() -> None:
    torch.manual_seed(3)
    network = KeypointGan(KeypointGanSpec("penn13", 32, 8, 2, 1, global_condition=True)).eval()
    seen: list[torch.Tensor] = []
    network.G_B.decoder.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network.G_B(torch.rand(1, 1, 32, 32), torch.rand(1, 3, 32, 32))
    skeleton, condition = seen[0][0, :64], seen[0][0, 64:]
    torch.testing.assert_close(condition, condition[:, :1, :1].expand(64, 4, 4), rtol=0, atol=0)
    assert skeleton.std(dim=(1, 2)).max() > 0


def test_the_published_start() -> None:
    torch.manual_seed(0)
    network = KeypointGan(KeypointGanSpec("penn13", 32, 16, 16, 1))
    weights = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d)]
    values = torch.cat([w.detach().flatten() for w in weights])
    assert values.std().item() == pytest.approx(0.02, rel=0.02)
    assert values.mean().item() == pytest.approx(0, abs=1e-3)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    scales = torch.cat([m.weight.detach() for m in norms])
    assert scales.std().item() == pytest.approx(0.02, rel=0.1)
    assert scales.mean().item() == pytest.approx(1, abs=0.005)
    biases = [m.bias for m in network.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    assert all(bias is None or not bias.any() for bias in biases)
    for name, value in network.regressor.state_dict().items():
        assert torch.equal(value, network.offline_regressor.state_dict()[name])


def test_pixels_and_units_are_each_others_inverse() -> None:
    pixels = torch.from_numpy(np.arange(256, dtype=np.uint8)).view(1, 1, 16, 16)
    unit = to_unit(pixels)
    assert unit.min() == -1 and unit.max() == 1 and unit.dtype == torch.float32
    assert torch.equal(to_pixels(unit), pixels)
    beyond = to_pixels(torch.tensor([-7.0, 3.0, 0.0], requires_grad=True))
    assert beyond.tolist() == [0, 255, 128] and not beyond.requires_grad


def test_the_published_regressor_is_that_of_iteration_580000() -> None:
    assert KeypointGanSettings(**gan_preset("paper").settings).regressor_steps == 580_000
