"""ONNX Runtime on the CPU, polite to whoever computes beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NotImplemented,
    RuntimeException,
)

from model.core.errors import UserError

RUNTIME_ERRORS = (
    Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NotImplemented, RuntimeException,
)  # fmt: skip
"""What ONNX Runtime raises for a file that is damaged or that it cannot compute."""


def cpu_session(model: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session on an ONNX file or its bytes; a call computes with so many ``threads``."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Waiting threads would otherwise spin on cores that others need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        model, sess_options=options, providers=["CPUExecutionProvider"]
    )


def checked_session(
    path: Path,
    threads: int,
    *,
    what: str,
    inputs: Sequence[tuple[str, str, list[int | None]]],
    outputs: Sequence[list[int | None]],
) -> onnxruntime.InferenceSession:
    """A session on one of the models in the box.

    Args:
        path: its ONNX file.
        threads: how many CPU threads one call may use.
        what: it is, for a message.
        inputs: name, type and shape of each input that it must have; None is a side of any length.
        outputs: the shape of each output.

    Raises:
        UserError: the file is missing, damaged, or another model.
    """
    restore = f"Restore {'/'.join(path.parent.parts[-2:])} from the repository."
    if not path.is_file():
        raise UserError(f"There is no {what} at {path}. {restore}")
    try:
        session = cpu_session(path, threads)
    except RUNTIME_ERRORS as error:
        raise UserError(
            f"{path} cannot be read as an ONNX model; it may be truncated. {restore}"
        ) from error
    found = [(i.name, i.type, _sides(i.shape)) for i in session.get_inputs()]
    if found != list(inputs) or [_sides(o.shape) for o in session.get_outputs()] != list(outputs):
        raise UserError(f"{path} is an ONNX model, but not a {what}. {restore}")
    return session


def _sides(shape: Sequence[object]) -> list[int | None]:
    """A shape with None for a side of any length, which the file gives a name."""
    return [side if isinstance(side, int) else None for side in shape]


def first_line(error: Exception) -> str:
    """What ONNX Runtime says before it goes into details, without a full stop."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
