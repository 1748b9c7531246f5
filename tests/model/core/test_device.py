"""The device is one on which a computation really ran, and the reason says so."""

from __future__ import annotations

import ctypes
import gc
import platform
import subprocess
import sys
import threading
import warnings
import weakref

import pytest
import torch

from model.core import device as device_module
from model.core.device import (
    choose_device,
    cpu_supports_bfloat16,
    denormals_are_zero,
    give_back_memory,
    prefers_bfloat16,
)
from model.core.errors import UserError
from tests.architecture import ROOT

needs_no_gpu = pytest.mark.skipif(
    torch.cuda.is_available() or torch.backends.mps.is_available(),
    reason="says what happens on a machine without a GPU, and this one has one",
)


@pytest.fixture
def visible_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Test GPU")


def let_trial_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the trial convolution succeed for any device."""
    real_ones = torch.ones
    monkeypatch.setattr(torch, "ones", lambda *shape, device: real_ones(*shape))


def test_cpu_when_asked() -> None:
    choice = choose_device("cpu")
    assert choice.device == torch.device("cpu")
    assert "as asked" in choice.reason


@needs_no_gpu
@pytest.mark.parametrize("wanted", [None, "auto"])
def test_auto_without_gpu_is_the_cpu_and_says_why(wanted: str | None) -> None:
    choice = choose_device(wanted)
    assert choice.device.type == "cpu"
    assert "no CUDA GPU is visible" in choice.reason
    assert "no Apple GPU" in choice.reason


def test_auto_takes_a_working_gpu(visible_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    let_trial_succeed(monkeypatch)
    choice = choose_device()
    assert choice.device.type == "cuda"
    assert "Test GPU" in choice.reason


def test_auto_passes_over_a_gpu_that_fails(
    visible_gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*shape: int, device: torch.device) -> torch.Tensor:
        raise RuntimeError("no kernel image is available\nfor execution on the device")

    monkeypatch.setattr(torch, "ones", fail)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    choice = choose_device()
    assert choice.device.type == "cpu"
    assert "no kernel image is available)" in choice.reason


def test_the_driver_warning_becomes_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def warn_and_refuse() -> bool:
        warnings.warn("The NVIDIA driver on your system is too old.", stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", warn_and_refuse)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert "driver on your system is too old" in choose_device().reason


@pytest.mark.parametrize("wanted", ["gpu", "", "cuda:x", "meta", "xpu"])
def test_unknown_device_names_what_there_is(wanted: str) -> None:
    with pytest.raises(UserError, match=r"Available here: .*cpu\.$") as caught:
        choose_device(wanted)
    assert repr(wanted) in str(caught.value)


@needs_no_gpu
@pytest.mark.parametrize("wanted", ["cuda", "cuda:7", "mps"])
def test_unusable_device_is_refused(wanted: str) -> None:
    with pytest.raises(UserError, match="cannot be used"):
        choose_device(wanted)


@pytest.mark.parametrize(
    ("capabilities", "used", "expected"),
    [
        ({"avx2": True, "avx512_bf16": False}, "AVX512", False),
        ({"avx512_bf16": True}, "AVX512", True),
        ({"avx512_bf16": True}, "AVX2", False),
        ({"amx_bf16": True}, "AVX512", True),
        ({"amx_bf16": True}, "DEFAULT", False),
        ({"neon": True, "bf16": True}, "DEFAULT", True),
    ],
)
def test_bfloat16_follows_the_cpu(
    capabilities: dict[str, bool], used: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: used)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert cpu_supports_bfloat16() is expected


def test_bfloat16_is_refused_when_pytorch_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert cpu_supports_bfloat16() is False


def test_the_trial_really_computes() -> None:
    assert device_module._find_fault(torch.device("cpu")) is None
    assert device_module._find_fault(torch.device("cuda:99")) is not None


def _tiny() -> float:
    return float(torch.tensor([1e-30]) * 1e-10)


def test_denormals_are_zero_inside_and_only_in_this_thread() -> None:
    elsewhere: list[float] = []
    thread = threading.Thread(target=lambda: elsewhere.append(_tiny()))
    before = _tiny()

    @denormals_are_zero()
    def inside() -> float:
        with denormals_are_zero():
            pass
        return _tiny()  # what is nested leaves it so

    assert inside() == 0.0
    thread.start()
    thread.join()
    assert before == _tiny() > 0
    assert elsewhere == [before]


def test_denormals_come_back_after_an_error() -> None:
    with pytest.raises(ValueError, match="wrong"), denormals_are_zero():
        raise ValueError("wrong")
    assert _tiny() > 0


@pytest.mark.parametrize("library", [None, object()])
def test_what_is_unused_is_let_go_whatever_the_c_library(
    library: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Node:
        def __init__(self) -> None:
            self.itself = self

    if library is not None:
        monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    gc.disable()
    try:
        gone = weakref.ref(Node())
        assert gone() is not None
        give_back_memory()
        assert gone() is None
    finally:
        gc.enable()


# In a process of its own, whose heaps nobody else has used: what is kept (MB) of 50 blocks of 1 MB
# when the thread that took them has freed them and ended, by the setting that keeps and by ours.
# Threads that go on living, as one that has ended leaves its heap to the next. A smaller block
# above the blocks keeps the heap as long as it is, unless the blocks do not lie in it.
_KEPT = """
import ctypes
import threading
import psutil
from model.core import device

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
end = threading.Event()

def work(freed, pinned):
    blocks = [libc.malloc(2**20) for _ in range(50)]
    if pinned:
        libc.malloc(100_000)
    for block in blocks:
        ctypes.memset(block, 1, 2**20)
    for block in blocks:
        libc.free(block)
    freed.set()
    end.wait()

def kept(*, pinned=False):
    before = psutil.Process().memory_info().rss
    freed = threading.Event()
    threading.Thread(target=work, args=(freed, pinned)).start()
    freed.wait()
    return (psutil.Process().memory_info().rss - before) / 1e6

device._mallopt({device._MMAP_THRESHOLD: 2**25, device._TRIM_THRESHOLD: 2**30})
much = kept()
device.return_freed_memory()
print(much, kept(), kept(pinned=True))
device.return_freed_memory(large_blocks=True)
print(kept(pinned=True))
end.set()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="is about glibc's heaps")
def test_what_a_thread_freed_goes_back_if_the_program_stays_open() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _KEPT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    without, with_it, pinned, large = map(float, run.stdout.split())
    assert without > 30 and pinned > 30
    assert with_it < 15 and large < 15


@pytest.mark.parametrize("supported", [True, False])
def test_a_gpu_computes_in_bfloat16_where_it_has_the_instructions(
    monkeypatch: pytest.MonkeyPatch, supported: bool
) -> None:
    def is_supported(including_emulation: bool = True) -> bool:
        return including_emulation or supported

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_supported)
    assert prefers_bfloat16(torch.device("cuda")) is supported
    assert not prefers_bfloat16(torch.device("mps"))
