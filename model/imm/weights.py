"""IMM's weight files: safetensors whose metadata says what network the tensors belong to.

Also the released code's checkpoints, which are TensorFlow's, read without TensorFlow:
``NAME.index`` and ``NAME.data-*-of-*``. The index is a LevelDB table: blocks of sorted keys, each
with a checksum, and a footer that says where they are. It maps a tensor's name to its type, its
shape and its place in a data file. Nothing is run, and nothing larger than the files themselves is
made.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tensorboard.summary.writer.record_writer import masked_crc32c
from torch import Tensor, nn

from model.core.errors import UserError
from model.core.weights import fill, read_metadata, read_weights, write_weights
from model.imm.networks import Imm, ImmSpec, SameConv2d

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


FORMAT = "imm-1"
_KINDS: dict[str, Callable[[str], object]] = {"int": int, "float": float}


def save(path: str | Path, network: Imm, metadata: Mapping[str, str] | None = None) -> None:
    """Write the network's tensors and description; ``metadata`` adds free entries.

    The file is complete or not there. ``UserError`` if it cannot be written.
    """
    entries = {**(metadata or {}), **_described(network.spec)}
    write_weights(Path(path), network.state_dict(), entries)


def _described(spec: ImmSpec) -> dict[str, str]:
    return {**{f.name: str(getattr(spec, f.name)) for f in fields(ImmSpec)}, "format": FORMAT}


def read_spec(path: str | Path) -> ImmSpec:
    """What network a weight file holds; ``UserError`` if it is none of IMM or damaged."""
    metadata = read_metadata(path)
    if metadata.get("format") != FORMAT:
        raise UserError(
            f"{path} holds no IMM network ({metadata.get('format') or 'it does not say what'} "
            "instead). Give a file that IMM's training has written."
        )
    try:
        values = {f.name: _KINDS.get(str(f.type), str)(metadata[f.name]) for f in fields(ImmSpec)}
    except (KeyError, ValueError) as error:
        raise UserError(
            f"{path} has incomplete metadata ({error}); it was not written by this program. "
            "Save it again."
        ) from error
    return ImmSpec(**values)  # type: ignore[arg-type]


def load(path: str | Path, device: torch.device | str = "cpu") -> Imm:
    """Open a weight file as a network in eval mode, float32, on ``device``.

    ``UserError`` for a missing, truncated or unsuitable file.
    """
    network = Imm(read_spec(path))
    fill(network, read_weights(Path(path)), Path(path), "the network that it describes")
    return network.to(device).eval()


def import_released(checkpoint: Path, out: Path) -> ImmSpec:
    """Convert a checkpoint of the released code, such as ``model.ckpt``, to a weight file.

    Points, width and spare channels are read off it; the rest is as in the released configurations.
    What a training leaves beside the network, such as the optimiser's state, is left out.
    ``UserError`` for what is missing, damaged, or another network.
    """
    bundle = TensorBundle.open(checkpoint)
    first, head, last = (
        bundle.read(f"model/{name}/w").shape
        for name in (
            "image_encoder/encoder/conv_1/conv_1",
            "pose_encoder/conv_1/conv_1",
            "renderer/conv_8/conv_8",
        )
    )
    if not len(first) == len(head) == len(last) == 4 or last[3] < 3:
        raise UserError(
            f"{checkpoint} holds no network of the released IMM code: its layers are of another "
            "form. Give another checkpoint."
        )
    spec = ImmSpec(points=head[3], width=first[3], spare_channels=last[3] - 3)
    with torch.device("meta"):  # shapes alone: a damaged file may ask for any size
        wanted = Imm(spec)
    shapes = {name: value.shape for name, value in wanted.state_dict().items()}
    tensors = {}
    for own, name in _released_names(wanted):
        tensors[own] = _read(bundle, name)
        if tensors[own].shape != shapes[own]:
            raise UserError(
                f"{checkpoint} does not fit IMM's network of {spec.points} points: {name} has the "
                f"shape {list(bundle.entries[name].shape)}. Give another checkpoint."
            )
    write_weights(out, tensors, {"source": bundle.prefix.name, **_described(spec)})
    return spec


def _released_names(network: Imm) -> Iterator[tuple[str, str]]:
    """The network's tensors, and the released code's variables that they are."""
    parts: tuple[tuple[str, nn.Module], ...] = (
        ("image_encoder/encoder", network.image_encoder),
        ("pose_encoder/encoder", network.pose_encoder),
        ("renderer", network.renderer),
    )
    layers: list[tuple[str, str, nn.Module]] = [
        ("pose_head", "model/pose_encoder/conv_1", network.pose_head)
    ]
    for scope, sequence in parts:
        number = 0
        for index, layer in sequence.named_children():
            number += isinstance(layer, SameConv2d)
            own = f"{scope.removesuffix('/encoder')}.{index}"
            layers.append((own, f"model/{scope}/conv_{number}", layer))
    for own, scope, layer in layers:
        if isinstance(layer, SameConv2d):
            convolution = f"{scope}/{scope.rpartition('/')[2]}"
            yield f"{own}.weight", f"{convolution}/w"
            yield f"{own}.bias", f"{convolution}/b"
        elif isinstance(layer, nn.BatchNorm2d):
            yield f"{own}.weight", f"{scope}/batch_normalization/gamma"
            yield f"{own}.bias", f"{scope}/batch_normalization/beta"
            yield f"{own}.running_mean", f"{scope}/batch_normalization/moving_mean"
            yield f"{own}.running_var", f"{scope}/batch_normalization/moving_variance"


def _read(bundle: TensorBundle, name: str) -> Tensor:
    """A variable as PyTorch has it: convolutions (H, W, I, O) as (O, I, H, W)."""
    values = np.asarray(bundle.read(name), np.float32)
    return torch.from_numpy(np.array(values.transpose(3, 2, 0, 1) if values.ndim == 4 else values))
