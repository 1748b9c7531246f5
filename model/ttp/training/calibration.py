"""Measures what the values in a network's trunk range over, to compute it in whole numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import Tensor

from model.core.crop import to_tensor
from model.core.errors import UserError
from model.core.files import sha256_of
from model.data.catalogue import Request
from model.ttp import weights
from model.ttp.networks import NetworkSpec
from model.ttp.networks.encoder import MoveNetEncoder
from model.ttp.onnx_int8 import Ranges, measured
from model.ttp.prediction import crop_picture


def calibrate(
    path: Path, data: Sequence[Request], pictures: int = 100, aside: float = 0.0
) -> Ranges:
    """The ranges of a network's values on training pictures, whose labels are not looked at.

    Args:
        path: the network's weight file.
        data: the data sets; as many pictures come from each.
        pictures: how many in all, spread over the people.
        aside: the share of the people (0 to 1) who are left out, as in training.

    Raises:
        UserError: a file cannot be used, or the network's trunk is not MoveNet's.
    """
    network = weights.load(path)
    if not isinstance(network.encoder, MoveNetEncoder):
        raise UserError(
            f"{path} has a {network.spec.backbone}, and only MoveNet's trunk can be computed in "
            "int8. Give a network with movenet-thunder or movenet-lightning."
        )
    images = [
        image
        for request in data
        for image in _images(request, network.spec, -(-pictures // len(data)), aside)
    ]
    names = ", ".join(request.named for request in data)
    values = tuple(measured(network.encoder, images))
    return Ranges(sha256_of(path), f"{len(images)} pictures of {names}", values)


def _images(request: Request, spec: NetworkSpec, count: int, aside: float) -> Iterator[Tensor]:
    """The network's input (1, 3, S, S) for so many frames, as far apart as can be."""
    people, _ = request.read("train", spec.crop_shift).divided(aside)
    rows = [(clip, frame) for clip in people for frame in range(len(clip))]
    for clip, frame in rows[:: max(1, len(rows) // count)][:count]:
        clip.check(frame)
        crop = crop_picture(clip.frames.read(frame), clip.box(frame), spec)
        yield to_tensor([crop], bgr=spec.bgr)
