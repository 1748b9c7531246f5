"""Batches out of worker processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from model.data.records import BadDataError
from model.data.sampling import Example, Mixture
from model.data.shards import read_shards
from model.ttp.training.step import PictureBatch, collate, make_loader
from tests.model.ttp.training.runs import SETTINGS
from tests.shards import write_shard


@pytest.fixture
def threads_of_opencv() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


pytestmark = pytest.mark.usefixtures("threads_of_opencv")


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    return write_shard(tmp_path / "people.npz")


def damage(shard: Path, picture: int) -> None:
    with np.load(shard) as file:
        arrays = dict(file)
    start, stop = arrays["offset"][picture : picture + 2]
    arrays["jpeg"][start:stop] = 0
    np.savez(shard, **arrays)


def batches(shard: Path, count: int, *, workers: int, start: int = 0) -> list[PictureBatch]:
    mixture = Mixture([read_shards([shard], "people")])
    loader = make_loader(mixture, SETTINGS, workers=workers)
    return [batch for (batch,) in islice(loader(range(start, 10)), count)]


@pytest.mark.parametrize("workers", [1, 2])
def test_batches_do_not_depend_on_who_makes_them(workers: int, shard: Path) -> None:
    alone, others = batches(shard, 4, workers=0), batches(shard, 4, workers=workers)
    later = batches(shard, 2, workers=workers, start=2)
    assert len(alone) == len(others) == 4 and len(later) == 2
    for wanted, *found in (*zip(alone, others, strict=True), *zip(alone[2:], later, strict=True)):
        for name in ("target", "source", "joints", "weights"):
            assert torch.equal(getattr(wanted, name), getattr(found[0], name))
    assert [len(batch.target) for batch in alone] == [4] * 4
    assert [len(batch.source) for batch in alone] == [2] * 4


@pytest.mark.parametrize("workers", [0, 1])
def test_a_frame_that_cannot_be_used_stops_with_its_own_sentence(workers: int, shard: Path) -> None:
    damage(shard, 5)
    sentence = ""
    try:
        batches(shard, 4, workers=workers)
    except BadDataError as error:  # pytest.raises would keep the processes with the traceback
        sentence = str(error)
    assert sentence.startswith(f"The picture 5 of {shard} is damaged.")
    assert "\n" not in sentence


@pytest.mark.parametrize("workers", [0, 1])
def test_a_frame_that_cannot_be_used_is_named_and_replaced(
    workers: int, shard: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage(shard, 5)
    mixture = Mixture([read_shards([shard], "people")])
    loader = make_loader(mixture, replace(SETTINGS, on_bad_data="skip"), workers=workers)
    found = [batch for (batch,) in islice(loader(range(10)), 4)]
    assert caplog.text.count(f"picture 5 of {shard}") == 1
    assert [len(batch.target) for batch in found] == [4] * 4


def test_processes_can_be_started_after_opencv_has_used_threads(shard: Path) -> None:
    cv2.setNumThreads(4)
    picture = np.zeros((600, 600, 3), np.uint8)
    for _ in range(20):
        cv2.GaussianBlur(picture, (31, 31), 0)
    found: list[PictureBatch] = []
    # In a thread, so that a worker that never answers fails this test rather than ends the run.
    take = threading.Thread(target=lambda: found.extend(batches(shard, 2, workers=1)), daemon=True)
    take.start()
    take.join(30)
    assert len(found) == 2


@pytest.mark.parametrize("masked", [False, True])
def test_every_tensor_of_a_batch_is_pinned(
    masked: bool, shard: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (batch,) = batches(shard, 1, workers=0)
    if masked:
        masks = torch.randint(256, (2, 2, 128, 128), dtype=torch.uint8)
        batch = replace(batch, masks=masks[0], source_masks=masks[1])
    pinned: list[torch.Tensor] = []

    def pin_memory(tensor: torch.Tensor) -> torch.Tensor:
        pinned.append(tensor)
        return tensor.clone()

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin_memory)
    found = torch.utils.data._utils.pin_memory.pin_memory(batch)
    assert isinstance(found, PictureBatch)
    tensors = [f.name for f in fields(batch) if isinstance(getattr(batch, f.name), torch.Tensor)]
    assert len(pinned) == len(tensors) == (6 if masked else 4)
    assert masked or found.masks is found.source_masks is None
    for name in tensors:
        assert torch.equal(getattr(found, name), getattr(batch, name))
        assert getattr(found, name) is not getattr(batch, name)


def test_sources_show_the_person_only_and_masks_go_with_their_targets() -> None:
    picture = np.full((128, 128, 3), 200, np.uint8)
    mask = np.zeros((128, 128), np.uint8)
    mask[:, 64:] = 255
    labels = np.zeros((13, 2), np.float32), np.ones(13, np.float32)
    pair = Example(picture, picture, *labels, mask, mask.T.copy())
    alone = Example(picture, None, *labels)

    batch = collate([pair, alone]).to(torch.device("cpu"))

    assert batch.target.shape[0] == 2 and batch.source.shape[0] == 1
    assert batch.masks is not None and batch.masks.shape == (1, 1, 128, 128)
    assert batch.masks[0, 0, 5].tolist() == [0.0] * 64 + [1.0] * 64
    assert not batch.source[..., :64, :].any() and (batch.source[..., 64:, :] != 0).all()
    assert (batch.target != 0).all()
    assert collate([alone]).to(torch.device("cpu")).masks is None
