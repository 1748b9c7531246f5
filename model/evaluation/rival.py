"""Rivals: other people's single-person networks, run from ONNX on the very squares that ours sees.

A rival has MoveNet's input and output: a square RGB picture of its own side goes in, the 17 COCO
keypoints come out. It is shown each crop square cut from the stored picture at its own resolution,
never an enlarged crop of ours, and answers in Penn Action's 13 joints.

Two conventions were settled on J-HMDB's training clips (every 6th frame of its clip shards):

* A relative coordinate r is pixel r * side of the crop, as MoveNet's own examples draw it. Answers
  for mirror images place it 0.5 (Thunder) and 0.4 (Lightning) crop pixels before that, as if r
  counted from the first pixel's edge; but taking r * side - 0.5 costs these networks 0.05 and 0.12
  points of PCK, so they are given the benefit of the doubt.
* The head is the middle of the ears moved up the picture by 0.05 of the rival's own torso. Moved
  along the torso instead, PCK is 0.02 and 0.08 points lower.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from model.core.crop import SquareBox, crop_matrix, invert, transform, warp
from model.core.device import RUNTIME_ERRORS, cpu_session, first_line
from model.core.errors import UserError
from model.core.skeleton import COCO17, PENN13
from model.data.records import ABSENT, correspondence
from model.evaluation.metrics import torso_of

HEAD_LIFT = 0.05
"""How far above the middle of the ears the head is, in torsos."""

_OUTPUT = [1, 1, len(COCO17), 3]
_EXPECTED = (
    f"one input, int32 of shape [1, S, S, 3], and one output, float32 of shape {_OUTPUT} "
    "(y, x and score of the COCO keypoints)"
)
_SMALLEST_TORSO = 1e-6  # pixels; nothing can be measured in units of less


class Rival:
    """A single-person network with MoveNet's input and output, on the CPU in ONNX Runtime.

    Attributes:
        name: The file's name.
        side: Pixels along each side of the network's input, from the file.
        joint_set: The joints of its answers, always Penn Action's 13.
    """

    joint_set = PENN13

    def __init__(self, path: str | Path, threads: int = 1, *, flip_test: bool = False) -> None:
        """Load the network.

        Args:
            path: The ONNX file: input int32 1 x S x S x 3, RGB 0..255; output float32
                1 x 1 x 17 x 3, (y, x, score) of the COCO keypoints, relative to the input.
            threads: CPU threads that one prediction may use.
            flip_test: Answer with the mean of the points for each crop and its mirror image.

        Raises:
            UserError: The file is missing, no ONNX model, or a model of another kind.
        """
        path = Path(path)
        self.name = path.name
        self._path = path
        self._session = _open(path, threads)
        self._input = self._session.get_inputs()[0].name
        self.side: int = _side(self._session, path)
        self._flip_test = flip_test

    def predict(
        self, images: Sequence[NDArray[np.uint8]], boxes: Sequence[SquareBox]
    ) -> NDArray[np.float64]:
        """Find the person in one square of each picture.

        Args:
            images: N pictures, each H x W x 3, uint8, RGB.
            boxes: The square of each picture that the network is shown, in its pixels.

        Returns:
            Penn Action's joints, (N, 13, 2) float64: (x, y) in pixels of each picture.

        Raises:
            UserError: ONNX Runtime cannot compute the network.
        """
        found = [self._keypoints(image, box) for image, box in zip(images, boxes, strict=True)]
        return penn_from_coco(np.array(found).reshape(-1, len(COCO17), 2))

    def _keypoints(self, image: NDArray[np.uint8], box: SquareBox) -> NDArray[np.float64]:
        """COCO keypoints (17, 2), (x, y) in pixels of the picture."""
        matrix = crop_matrix(box, self.side)
        crop = warp(image, matrix, self.side)
        points = self._run(crop)
        if self._flip_test:
            mirrored = self._run(crop[:, ::-1])[COCO17.flip_order]
            mirrored[:, 0] = self.side - 1 - mirrored[:, 0]
            points = (points + mirrored) / 2
        return transform(points, invert(matrix))

    def _run(self, crop: NDArray[np.uint8]) -> NDArray[np.float64]:
        """COCO keypoints (17, 2), (x, y) in pixels of the crop."""
        try:
            output = self._session.run(None, {self._input: crop[None].astype(np.int32)})[0]
        except RUNTIME_ERRORS as error:
            raise UserError(
                f"{self._path} cannot be computed by ONNX Runtime ({first_line(error)}). "
                "Export the network again."
            ) from error
        return np.asarray(output, np.float64)[0, 0, :, 1::-1] * self.side


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession:
    if not path.is_file():
        raise UserError(f"There is no rival {path}. Give the path of an ONNX file.")
    try:
        return cpu_session(path, threads)
    except RUNTIME_ERRORS as error:
        raise UserError(
            f"{path} cannot be read as an ONNX model ({first_line(error)}). "
            "Give an ONNX file, or copy it again if it is one."
        ) from error


def _side(session: onnxruntime.InferenceSession, path: Path) -> int:
    """The side of the network's input; ``UserError`` if input or output are not MoveNet's."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) == len(outputs) == 1:
        shape = list(inputs[0].shape)
        side = shape[1] if len(shape) == 4 else None
        if (
            isinstance(side, int)
            and shape == [1, side, side, 3]
            and list(outputs[0].shape) == _OUTPUT
            and (inputs[0].type, outputs[0].type) == ("tensor(int32)", "tensor(float)")
        ):
            return side
    raise UserError(
        f"{path} cannot be a rival: it has the input {_described(inputs)} and the output "
        f"{_described(outputs)}, and a rival needs {_EXPECTED}. "
        "Give a single-person network such as MoveNet Thunder or Lightning."
    )


def _described(arguments: Sequence[Any]) -> str:
    return " and ".join(f"{a.type} of shape {list(a.shape)}" for a in arguments) or "nothing"


def penn_from_coco(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Penn Action's 13 joints of COCO's 17 keypoints.

    Args:
        points: (N, 17, 2), (x, y) in pixels of an upright picture.

    Returns:
        (N, 13, 2) float64. The head is the middle of the ears moved up the picture by
        ``HEAD_LIFT`` torsos, from the middle of the shoulders to that of the hips; the other
        joints are the keypoints of their names.
    """
    coco = np.asarray(points, np.float64)
    head = coco[:, [COCO17.index("left ear"), COCO17.index("right ear")]].mean(axis=1)
    head[:, 1] -= HEAD_LIFT * torso_of(COCO17).lengths(coco)
    # COCO has no head of its own; whatever is taken for it here is written over.
    penn = coco[:, correspondence(COCO17, PENN13)]
    penn[:, PENN13.index("head")] = head
    return penn


@dataclass(frozen=True, eq=False)
class TorsoOffsets:
    """One constant offset for each joint, in the frame of the torso that a network predicts.

    What a network takes for a hip and what a data set marks as one may differ by a constant; this
    takes the constant off.

    Attributes:
        torsos: (13, 2) float64, in lengths of the predicted torso: how far down it, from the
            middle of the shoulders to the middle of the hips, and how far across it, a quarter turn
            on (to the picture's left where the torso is upright).
        data: What they were fitted on.
        frames: How many of its frames had a torso to measure by.
        people: How many people these show.
    """

    torsos: NDArray[np.float64]
    data: str
    frames: int
    people: int

    def applied(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Move predicted joints by the offsets.

        Args:
            points: Penn Action's joints (N, 13, 2), (x, y) in pixels.

        Returns:
            The moved joints, (N, 13, 2) float64.
        """
        joints = np.asarray(points, np.float64)
        return joints + self.torsos @ _torso_axes(joints)


def fit_offsets(
    points: NDArray[np.floating],
    truth: NDArray[np.floating],
    visible: NDArray[np.generic],
    persons: NDArray[np.str_],
    data: str,
) -> TorsoOffsets:
    """Fit the offsets: the median, over the frames, of the truth minus the prediction.

    Args:
        points: Predicted joints of Penn Action, (N, 13, 2), (x, y) in pixels.
        truth: The true ones, (N, 13, 2), in the same pixels.
        visible: (N, 13); where it is 0 a joint does not count.
        persons: (N,), whom each frame shows.
        data: What the frames are called.

    Returns:
        The offsets; those of a joint that counts nowhere are 0.

    Raises:
        UserError: No frame has a predicted torso and a joint that counts.
    """
    joints = np.asarray(points, np.float64)
    axes = _torso_axes(joints)
    square = (axes[:, 0] ** 2).sum(axis=-1)
    differences = np.asarray(truth, np.float64) - joints
    counts = (np.asarray(visible) != ABSENT) & np.isfinite(differences).all(axis=-1)
    counts &= (np.isfinite(square) & (square >= _SMALLEST_TORSO**2))[:, None]
    if not counts.any():
        raise UserError(
            f"No frame of {data} has a torso in the rival's answers and a joint that is marked, so "
            "that no offsets can be fitted. Choose other data, or leave the offsets out."
        )
    torsos = np.zeros((len(PENN13), 2))
    for joint in np.flatnonzero(counts.any(axis=0)):
        rows = counts[:, joint]
        local = (axes[rows] @ differences[rows, joint, :, None])[..., 0]
        torsos[joint] = np.median(local / square[rows, None], axis=0)
    used = counts.any(axis=1)
    return TorsoOffsets(torsos, data, int(used.sum()), len(np.unique(persons[used])))


def _torso_axes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The torso down and across, (N, 2, 2) in pixels, both as long as it; of 13 joints."""
    torso = torso_of(PENN13)
    down = points[:, list(torso.lower)].mean(axis=1) - points[:, list(torso.upper)].mean(axis=1)
    across = np.stack([-down[:, 1], down[:, 0]], axis=-1)
    return np.stack([down, across], axis=1)
