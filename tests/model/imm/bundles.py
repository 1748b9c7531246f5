"""Checkpoints in TensorFlow's format, written byte by byte for tests."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorboard.summary.writer.record_writer import masked_crc32c

Tensors = Mapping[str, NDArray[Any]]
TENSORS: Tensors = {
    "model/a/b": np.arange(4, dtype=np.float32),
    "model/a/w": np.random.default_rng(0).normal(size=(3, 3, 2, 4)).astype(np.float32),
    "model/step": np.array(7, np.int64),
    "model/wide": np.array([[1.5, -2]]),
}
_NUMBERS = {"<f4": 1, "<f8": 2, "<i4": 3, "<i8": 9, "|u1": 4}


def varint(value: int) -> bytes:
    digits = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([*(digit | 0x80 for digit in digits[:-1]), digits[-1]])


def field(number: int, value: int | bytes) -> bytes:
    """A field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def entry(tensor: NDArray[Any], offset: int, more: bytes = b"") -> bytes:
    shape = b"".join(field(2, field(1, axis)) for axis in tensor.shape)
    checksum = varint(6 << 3 | 5) + struct.pack("<I", masked_crc32c(tensor.tobytes()))
    place = field(4, offset) + field(5, tensor.nbytes)
    return field(1, _NUMBERS[tensor.dtype.str]) + field(2, shape) + place + checksum + more


def block(pairs: list[tuple[bytes, bytes]], interval: int = 16) -> bytes:
    """Entries that leave out what a key shares with the one before, but for every 16th."""
    content, starts, before = b"", [], b""
    for number, (key, value) in enumerate(pairs):
        shared = 0
        if number % interval == 0:
            starts.append(len(content))
        else:
            while shared < min(len(key), len(before)) and key[shared] == before[shared]:
                shared += 1
        content += varint(shared) + varint(len(key) - shared) + varint(len(value))
        content += key[shared:] + value
        before = key
    content += b"".join(struct.pack("<I", start) for start in starts or [0])
    content += struct.pack("<I", len(starts or [0])) + b"\0"
    return content + struct.pack("<I", masked_crc32c(content))


def table(pairs: list[tuple[bytes, bytes]], size: int = 3) -> bytes:
    """A LevelDB table with blocks of ``size`` entries."""
    content, index = b"", []
    for start, stop in pairwise([*range(0, len(pairs), size), len(pairs)]):
        part = block(pairs[start:stop])
        index.append((pairs[stop - 1][0], varint(len(content)) + varint(len(part) - 5)))
        content += part
    handles = b""
    for part in (block([]), block(index, interval=1)):
        handles += varint(len(content)) + varint(len(part) - 5)
        content += part
    return content + handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def write(
    prefix: Path, tensors: Tensors, *, more: bytes = b"", header: bytes = field(1, 1)
) -> Path:
    data, pairs = b"", [(b"", header)]
    for name, tensor in sorted(tensors.items()):
        pairs.append((name.encode(), entry(tensor, len(data), more)))
        data += tensor.tobytes()
    prefix.with_name(f"{prefix.name}.index").write_bytes(table(pairs))
    prefix.with_name(f"{prefix.name}.data-00000-of-00001").write_bytes(data)
    return prefix
