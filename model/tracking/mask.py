"""Where in a picture the person is, by MediaPipe's selfie segmentation through ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.core.crop import SquareBox, warp
from model.core.device import checked_session
from model.core.masking import MASK_INPUT, MASK_SIZE, PersonMask, mask_matrix

# Less of the picture than this is no person found, but a face on a poster or nothing at all.
_LEAST_SHARE = 0.015


class PersonMasker:
    """Finds the person in crops. Safe between threads.

    Args:
        path: the ONNX file.
        threads: how many CPU threads one call may use.

    Raises:
        UserError: the file is missing, damaged, or another model.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        self._session = checked_session(
            Path(path),
            threads,
            what="person mask",
            inputs=[("input_1:0", "tensor(float)", [1, MASK_INPUT, MASK_INPUT, 3])],
            outputs=[[1, MASK_INPUT, MASK_INPUT, 1]],
        )

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The mask (128, 128), 0 to 255, of a square picture (S, S, 3), uint8, RGB.

        Where nobody is found all of the picture counts as person: then nothing is hidden, which is
        better than everything.
        """
        image = cv2.resize(picture, (MASK_INPUT, MASK_INPUT), interpolation=cv2.INTER_LINEAR)
        scaled = image[None].astype(np.float32) / 255
        found = self._session.run(None, {"input_1:0": scaled})[0][0, :, :, 0]
        small = cv2.resize(found, (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_AREA)
        if small.mean() < _LEAST_SHARE:
            return np.full((MASK_SIZE, MASK_SIZE), 255, np.uint8)
        return np.round(255 * np.clip(small, 0, 1)).astype(np.uint8)

    def find(self, frame: NDArray[np.uint8], box: SquareBox) -> PersonMask:
        """The mask of the person whose crop square in ``frame`` (H, W, 3), uint8, is ``box``."""
        return PersonMask(self(warp(frame, mask_matrix(box, MASK_INPUT), MASK_INPUT)), box)
