"""The recording with the window's drawing over it, as a video file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QImage, QPainter, QTransform

from app.gui.application import application_without_screen
from app.gui.painting import paint_result, to_qimage
from app.runtime.capture.source import SourceInfo
from app.runtime.live.results import NetworkInfo, PoseResult
from app.runtime.recordings.pipeline import ProcessedFrame
from app.settings import Overlays
from model.core.errors import UserError

# H.264 plays everywhere, but OpenCV has an encoder for it only on some systems.
_CODECS = ("avc1", "mp4v")
_STANDARD = Overlays()


class OverlayVideo:
    """Writes every frame of a recording, drawn over, at the recording's nominal frame rate.

    The size is that of the recording's first frame; a picture of another size is fitted into it.
    The encoders count in pairs of pixels: an odd last row or column is left out. ``codec`` is the
    four-letter code of the encoder that this system has. ``UserError`` if it has none.
    """

    def __init__(
        self,
        path: Path,
        source: SourceInfo,
        network: NetworkInfo,
        overlays: Overlays = _STANDARD,
    ) -> None:
        self._path = path
        self._overlays = overlays
        # Qt has fonts only while there is an application.
        if overlays.angles:
            application_without_screen()
        self._size = (source.width, source.height)
        self._network = network
        self._written = 0
        self._writer, self.codec = _open(path, source.fps, self._size)

    def add(self, processed: ProcessedFrame) -> None:
        image = draw(
            processed.frame.image, processed.result, self._network, self._size, self._overlays
        )
        self._writer.write(image)
        self._written += 1

    def finish(self) -> None:
        self._writer.release()
        # A failing encoder or a full disk is not told of in any other way.
        video = cv2.VideoCapture(str(self._path))
        readable = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        video.release()
        if readable != self._written:
            raise OSError(f"{self._path.name} has {readable} of {self._written} frames")

    def close(self) -> None:
        self._writer.release()


def draw(
    image: NDArray[np.uint8],
    result: PoseResult,
    network: NetworkInfo,
    size: tuple[int, int],
    overlays: Overlays = _STANDARD,
) -> NDArray[np.uint8]:
    """``image`` (H x W x 3, RGB) with ``result`` drawn over it, fitted into ``size``.

    ``size`` is (width, height). Returns height x width x 3, uint8, **BGR**, as encoders take it.
    """
    width, height = size
    canvas = QImage(width, height, QImage.Format.Format_RGB32)
    canvas.fill(0)
    painter = QPainter(canvas)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setTransform(_fit(image.shape[1], image.shape[0], width, height))
    painter.drawImage(0, 0, to_qimage(image))
    paint_result(painter, result, network, overlays)
    painter.end()
    memory = canvas.constBits()
    assert memory is not None
    pixels = np.frombuffer(memory.asstring(canvas.sizeInBytes()), np.uint8)
    return np.ascontiguousarray(pixels.reshape(height, width, 4)[..., :3])  # blue lies first


def _fit(width: int, height: int, room_width: int, room_height: int) -> QTransform:
    zoom = min(room_width / width, room_height / height)
    shift_x, shift_y = (room_width - zoom * width) / 2, (room_height - zoom * height) / 2
    return QTransform.fromTranslate(shift_x, shift_y).scale(zoom, zoom)


def _open(path: Path, fps: float, size: tuple[int, int]) -> tuple[cv2.VideoWriter, str]:
    for codec in _CODECS:
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, size)
        if writer.isOpened():
            return writer, codec
    raise UserError(
        f"OpenCV cannot encode a video of {size[0]} x {size[1]} pixels on this system. "
        "Add --no-overlay to do without the overlay video."
    )
