"""ONNX Runtime on the CPU, polite to whoever computes beside it."""

from __future__ import annotations

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


def first_line(error: Exception) -> str:
    """What ONNX Runtime says before it goes into details, without a full stop."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
