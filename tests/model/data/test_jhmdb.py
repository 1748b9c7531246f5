from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import JHMDB15
from model.data.records import BadDataError
from model.data.videos import read_jhmdb, source_video
from tests.model.data.layouts import write_jhmdb_split, write_jhmdb_video

_FIRST, _OTHER = "The_Film_2_run_f_cm_np1_ba_bad_3", "The_Film_2_sit_u_nm_np1_fr_goo_0"
_NO_MASK, _TEST = "A+B_(x)!_run_l_cm_np2_le_med_11", "Web_run_f_cm_np1_ri_med_0"


def _joints(count: int, seed: int = 0) -> NDArray[np.float64]:
    """(2, 15, N), 1-based, inside a picture of 32 x 24."""
    return np.random.default_rng(seed).uniform(3, 23, (2, 15, count))


def _mask(count: int) -> NDArray[np.uint8]:
    mask = np.zeros((24, 32, count), np.uint8)
    mask[4:14, 6:11] = 1
    return mask


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_jhmdb_split(tmp_path, "run", {_FIRST: 1, "Unused_run_f_cm_np1_ba_bad_0": 0, _TEST: 2})
    with (tmp_path / "splits" / "run_test_split1.txt").open("a") as file:
        file.write(f"{_NO_MASK}.avi 1 \n\n")
    write_jhmdb_split(tmp_path, "sit", {_OTHER: 1})
    write_jhmdb_split(tmp_path, "sit", {_OTHER: 2}, number=2)
    (tmp_path / "splits" / "._sit_test_split1.txt").write_bytes(b"\0\5")
    mask = _mask(3)
    mask[..., 1] = 0
    write_jhmdb_video(tmp_path, "run", _FIRST, _joints(3), mask)
    write_jhmdb_video(tmp_path, "run", _NO_MASK, _joints(2, 1))
    write_jhmdb_video(tmp_path, "run", _TEST, _joints(2, 2), _mask(2))
    write_jhmdb_video(tmp_path, "sit", _OTHER, _joints(1, 3), _mask(1))
    return tmp_path


def test_splits_name_videos_and_pictures(root: Path) -> None:
    train = read_jhmdb(root, "train")
    assert train.joint_set is JHMDB15
    names = [f"run/{_FIRST}", f"run/{_NO_MASK}", f"sit/{_OTHER}"]
    assert [clip.name for clip in train] == names
    assert [len(clip) for clip in train] == [3, 2, 1]
    assert [clip.name for clip in read_jhmdb(root, "test")] == [f"run/{_TEST}"]
    assert [clip.name for clip in read_jhmdb(root, "test", number=2)] == [f"sit/{_OTHER}"]
    picture = train.clips[0].frames.read(2)
    assert picture.shape == (24, 32, 3)
    np.testing.assert_array_equal(picture[0, 0], (20, 100, 200))


def test_clips_of_one_source_share_a_person(root: Path) -> None:
    assert list(read_jhmdb(root, "train").persons) == ["The_Film_2", "A+B_(x)!"]
    assert source_video("holiday_run", "run") == "holiday_run"
    assert source_video("run_run_run_h_nm_np12_le_goo_10", "run") == "run_run"


def test_persons_are_those_of_the_published_names(shared_dir: Path) -> None:
    persons: dict[str, set[int]] = defaultdict(set)
    data = shared_dir / "data"
    # The teacher's clips have numbers of their own.
    for path in [*sorted(data.glob("jhmdb-train-*.npz")), data / "jhmdb-val.npz"]:
        with np.load(path) as shard:
            for clip, person in zip(shard["clip"], shard["person"], strict=True):
                action, video = str(shard["clip_name"][clip]).split("/")
                assert source_video(video, action) != video
                persons[source_video(video, action)].add(int(person))
    assert all(len(found) == 1 for found in persons.values())


def test_joints_count_from_zero_and_those_outside_are_absent(root: Path) -> None:
    video = "Edge_run_f_cm_np1_ba_bad_0"
    joints = _joints(2)
    joints[:, 0, 0] = 0.4, 5  # left of the first pixel
    joints[:, 1, 0] = 0.6, 5  # in the first pixel
    joints[:, 2, 0] = 5, 24.4  # in the last row
    joints[:, 3, 0] = 5, 24.6  # below it
    joints[:, 4, 1] = np.nan, 5
    write_jhmdb_split(root, "run", {video: 1}, number=3)
    write_jhmdb_video(root, "run", video, joints, _mask(2))
    (clip,) = read_jhmdb(root, "train", number=3)
    np.testing.assert_allclose(clip.joints, joints.transpose(2, 1, 0) - 1, rtol=1e-5)
    expected = np.full((2, 15), 2)
    expected[0, [0, 3]] = 0
    expected[1, 4] = 0
    np.testing.assert_array_equal(clip.visible, expected)


def test_squares_come_from_the_mask_and_else_from_the_joints(root: Path) -> None:
    masked, bare, single = read_jhmdb(root, "train")
    # The mask covers columns 6 to 10 and rows 4 to 13: 5 x 10 about (8, 8.5).
    expected = (8, 8.5 + 0.75, 12.5)
    np.testing.assert_allclose(masked.boxes[[0, 2]], (expected, expected))
    np.testing.assert_allclose(single.boxes, (expected,))
    for clip, frame in ((masked, 1), (bare, 0), (bare, 1)):
        low, high = clip.joints[frame].min(axis=0), clip.joints[frame].max(axis=0)
        longest = 1.2 * (high - low).max()
        np.testing.assert_allclose(
            clip.boxes[frame], (*(low + high) / 2 + (0, 0.075 * longest), 1.25 * longest), rtol=1e-5
        )


def test_pictures_are_opened_only_to_learn_their_size(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    decode = cv2.imdecode

    def counted(content: NDArray[np.uint8], flags: int) -> object:
        read.append(len(content))
        return decode(content, flags)

    monkeypatch.setattr(cv2, "imdecode", counted)
    read_jhmdb(root, "train")
    assert len(read) == 1


def test_a_wrong_folder_or_split_says_how_to_get_the_data_set(root: Path) -> None:
    with pytest.raises(UserError, match=r"jhmdb\.is\.tue\.mpg\.de"):
        read_jhmdb(root / "nothing", "train")
    with pytest.raises(UserError, match="split7"):
        read_jhmdb(root, "train", number=7)


def test_damaged_files_are_named(root: Path) -> None:
    mask = root / "puppet_mask" / "run" / _FIRST / "puppet_mask.mat"
    mask.write_bytes(mask.read_bytes()[:200])
    with pytest.raises(BadDataError, match=r"puppet_mask\.mat.*jhmdb\.is"):
        read_jhmdb(root, "train")
    mask.unlink()
    label = root / "joint_positions" / "sit" / _OTHER / "joint_positions.mat"
    label.unlink()
    with pytest.raises(BadDataError, match=str(label)):
        read_jhmdb(root, "train")
    label.parent.rmdir()
    write_jhmdb_video(root, "sit", _OTHER, np.ones((2, 14, 3)))
    with pytest.raises(BadDataError, match=r"joint_positions\.mat.*\(2, 14, 3\)"):
        read_jhmdb(root, "train")
    path = root / "splits" / "run_test_split1.txt"
    path.write_text(f"{_FIRST} 1\n")
    with pytest.raises(BadDataError, match=r"run_test_split1\.txt.*line"):
        read_jhmdb(root, "train")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadDataError, match=r"run_test_split1\.txt"):
        read_jhmdb(root, "train")
