"""A folder of pictures as a source, in the order in which a person would number them."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.capture.source import Grab, SourceInfo
from model.errors import UserError

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Endings of the files that are taken as pictures, in lower case."""


class ImageFolderSource:
    """The pictures directly inside ``folder``, shown at ``fps`` pictures per second."""

    def __init__(self, folder: Path | str, fps: float = 25.0) -> None:
        self._folder = Path(folder)
        self._fps = fps
        self._files: list[Path] | None = None
        self._next = 0
        self._info: SourceInfo | None = None

    @property
    def info(self) -> SourceInfo:
        if self._info is None:
            raise RuntimeError("a source must be opened before its info is known")
        return self._info

    @property
    def files(self) -> tuple[Path, ...]:
        """The pictures' files, by ``media_index``, while the folder is open; else none."""
        return tuple(self._files or ())

    def open(self) -> None:
        files = self._list_files()
        height, width = _read_picture(files[0]).shape[:2]
        self._info = SourceInfo(
            name=self._folder.resolve().name,
            identity=str(self._folder.resolve()),
            width=width,
            height=height,
            fps=self._fps,
            live=False,
            frame_count=len(files),
        )
        self._files = files
        self._next = 0

    def read(self) -> Grab | None:
        if self._files is None:
            raise RuntimeError("the folder is not open")
        if self._next == len(self._files):
            return None
        index = self._next
        grab = Grab(_read_picture(self._files[index]), index, index / self._fps)
        self._next += 1
        return grab

    def rewind(self) -> None:
        if self._files is None:
            raise RuntimeError("the folder is not open")
        self._next = 0

    def close(self) -> None:
        self._files = None

    def _list_files(self) -> list[Path]:
        if not self._folder.is_dir():
            raise UserError(
                f'There is no folder "{self._folder}". Give a folder that holds pictures.'
            )
        # Names that start with a dot are side files of the system (macOS writes "._a.jpg").
        files = [
            file
            for file in self._folder.iterdir()
            if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
        ]
        if not files:
            raise UserError(
                f'The folder "{self._folder}" holds no pictures. '
                f"Give a folder with files that end in {', '.join(SUFFIXES)}."
            )
        return sorted(files, key=lambda file: natural_key(file.name))


def natural_key(name: str) -> tuple[list[int | str], str]:
    """A key that sorts ``a2`` before ``a10``; letter case only decides between equals."""
    parts = re.split(r"([0-9]+)", name)  # text and digits in turn, text first
    return [int(part) if i % 2 else part.casefold() for i, part in enumerate(parts)], name


def _read_picture(file: Path) -> NDArray[np.uint8]:
    """Decode ``file`` to height x width x 3 uint8 RGB, turned as its EXIF data says."""
    try:
        encoded = np.frombuffer(file.read_bytes(), np.uint8)
    except OSError as error:
        raise UserError(
            f'The picture "{file}" cannot be read ({error.strerror}). '
            "Make it readable or remove it from the folder."
        ) from error
    # Not cv2.imread, which cannot open names with foreign letters on Windows.
    image = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB) if encoded.size else None
    if image is None:
        raise UserError(
            f'The picture "{file}" is damaged or no picture at all. '
            "Replace it or remove it from the folder."
        )
    return np.asarray(image, np.uint8)
