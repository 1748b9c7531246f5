"""Which cameras there are, by the names that people know them by."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import cv2

from model.errors import UserError

# The one interface per system whose numbering the list below shares with OpenCV.
_BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_MSMF}


@dataclass(frozen=True)
class Camera:
    """A camera that is connected now.

    ``index`` and ``backend`` are what ``cv2.VideoCapture`` opens; they change when others are
    plugged in. ``name`` is unique in the list (a second one of a kind ends in " #2").
    ``identity`` (maker, product and name) stays the same across sessions.
    """

    index: int
    backend: int
    name: str
    identity: str


def list_cameras() -> list[Camera]:
    """The cameras that can deliver pictures, in the system's order; none is opened for it."""
    # Here, because on macOS it loads the system's whole media framework.
    from cv2_enumerate_cameras import enumerate_cameras

    found = enumerate_cameras(_BACKENDS.get(sys.platform, cv2.CAP_ANY))
    found.sort(key=lambda camera: camera.index)
    names = _numbered(camera.name for camera in found)
    identities = _numbered(
        f"{camera.vid or 0:04x}:{camera.pid or 0:04x} {camera.name}" for camera in found
    )
    return [
        Camera(camera.index, camera.backend, name, identity)
        for camera, name, identity in zip(found, names, identities, strict=True)
    ]


def find_camera(wanted: str) -> Camera:
    """The camera with that identity, name or number; a part of the name will do if only one has it.

    Letter case does not matter. Raises UserError, with the names of those that are there.
    """
    cameras = list_cameras()
    if not cameras:
        raise UserError(
            f'The camera "{wanted}" was asked for, but no camera was found. '
            "Connect one, and check that it is switched on and not held back by privacy settings."
        )
    key = wanted.strip().casefold()
    for exact in (
        [camera for camera in cameras if camera.identity.casefold() == key],
        [camera for camera in cameras if camera.name.casefold() == key],
        [camera for camera in cameras if str(camera.index) == key],
    ):
        if exact:
            return exact[0]
    partly = [camera for camera in cameras if key and key in camera.name.casefold()]
    if len(partly) == 1:
        return partly[0]
    if partly:
        raise UserError(
            f'"{wanted}" fits several cameras: {_quoted(partly)}. Give more of the name.'
        )
    raise UserError(f'There is no camera "{wanted}". Choose one of: {_quoted(cameras)}.')


def _numbered(texts: Iterable[str]) -> list[str]:
    seen: Counter[str] = Counter()
    numbered = []
    for text in texts:
        seen[text] += 1
        numbered.append(text if seen[text] == 1 else f"{text} #{seen[text]}")
    return numbered


def _quoted(cameras: list[Camera]) -> str:
    return ", ".join(f'"{camera.name}"' for camera in cameras)
