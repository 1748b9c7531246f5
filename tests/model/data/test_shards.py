"""Clip shards, from files written in exactly their layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.augmentation import Augmenter
from model.core.crop import crop_matrix, transform
from model.core.skeleton import COCO17, PENN13
from model.data.records import BadDataError
from model.data.sampling import PairCutter
from model.data.shards import read_shards
from tests.shards import write_arrays

REAL, RENDERED = 160, 144


def jpeg(number: int, size: int) -> NDArray[np.uint8]:
    """A picture, RGB (number, 100, 200), to a few levels."""
    picture = np.full((size, size, 3), (200, 100, number), np.uint8)
    return np.asarray(cv2.imencode(".jpg", picture)[1], np.uint8).ravel()


def real_labels() -> dict[str, Any]:
    """Two clips of one person and one of another; the frames of clip 0 are out of order."""
    return {
        "joints": np.random.default_rng(0).uniform(0, REAL, (6, 13, 2)).astype(np.float32),
        "visible": np.arange(6 * 13, dtype=np.uint8).reshape(6, 13) % 3,
        "clip": np.array([0, 0, 0, 1, 1, 2], np.int32),
        "person": np.array([7, 7, 7, 7, 7, 9], np.int32),
        "frame": np.array([4, 0, 2, 0, 1, 0], np.int32),
        "clip_name": np.array(["run/a", "run/b", "sit/c"]),
    }


def rendered_labels() -> dict[str, Any]:
    """Two people with two frames each."""
    rng = np.random.default_rng(0)
    return {
        "joints": rng.uniform(-20, RENDERED + 20, (4, 17, 2)).astype(np.float32),
        "head": rng.uniform(0, RENDERED, (4, 2)).astype(np.float32),
        "visible": rng.integers(0, 3, (4, 17), np.uint8),
        "person": np.array([1000, 1000, 1001, 1001], np.int32),
        "frame": np.array([0, 1, 0, 1], np.int32),
        "size": np.int32(RENDERED),
        "inner": np.int32(128),
    }


def write(path: Path, labels: dict[str, Any], size: int = REAL) -> Path:
    write_arrays(path, [jpeg(20 * n, size) for n in range(len(labels["frame"]))], **labels)
    return path


@pytest.fixture
def real(tmp_path: Path) -> Path:
    return write(tmp_path / "real.npz", real_labels())


def test_real_people_by_clip_in_the_order_of_their_frames(real: Path) -> None:
    data_set = read_shards([real], "some")
    assert data_set.name == "some" and data_set.joint_set is PENN13
    assert [clip.name for clip in data_set] == ["real/clip-0", "real/clip-1", "real/clip-2"]
    assert [clip.person for clip in data_set] == ["7", "7", "9"]
    labels = real_labels()
    rows = [[1, 2, 0], [3, 4], [5]]
    for clip, chosen in zip(data_set, rows, strict=True):
        np.testing.assert_array_equal(clip.joints, labels["joints"][chosen])
        np.testing.assert_array_equal(clip.visible, labels["visible"][chosen])
        np.testing.assert_array_equal(clip.boxes, [[80, 80, 128]] * len(chosen))
        for index, row in enumerate(chosen):
            picture = clip.frames.read(index)
            assert picture.shape == (REAL, REAL, 3)
            np.testing.assert_allclose(picture[50, 50], (20 * row, 100, 200), atol=4)
            assert clip.frames.describe(index) == f"picture {row} of {real}"


def test_rendered_people_are_their_own_clips(tmp_path: Path) -> None:
    labels = rendered_labels()
    path = write(tmp_path / "synth-0000.npz", labels, RENDERED)
    data_set = read_shards([path], "rendered")
    assert data_set.joint_set is PENN13
    assert list(data_set.persons) == ["1000", "1001"]
    assert [len(clip) for clip in data_set] == [2, 2]
    for clip, rows in zip(data_set, ([0, 1], [2, 3]), strict=True):
        np.testing.assert_array_equal(clip.boxes, [[72, 72, 128]] * 2)
        np.testing.assert_allclose(clip.joints[:, 0], labels["head"][rows] - 0.5)
        for number, name in enumerate(PENN13.names[1:], start=1):
            joint = COCO17.index(name)
            wanted = labels["joints"][rows, joint] - 0.5
            np.testing.assert_allclose(clip.joints[:, number], wanted, atol=1e-5)
            np.testing.assert_array_equal(clip.visible[:, number], labels["visible"][rows, joint])


@pytest.mark.parametrize(
    ("face", "head"),
    [
        ([0, 0, 0, 0, 0], 0),
        ([0, 0, 0, 0, 2], 2),  # from behind, or half outside
        ([1, 1, 1, 2, 1], 2),
        ([1, 1, 1, 1, 1], 1),
        ([0, 1, 0, 0, 0], 1),
    ],
)
def test_a_head_is_seen_where_any_of_its_face_is(
    face: list[int], head: int, tmp_path: Path
) -> None:
    labels = rendered_labels()
    labels["visible"][2, :5] = face
    path = write(tmp_path / "synth.npz", labels, RENDERED)
    assert read_shards([path], "").clips[1].visible[0, 0] == head


@pytest.mark.parametrize("rendered", [False, True])
def test_joints_are_where_the_picture_shows_them(rendered: bool, tmp_path: Path) -> None:
    """A dot in pixel (90, 61): at (90, 61) in a real shard and (90.5, 61.5) in a rendered one."""
    size = RENDERED if rendered else REAL
    labels = rendered_labels() if rendered else real_labels()
    wrist = (COCO17 if rendered else PENN13).index("left wrist")
    labels["joints"][0, wrist] = (90.5, 61.5) if rendered else (90, 61)
    labels["visible"][0, wrist] = 2
    picture = np.zeros((size, size, 3), np.uint8)
    picture[61, 90] = 255
    count = len(labels["frame"])
    files = [np.asarray(cv2.imencode(".png", picture)[1]).ravel()] * count
    write_arrays(tmp_path / "dot.npz", files, **labels)
    clip = read_shards([tmp_path / "dot.npz"], "dot").clips[0]
    frame = 0 if rendered else 2
    joint = clip.joints[frame, PENN13.index("left wrist")]
    np.testing.assert_allclose(joint, (90, 61), atol=1e-5)
    # The network's crop is the central 128 pixels.
    margin = (size - 128) / 2
    inside = transform(joint, crop_matrix(clip.box(frame)))
    np.testing.assert_allclose(inside, (90 - margin, 61 - margin), atol=1e-5)
    cutter = PairCutter(PENN13, Augmenter())
    for seed in range(20):
        cut = cutter.cut(clip, frame, np.random.default_rng(seed), with_source=False)
        brightness = cut.target[..., 0].astype(float)
        total = brightness.sum()
        x = (brightness.sum(axis=0) * np.arange(128)).sum() / total
        y = (brightness.sum(axis=1) * np.arange(128)).sum() / total
        mirrored = np.abs(cut.joints - (x, y)).max(axis=1)
        sides = [PENN13.index(f"{side} wrist") for side in ("left", "right")]
        assert mirrored[sides].min() < 0.6


def test_several_shards_are_one_data_set(real: Path, tmp_path: Path) -> None:
    synth = write(tmp_path / "synth.npz", rendered_labels(), RENDERED)
    data_set = read_shards([real, synth], "both")
    assert len(data_set) == 10 and len(data_set.clips) == 5
    names = [clip.name for clip in data_set]
    assert len(set(names)) == len(names)


def test_a_shard_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"no shard .*lost\.npz"):
        read_shards([tmp_path / "lost.npz"], "lost")
    with pytest.raises(BadDataError, match="no shard"):
        read_shards([tmp_path], "a folder")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_shard_cut_off_is_named(share: float, real: Path) -> None:
    content = real.read_bytes()
    real.write_bytes(content[: int(share * len(content))])
    with pytest.raises(BadDataError, match=r"real\.npz is not a whole \.npz file"):
        read_shards([real], "")


def test_other_content_is_named(tmp_path: Path) -> None:
    path, single = tmp_path / "other.npz", tmp_path / "single.npy"
    np.save(single, np.zeros(3))
    np.savez(path, jpeg=np.array([None]))
    for content in (path.read_bytes(), single.read_bytes(), b"joints"):
        path.write_bytes(content)
        with pytest.raises(BadDataError, match=r"other\.npz is not a whole \.npz file"):
            read_shards([path], "")
    np.savez(path, joints=np.zeros((3, 13, 2)), visible=np.zeros((3, 13)))
    with pytest.raises(BadDataError, match="lacks jpeg, offset, person, frame"):
        read_shards([path], "")


def test_damaged_compressed_content_is_named(tmp_path: Path) -> None:
    path = tmp_path / "packed.npz"
    with np.load(write(tmp_path / "real.npz", real_labels())) as file:
        np.savez_compressed(path, **file)
    assert len(read_shards([path], "")) == 6
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    sentences = []
    for start in rng.integers(0, len(content) - 8, 60):
        path.write_bytes(content[:start] + rng.bytes(8) + content[start + 8 :])
        try:
            read_shards([path], "")
        except BadDataError as error:
            sentences.append(str(error))
    assert len(sentences) > 30
    assert all("packed.npz" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    "changes",
    [
        {"joints": np.zeros((6, 12, 2), np.float32)},
        {"joints": np.zeros((6, 13, 3), np.float32)},
        {"joints": np.zeros((5, 13, 2), np.float32)},
        {"joints": np.zeros((6, 17, 2), np.float32)},
        {"joints": np.zeros(6, np.float32)},
        {"joints": np.full((6, 13, 2), "a")},
        {"visible": np.zeros((6, 12), np.uint8)},
        {"visible": np.zeros((5, 13), np.uint8)},
        {"visible": np.zeros(6, np.uint8)},
        {"person": np.zeros(5, np.int32)},
        {"frame": np.zeros(5, np.int32)},
        {"frame": np.zeros((), np.int32)},
        {"clip": np.zeros(7, np.int32)},
        {"head": np.zeros((6, 2), np.float32)},
        {"offset": np.zeros(3, np.int64)},
        {"offset": np.arange(7) * 10**9},
        {"offset": np.arange(7)[::-1]},
        {"offset": np.zeros((), np.int64)},
        {"offset": np.arange(7) / 2},
        {"jpeg": np.zeros(10, np.float32)},
        {"jpeg": np.zeros((100, 100), np.uint8)},
    ],
)
def test_arrays_that_do_not_fit_are_named(changes: dict[str, Any], real: Path) -> None:
    with np.load(real) as file:
        arrays = {**file, **changes}
    np.savez(real, **arrays)
    with pytest.raises(BadDataError, match=r"real\.npz"):
        read_shards([real], "")


def test_rendered_labels_that_do_not_fit_are_named(tmp_path: Path) -> None:
    path = tmp_path / "synth.npz"
    for changes in (
        {"head": np.zeros((3, 2), np.float32)},
        {"head": np.zeros(4, np.float32)},
        {"visible": np.zeros((4, 13), np.uint8)},
        {"joints": np.zeros((4, 13, 2), np.float32)},
        {"size": np.zeros(3)},
    ):
        write(path, {**rendered_labels(), **changes}, RENDERED)
        with pytest.raises(BadDataError, match=r"synth\.npz"):
            read_shards([path], "")


def test_damaged_pictures_are_named_only_when_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "real.npz"
    files = [np.zeros(20, np.uint8), *(jpeg(20 * n, REAL) for n in range(1, 6))]
    write_arrays(path, files, **real_labels())
    first, second, _ = read_shards([path], "").clips
    np.testing.assert_array_equal(second.boxes[0], (80, 80, 128))
    with pytest.raises(BadDataError, match=r"picture 0 of .*real\.npz is damaged"):
        first.frames.read(2)
    write_arrays(path, [np.zeros(20, np.uint8)] * 6, **real_labels())
    with pytest.raises(BadDataError, match=r"real\.npz"):
        read_shards([path], "")


def test_a_shard_without_frames_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.npz"
    labels = {key: value[:0] for key, value in real_labels().items() if key != "clip_name"}
    np.savez(path, jpeg=np.zeros(0, np.uint8), offset=np.zeros(1, np.int64), **labels)
    with pytest.raises(BadDataError, match=r"empty\.npz"):
        read_shards([path], "")


@pytest.mark.parametrize(
    ("pattern", "frames", "clips", "people", "longest"),
    [
        ("jhmdb-train-*.npz", 6320, 356, 155, None),
        ("jhmdb-val.npz", 2796, 83, 43, None),
        ("lspet-train-*.npz", 3945, 3945, 3945, 1),
    ],
)
def test_the_published_shards(
    pattern: str, frames: int, clips: int, people: int, longest: int | None, shared_dir: Path
) -> None:
    paths = sorted((shared_dir / "data").glob(pattern))
    data_set = read_shards(paths, "real")
    assert (len(data_set), len(data_set.clips), len(data_set.persons)) == (frames, clips, people)
    if longest is not None:
        assert max(map(len, data_set)) == longest
    seen = np.concatenate([clip.visible for clip in data_set]) > 0
    joints = np.concatenate([clip.joints for clip in data_set])
    assert np.isfinite(joints[seen]).all()
    inside = np.all((joints[seen] > 16) & (joints[seen] < 144), axis=-1)
    assert inside.mean() > 0.85
    for clip in data_set.clips[:: max(1, clips // 10)]:
        assert clip.frames.read(len(clip) - 1).shape == (REAL, REAL, 3)
        np.testing.assert_array_equal(clip.boxes[0], (80, 80, 128))
