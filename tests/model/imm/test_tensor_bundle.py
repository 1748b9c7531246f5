"""TensorFlow's checkpoints: files in their format, written here, whole and damaged."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.summary.writer.record_writer import masked_crc32c

from model.core.errors import UserError
from model.imm.weights import TensorBundle
from tests.model.imm.bundles import TENSORS, Tensors, block, entry, field, write


@pytest.mark.parametrize("file", ["", ".index", ".meta", ".data-00000-of-00001"])
def test_tensors_come_back_as_they_were(tmp_path: Path, file: str) -> None:
    prefix = write(tmp_path / "model.ckpt-2000", TENSORS)
    bundle = TensorBundle.open(prefix.with_name(prefix.name + file))
    assert bundle.entries.keys() == TENSORS.keys() and bundle.prefix == prefix
    for name, tensor in TENSORS.items():
        found = bundle.read(name)
        assert found.dtype == tensor.dtype and found.shape == tensor.shape
        np.testing.assert_array_equal(found, tensor)


def test_many_names_fill_several_blocks(tmp_path: Path) -> None:
    tensors = {f"model/layer_{n:03d}/w": np.full((2,), n, np.float32) for n in range(100)}
    bundle = TensorBundle.open(write(tmp_path / "m", tensors))
    assert list(bundle.entries) == sorted(tensors)
    assert bundle.read("model/layer_057/w").tolist() == [57, 57]


def cut_index(folder: Path) -> None:
    path = folder / "m.index"
    path.write_bytes(path.read_bytes()[:-1])


def flip_index(folder: Path) -> None:
    content = bytearray((folder / "m.index").read_bytes())
    content[10] ^= 1
    (folder / "m.index").write_bytes(content)


def compress_index(folder: Path) -> None:
    """The first block says that it is compressed, with the checksum that belongs to it."""
    content = bytearray((folder / "m.index").read_bytes())
    size = len(block([(b"", field(1, 1)), *_pairs()[:2]])) - 5
    content[size] = 1
    content[size + 1 : size + 5] = struct.pack("<I", masked_crc32c(bytes(content[: size + 1])))
    (folder / "m.index").write_bytes(content)


def _pairs() -> list[tuple[bytes, bytes]]:
    offset, pairs = 0, []
    for name, tensor in sorted(TENSORS.items()):
        pairs.append((name.encode(), entry(tensor, offset)))
        offset += tensor.nbytes
    return pairs


def no_index(folder: Path) -> None:
    (folder / "m.index").unlink()


def big_endian(folder: Path) -> None:
    write(folder / "m", TENSORS, header=field(1, 1) + field(2, 1))


def huge_index(folder: Path) -> None:
    with (folder / "m.index").open("wb") as file:
        file.truncate((64 << 20) + 1)


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        (cut_index, "its end is not that of a table"),
        (flip_index, "a checksum is wrong"),
        (compress_index, "it is compressed"),
        (no_index, "There is no "),
        (big_endian, "big-endian"),
        (huge_index, "larger than 64 MB"),
    ],
)
def test_a_damaged_index_is_a_sentence(
    damage: Callable[[Path], None], part: str, tmp_path: Path
) -> None:
    write(tmp_path / "m", TENSORS)
    damage(tmp_path)
    with pytest.raises(UserError, match=part) as caught:
        TensorBundle.open(tmp_path / "m")
    assert "m.index" in str(caught.value)


@pytest.mark.parametrize(
    ("tensors", "more", "change", "part"),
    [
        ({"a": np.zeros(2, np.uint8)}, b"", lambda data: data, "its type, number 4"),
        ({"a": np.zeros(2)}, field(7, b""), lambda data: data, "saved in slices"),
        ({"a": np.zeros(2)}, field(5, 8), lambda data: data, r"8 bytes do not make .*\[2\]"),
        ({"a": np.zeros(2)}, b"", lambda data: data[:-1], "too short"),
        ({"a": np.zeros(2)}, field(4, 1 << 60), lambda data: data, "too short"),
        ({"a": np.zeros(2)}, b"", lambda data: b"\1" + data[1:], "checksum"),
    ],
)  # fmt: skip
def test_a_damaged_tensor_is_a_sentence(
    tensors: Tensors, more: bytes, change: Callable[[bytes], bytes], part: str, tmp_path: Path
) -> None:
    bundle = TensorBundle.open(write(tmp_path / "m", tensors, more=more))
    data = tmp_path / "m.data-00000-of-00001"
    data.write_bytes(change(data.read_bytes()))
    with pytest.raises(UserError, match=part):
        bundle.read("a")
    with pytest.raises(UserError, match="holds no tensor b"):
        bundle.read("b")
    data.unlink()
    if "short" in part or "checksum" in part:
        with pytest.raises(UserError, match=r"belongs beside m\.index"):
            bundle.read("a")


def test_a_tensor_of_very_many_axes_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "m", {"a": np.zeros((1,) * 9)})
    with pytest.raises(UserError, match="9 axes"):
        TensorBundle.open(tmp_path / "m")


@settings(max_examples=60)
@given(st.data())
def test_whatever_the_bytes_are_there_is_a_tensor_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    prefix = write(tmp_path_factory.mktemp("bundle") / "m", TENSORS)
    path = prefix.with_name("m.index")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    try:
        bundle = TensorBundle.open(prefix)
        for name in bundle.entries:
            bundle.read(name)
    except UserError:
        pass
