"""Masks of a whole data set: found once, kept in a folder, attached to its clips."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from model.core.files import whole_file
from model.core.masking import MASK_SIZE
from model.data.records import BadDataError, Clip, DataSet
from model.tracking.detector import PersonMasker


@dataclass(frozen=True)
class Masks:
    """Gives data sets their masks.

    Masks of a data set lie in a file of ``folder`` (16 kB a frame), which is read from there and
    not into memory. It is made if no file of these frames is there, which takes about 3 to 10 ms a
    frame and core.

    Attributes:
        model: the ONNX file of the mask.
        folder: where masks are kept; made if it is missing.
        threads: how many frames are looked at at a time.
        quiet: whether to show no progress.
    """

    model: Path
    folder: Path
    threads: int = 2
    quiet: bool = True

    @cached_property
    def masker(self) -> PersonMasker:
        """What finds them; ``UserError`` if its file cannot be used."""
        return PersonMasker(self.model)

    def __call__(self, data: DataSet) -> DataSet:
        """The same clips, with ``masks``; ``UserError`` if the folder cannot be written."""
        path = self.folder / f"{data.name}-{_fingerprint(data):08x}.npy"
        masks = _kept(path, len(data))
        if masks is None:
            with whole_file(path) as temporary:
                _find(data, self.masker, temporary, self.threads, self.quiet)
            masks = np.load(path, mmap_mode="r")
        starts = np.cumsum([0, *map(len, data.clips)])
        clips = [
            replace(clip, masks=masks[start : start + len(clip)])
            for clip, start in zip(data.clips, starts[:-1], strict=True)
        ]
        return DataSet(data.name, data.joint_set, tuple(clips))


def _kept(path: Path, count: int) -> NDArray[np.uint8] | None:
    """The masks in a file; None if there is none that holds so many."""
    try:
        masks = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError):
        return None
    whole = masks.shape == (count, MASK_SIZE, MASK_SIZE) and masks.dtype == np.uint8
    return masks if whole else None


def _find(data: DataSet, masker: PersonMasker, path: Path, threads: int, quiet: bool) -> None:
    shape = (len(data), MASK_SIZE, MASK_SIZE)
    # Not to a path, to which NumPy would append .npy.
    with path.open("wb") as file:
        np.lib.format.write_array_header_2_0(
            file, {"descr": "|u1", "fortran_order": False, "shape": shape}
        )
        with ThreadPoolExecutor(max(1, threads), thread_name_prefix="mask") as pool:
            found = pool.map(lambda place: _mask(masker, *place), _places(data))
            for values in tqdm(
                found, f"masks of {data.name}", len(data), unit="frame", disable=quiet
            ):
                file.write(values.tobytes())


def _places(data: DataSet) -> Iterator[tuple[Clip, int]]:
    return ((clip, index) for clip in data for index in range(len(clip)))


def _mask(masker: PersonMasker, clip: Clip, index: int) -> NDArray[np.uint8]:
    try:
        clip.check_box(index)
        return masker.find(clip.frames.read(index), clip.box(index)).values
    except BadDataError:  # whoever wants to use the frame will be told
        return np.zeros((MASK_SIZE, MASK_SIZE), np.uint8)


def _fingerprint(data: DataSet) -> int:
    """A number that other frames, or other squares of them, do not have."""
    total = 0
    for clip in data:
        names = "\n".join(clip.frames.describe(index) for index in range(len(clip)))
        total = zlib.crc32(names.encode(), total)
        total = zlib.crc32(np.ascontiguousarray(clip.boxes).tobytes(), total)
    return total
