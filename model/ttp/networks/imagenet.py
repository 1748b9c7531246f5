"""ImageNet weights for a backbone that is to be trained."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import torchvision
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from model.core.errors import UserError
from model.ttp.networks.encoder import RESNETS
from model.ttp.networks.variants import PoseNetwork

TORCHVISION = "torchvision"
# The papers' networks began with these; newer ones of ResNet-50 were trained by another recipe.
_VERSION = "IMAGENET1K_V1"


def load_imagenet(network: PoseNetwork, source: str) -> None:
    """Fill the network's ResNet with ImageNet weights.

    ``source`` is ``torchvision``, which downloads its own first weights of that backbone, or the
    path of a safetensors file with torchvision's names. ``UserError`` if they cannot be
    had or do not fit.
    """
    backbone = network.spec.backbone
    state = _downloaded(backbone) if source == TORCHVISION else _read(Path(source))
    own = {
        name: value
        for name, value in network.encoder.state_dict().items()
        if not name.startswith("deconv.") and not name.endswith("num_batches_tracked")
    }
    unfit = [n for n, v in own.items() if n not in state or state[n].shape != v.shape]
    if unfit:
        raise UserError(
            f"The ImageNet weights of {source} do not fit {backbone} ({len(unfit)} tensors are "
            f"missing or of another shape, first: {unfit[0]}). Give those of {backbone}."
        )
    network.encoder.load_state_dict({n: state[n].float() for n in own}, strict=False)


def _downloaded(backbone: str) -> dict[str, Tensor]:
    if backbone not in RESNETS:
        raise UserError(
            f"torchvision has no weights of {backbone}, only of {', '.join(RESNETS)}. Choose one "
            "of these with --backbone, or leave --imagenet out."
        )
    try:
        return dict(getattr(torchvision.models, backbone)(weights=_VERSION).state_dict())
    except (URLError, OSError) as error:
        raise UserError(
            f"torchvision's weights of {backbone} could not be downloaded ({error}). Connect to "
            "the network once, or give a safetensors file of them with --imagenet FILE."
        ) from error


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise UserError(f"There is no file {path} with ImageNet weights. Give one, or torchvision.")
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"{path} is not a whole safetensors file ({error}). Copy it again."
        ) from error
