"""TensorFlow's checkpoints, read without TensorFlow: ``NAME.index`` and ``NAME.data-*-of-*``.

The index is a LevelDB table: blocks of sorted keys, each with a checksum, and a footer that says
where they are. It maps a tensor's name to its type, its shape and its place in a data file. Nothing
is run, and nothing larger than the files themselves is made.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorboard.summary.writer.record_writer import masked_crc32c

from model.core.errors import UserError

_LARGEST_INDEX = 64 << 20  # bytes; that of a published network has some kilobytes
_FOOTER, _TRAILER = 48, 5
_MAGIC = 0xDB4775248B80FB57
_MOST_AXES = 8
# The types that are read, by TensorFlow's numbers for them.
_TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}
_PARTS = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")


class _DamagedError(Exception):
    """What is wrong with a file, as the end of a sentence."""


@dataclass(frozen=True)
class Entry:
    """Where a tensor is: bytes ``offset`` to ``offset + size`` of data file ``shard``."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int
    sliced: bool


class TensorBundle:
    """A checkpoint whose index was read; tensors are read one by one when asked for."""

    def __init__(self, prefix: Path, entries: dict[str, Entry], shards: int) -> None:
        self.prefix = prefix
        self.entries = entries
        self._shards = shards

    @classmethod
    def open(cls, path: Path) -> TensorBundle:
        """Read the index. ``path`` is a checkpoint's name, or one of its files.

        ``UserError`` for a file that is missing, damaged, or none of these.
        """
        prefix = path.with_name(_PARTS.sub("", path.name))
        index = prefix.with_name(f"{prefix.name}.index")
        try:
            if index.stat().st_size > _LARGEST_INDEX:
                raise _DamagedError(f"it is larger than {_LARGEST_INDEX >> 20} MB")
            values = dict(_table(index.read_bytes()))
            header = _message(values.pop(b"", b""))
            if header.get(2, [0]) != [0]:
                raise _DamagedError("it was written on a big-endian computer")
            entries = {name.decode(): _entry(value) for name, value in values.items()}
            return cls(prefix, entries, int(header.get(1, [0])[0]))
        except OSError as error:
            raise UserError(
                f"There is no {index} that can be read ({error.strerror or error}). Give the name "
                "of a TensorFlow checkpoint, such as model.ckpt, whose files .index and "
                ".data-00000-of-00001 lie beside each other."
            ) from error
        except (_DamagedError, UnicodeDecodeError) as error:
            raise UserError(
                f"{index} is not the index of a TensorFlow checkpoint, or it is damaged: {error}. "
                "Copy or download it again."
            ) from error

    def read(self, name: str) -> NDArray[Any]:
        """The tensor, in its own type and shape.

        ``UserError`` if there is none of this name, or the data file is missing or damaged.
        """
        if name not in self.entries:
            raise UserError(f"{self.prefix} holds no tensor {name}. Give another checkpoint.")
        entry = self.entries[name]
        path = self.prefix.with_name(
            f"{self.prefix.name}.data-{entry.shard:05d}-of-{self._shards:05d}"
        )
        try:
            return self._read(path, entry)
        except OSError as error:
            raise UserError(
                f"{path} cannot be read ({error.strerror or error}). It belongs beside "
                f"{self.prefix.name}.index."
            ) from error
        except _DamagedError as error:
            raise UserError(
                f"The tensor {name} cannot be read from {path}: {error}. Copy or download the "
                "checkpoint again."
            ) from error

    @staticmethod
    def _read(path: Path, entry: Entry) -> NDArray[Any]:
        if entry.sliced:
            raise _DamagedError("it was saved in slices, which are not read here")
        if entry.dtype not in _TYPES:
            raise _DamagedError(f"its type, number {entry.dtype}, is not read here")
        dtype = np.dtype(_TYPES[entry.dtype])
        if math.prod(entry.shape) * dtype.itemsize != entry.size:
            raise _DamagedError(f"{entry.size} bytes do not make the shape {list(entry.shape)}")
        with path.open("rb") as file:
            if entry.offset + entry.size > path.stat().st_size:
                raise _DamagedError("the file is too short")
            file.seek(entry.offset)
            content = file.read(entry.size)
        if masked_crc32c(content) != entry.checksum:
            raise _DamagedError("its checksum is wrong")
        return np.frombuffer(content, dtype).reshape(entry.shape)


def _table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a LevelDB table, in order."""
    footer = content[-_FOOTER:]
    if len(footer) < _FOOTER or struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
        raise _DamagedError("its end is not that of a table")
    at = 0
    for _ in range(2):  # the block of filters, which is not needed
        _, at = _varint(footer, at)
    for _, handle in _block(content, footer[at:]):
        yield from _block(content, handle)


def _block(content: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a block; ``handle`` says where it is."""
    start, at = _varint(handle, 0)
    size, _ = _varint(handle, at)
    block = content[start : start + size]
    trailer = content[start + size : start + size + _TRAILER]
    if len(block) < size or len(trailer) < _TRAILER or size < 4:
        raise _DamagedError("it is too short")
    if masked_crc32c(block + trailer[:1]) != struct.unpack("<I", trailer[1:])[0]:
        raise _DamagedError("a checksum is wrong")
    if trailer[0]:
        raise _DamagedError("it is compressed, which TensorFlow's are not")
    # Behind the entries are the places where a key is written in full, and how many there are.
    end = size - 4 * (struct.unpack("<I", block[-4:])[0] + 1)
    key, at = b"", 0
    while at < end:
        shared, at = _varint(block, at)
        fresh, at = _varint(block, at)
        length, at = _varint(block, at)
        if shared > len(key) or at + fresh + length > end:
            raise _DamagedError("an entry reaches beyond its block")
        key = key[:shared] + block[at : at + fresh]
        at += fresh + length
        yield key, block[at - length : at]


def _entry(value: bytes) -> Entry:
    """A ``BundleEntryProto``."""
    fields = _message(value)

    def number(field: int) -> int:
        found = fields.get(field, [0])[-1]
        if not isinstance(found, int):
            raise _DamagedError("an entry is of another form")
        return found

    shape = [_message(each).get(1, [0])[-1] for each in _messages(fields, 2, 2)]
    if len(shape) > _MOST_AXES:
        raise _DamagedError(f"a tensor has {len(shape)} axes")
    return Entry(
        dtype=number(1),
        shape=tuple(int(axis) for axis in shape),
        shard=number(3),
        offset=number(4),
        size=number(5),
        checksum=number(6),
        sliced=7 in fields,
    )


def _messages(fields: dict[int, list[int | bytes]], outer: int, inner: int) -> list[bytes]:
    """The messages ``inner`` in the message ``outer``."""
    found = [each for each in fields.get(outer, []) if isinstance(each, bytes)]
    return [
        each
        for message in found
        for each in _message(message).get(inner, [])
        if isinstance(each, bytes)
    ]


def _message(content: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a protocol buffer by their numbers: integers, and bytes of all else."""
    fields: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        field, kind = tag >> 3, tag & 7
        value: int | bytes
        if kind == 0:
            value, at = _varint(content, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
            value = int.from_bytes(content[at : at + length], "little")
            at += length
        elif kind == 2:
            length, at = _varint(content, at)
            value = content[at : at + length]
            at += length
        else:
            raise _DamagedError("a field is of an unknown kind")
        if at > len(content):
            raise _DamagedError("a field reaches beyond its message")
        fields.setdefault(field, []).append(value)
    return fields


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where the next one begins."""
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(content):
            raise _DamagedError("it ends within a number")
        value |= (content[at] & 0x7F) << shift
        at += 1
        if content[at - 1] < 0x80:
            return value, at
    raise _DamagedError("a number is too long")
