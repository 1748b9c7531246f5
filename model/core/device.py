"""Where the network computes, in PyTorch and in ONNX Runtime, and the memory it takes."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import onnxruntime
import torch
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NotImplemented,
    RuntimeException,
)
from torch.nn import functional as F

from model.core.errors import UserError

Precision = Literal["float32", "bfloat16"]
"""What is computed in."""
ServingPrecision = Literal["float32", "bfloat16", "int8"]
"""What a trained network is computed in; int8: its trunk in whole numbers, all else in float32."""

# glibc's mallopt: how many blocks may be the system's own, and from which size on they are; how
# much that is free is kept at the end of each thread's heap.
_MMAP_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -4, -3, -1
_LARGE = 2**30
_LARGEST_IN_HEAPS, _LARGEST_AMONG_LARGE, _KEPT_FREE = 32 * 1024**2, 1024**2, 4 * 1024**2
# ONNX Runtime's arena_extend_strategy, kSameAsRequested.
_AS_ASKED_FOR = 1


def give_back_memory() -> None:
    """Let go of what is unused: objects in circles, and what glibc keeps after a thread's work.

    Each thread's blocks are kept in case it wants them again; a thread that has ended never does.
    """
    gc.collect()
    trim_memory()


def trim_memory() -> None:
    """Give back what glibc keeps of freed blocks: some 20 ms, and as long again to take it anew."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


def keep_freed_memory() -> None:
    """Do not give large blocks back to the system each time that they are freed, where glibc can.

    The pages of each block are cleared again when it is taken anew: a quarter of the time of a
    training step on a CPU. For programs that compute and end; a process keeps what it once used.
    """
    _mallopt({_MMAP_MAX: 0, _TRIM_THRESHOLD: _LARGE})


def return_freed_memory(*, large_blocks: bool = False) -> None:
    """Give what is freed at the end of a heap back at once, where glibc can.

    It would keep up to 64 MB there for each thread, also for those that have ended, and
    ``trim_memory`` gives back the end of the first thread's heap alone. For programs that stay
    open. Blocks of up to 32 MB lie in heaps all the same, as they come to do by glibc's own choice:
    as the system's own, their pages would be cleared again each time.

    Args:
        large_blocks: some hundred megabytes of them are needed at once for a while. Those above
            1 MB are then the system's own. Heaps would stay that large, and what needs less
            afterwards would spread over all of them.
    """
    largest = _LARGEST_AMONG_LARGE if large_blocks else _LARGEST_IN_HEAPS
    _mallopt({_MMAP_THRESHOLD: largest, _TRIM_THRESHOLD: _KEPT_FREE})


def _mallopt(values: dict[int, int]) -> None:
    library = ctypes.CDLL(None) if os.name == "posix" else None
    if hasattr(library, "mallopt"):
        for name, value in values.items():
            library.mallopt(name, value)  # type: ignore[union-attr]


_denormals = threading.local()


@contextmanager
def denormals_are_zero() -> Iterator[None]:
    """Inside, this thread takes numbers for zero that float32 has no full precision for.

    The far tails of Gaussians and softmaxes are that small, and so are many gradients. Nothing
    depends on them, and most processors compute with them up to two hundred times slower: a
    quarter of a prediction and of an update. Outside, all is as other libraries expect it.
    """
    depth = getattr(_denormals, "depth", 0)
    _denormals.depth = depth + 1
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        _denormals.depth = depth
        if depth == 0:
            torch.set_flush_denormal(False)


@dataclass(frozen=True)
class DeviceChoice:
    """A device on which a trial convolution succeeded, and one sentence that says why it."""

    device: torch.device
    reason: str


def choose_device(wanted: str | None = None) -> DeviceChoice:
    """Choose the device to compute on.

    ``wanted`` is "cpu", "cuda", "cuda:1", "mps" …; None or "auto" takes the first of CUDA, MPS and
    CPU that works, where working means that a small convolution really ran on it.

    Raises ``UserError`` if the wanted device is unknown or does not work; it names those that do.
    """
    if wanted is None or wanted == "auto":
        return _best_device()
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise UserError(f"There is no device {wanted!r}. {_available_devices()}") from None
    fault = _find_fault(device)
    if fault is not None:
        raise UserError(f"The device {wanted!r} cannot be used: {fault}. {_available_devices()}")
    return DeviceChoice(device, f"{_describe(device)}, as asked for.")


def cpu_supports_bfloat16() -> bool:
    """Whether this CPU computes in bfloat16 natively, which makes it faster than float32 there.

    True with AVX512-BF16 or AMX (x86), unless ``ATEN_CPU_CAPABILITY`` forbids them, and with ARM's
    BF16 extension. An older PyTorch that cannot tell gives False: float32 is right everywhere.
    """
    get_capabilities = getattr(torch.cpu, "get_capabilities", None)
    if get_capabilities is None:
        return False
    capabilities = get_capabilities()
    native = ["bf16"]
    # PyTorch may have been told to leave these instructions alone.
    if torch.backends.cpu.get_cpu_capability() not in ("DEFAULT", "AVX2"):
        native += ["avx512_bf16", "amx_bf16"]
    return any(capabilities.get(name, False) for name in native)


def prefers_bfloat16(device: torch.device) -> bool:
    """Whether the device has bfloat16 instructions, and so is faster with them than in float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and cpu_supports_bfloat16()


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that the device's memory does not suffice."""
    # Apple's backend and older drivers raise a plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "out of memory" in str(error)
    )


def _best_device() -> DeviceChoice:
    faults = []
    for device in _accelerators():
        fault = _find_fault(device)
        if fault is None:
            return DeviceChoice(device, f"{_describe(device)} is the fastest device that works.")
        faults.append(fault)
    return DeviceChoice(torch.device("cpu"), f"The CPU: {' and '.join(faults)}.")


def _accelerators() -> tuple[torch.device, ...]:
    return torch.device("cuda"), torch.device("mps")


def _available_devices() -> str:
    working = [str(device) for device in _accelerators() if _find_fault(device) is None]
    return f"Available here: {', '.join([*working, 'cpu'])}."


def _find_fault(device: torch.device) -> str | None:
    """Why ``device`` cannot be used, as a clause, or None when a convolution ran on it."""
    if device.type not in ("cpu", "cuda", "mps"):
        return "only cpu, cuda and mps are supported"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if device.type == "cuda" and not torch.cuda.is_available():
            # PyTorch warns when there is a GPU whose driver it cannot use, and is silent otherwise.
            return first_line(caught[0].message) if caught else "no CUDA GPU is visible to PyTorch"
    if device.type == "mps" and not torch.backends.mps.is_available():
        return "there is no Apple GPU"
    try:
        ones = torch.ones(1, 1, 3, 3, device=device)
        F.conv2d(ones, ones).item()
    except (RuntimeError, AssertionError) as error:
        return f"a trial convolution on {device} failed ({first_line(error)})"
    return None


def _describe(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return "The Apple GPU (mps)" if device.type == "mps" else "The CPU"


@cache
def _share_memory() -> None:
    """Make the arena of this process that sessions may use."""
    kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    place = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
    arena = onnxruntime.OrtArenaCfg({"arena_extend_strategy": _AS_ASKED_FOR})
    onnxruntime.create_and_register_allocator(place, arena)


RUNTIME_ERRORS = (
    Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NotImplemented, RuntimeException,
)  # fmt: skip
"""What ONNX Runtime raises for a file that is damaged or that it cannot compute."""


def cpu_session(model: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session on an ONNX file or its bytes; a call computes with so many ``threads``.

    All sessions share one arena of memory, which grows by what is asked for. By itself each would
    have one of its own that doubles, and more than that where two threads call it at once.
    """
    _share_memory()
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
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


def first_line(error: Warning | Exception | str) -> str:
    """What PyTorch or ONNX Runtime says before it goes into details, without a full stop."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
