"""The self-supervised loss: perceptual distance in VGG-16 with running normalisers (method 1.6)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.vgg import cfgs, make_layers

from model.core.crop import reduced
from model.core.errors import UserError
from model.core.masking import error_weights, only_person

# torchvision's name of each network, and where its feature slices end: after the ReLU of conv1_2,
# conv2_2, conv3_2, conv4_2 and conv5_2.
_DEPTHS = {16: ("D", (3, 8, 13, 20, 27)), 19: ("E", (3, 8, 13, 22, 31))}
INITIAL_MEANS = (0.1966, 0.8725, 3.4260, 7.4396, 4.1430, 1.1304)
MOMENTUM = 0.01


class VGGFeatures(nn.Module):
    """Frozen VGG-16 up to relu5_2: image (N, 3, H, W) to the five tapped feature maps.

    KeypointGAN's released code has a ``depth`` of 19 and is ``linear``: without any ReLU (method
    2.5).
    """

    def __init__(self, *, depth: int = 16, linear: bool = False) -> None:
        super().__init__()
        name, taps = _DEPTHS[depth]
        # Not torchvision's whole VGG, whose classifier takes seconds to make for nothing.
        layers = list(make_layers(cfgs[name]))[: taps[-1] + 1]
        if linear:
            layers = [nn.Identity() if isinstance(x, nn.ReLU) else x for x in layers]
        starts = (0, *(tap + 1 for tap in taps[:-1]))
        self.blocks = nn.ModuleList(
            nn.Sequential(*layers[start : stop + 1])
            for start, stop in zip(starts, taps, strict=True)
        )
        self.requires_grad_(False).eval()

    def forward(self, image: Tensor) -> list[Tensor]:
        features = []
        for block in self.blocks:
            image = block(image)
            features.append(image)
        return features

    @property
    def flat(self) -> nn.Sequential:
        """The layers one after another, under torchvision's names."""
        return nn.Sequential(*(layer for block in self.blocks for layer in block.children()))

    def load(self, path: Path) -> VGGFeatures:
        """Read torchvision's ``features`` state (keys ``0.weight`` ...) from safetensors."""
        try:
            state = load_file(path)
        except (OSError, SafetensorError) as error:
            raise UserError(
                f"The perceptual weights {path} cannot be read ({error}). "
                "Restore the file from the project's assets."
            ) from error
        self.fill(state)
        return self

    def fill(self, state: Mapping[str, Tensor]) -> None:
        """Take over torchvision's ``features`` state; ``RuntimeError`` if it is of another net."""
        self.flat.load_state_dict({key: value.float() for key, value in state.items()})


class PerceptualLoss(nn.Module):
    """Six mean squared errors (the image and five VGG taps), each over its running mean, summed.

    ``means`` (6,) starts at the published constants; every batch first moves it by 1 % of the way
    to the batch's own errors and then divides by it, detached. About 6 at equilibrium.
    """

    means: Tensor

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.register_buffer("means", torch.tensor(INITIAL_MEANS), persistent=False)

    def errors(self, reconstruction: Tensor, target: Tensor, masks: Tensor | None = None) -> Tensor:
        """The six mean squared errors (6,), with gradient to ``reconstruction`` only.

        Args:
            reconstruction: (N, 3, R, R), normalised.
            target: (N, 3, S, S), normalised, S being R or more: it is reduced.
            masks: (N, 1, S, S), 0 to 1, S being R or more: where the person is in the targets. Only
                the person is then to be rebuilt, and errors elsewhere weigh little; feature maps
                are weighted by the mean of what a cell covers (``model.core.masking``).
        """
        weights, target = None, reduced(target, reconstruction.shape[-1])
        if masks is not None:
            masks = reduced(masks, reconstruction.shape[-1])
            target, weights = only_person(target, masks), error_weights(masks)
        with torch.no_grad():
            wanted = [target.detach(), *self.features(target)]
        found = [reconstruction, *self.features(reconstruction)]
        return torch.stack(
            [_mean_square(f, w, weights) for f, w in zip(found, wanted, strict=True)]
        )

    def means_after(self, errors: Tensor) -> Tensor:
        """The running means (6,) once a batch with these ``errors`` (6,) has been seen."""
        return torch.lerp(self.means, errors.detach(), MOMENTUM)

    def forward(self, reconstruction: Tensor, target: Tensor) -> Tensor:
        """Loss of one batch (scalar); moves the running means. Images (N, 3, H, W) normalised."""
        errors = self.errors(reconstruction, target)
        self.means.copy_(self.means_after(errors))
        return (errors / self.means).sum()

    def reset(self) -> None:
        """Back to the published starting constants."""
        self.means.copy_(self.means.new_tensor(INITIAL_MEANS))


def _mean_square(found: Tensor, wanted: Tensor, weights: Tensor | None) -> Tensor:
    if weights is None:
        return functional.mse_loss(found.float(), wanted.float())
    shrunk = functional.interpolate(weights, size=found.shape[-2:], mode="area")
    squares = (found.float() - wanted.float()).square().mean(dim=1, keepdim=True)
    return (shrunk * squares).sum() / shrunk.sum()


def load_perceptual_loss(path: Path) -> PerceptualLoss:
    """The loss over the VGG-16 weights in ``path``; ``UserError`` if they cannot be read."""
    return PerceptualLoss(VGGFeatures().load(path))
