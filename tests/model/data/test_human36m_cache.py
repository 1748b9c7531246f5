"""Human3.6M, from folders written as the caches of integral human pose regression are."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.core.errors import UserError
from model.core.skeleton import H36M16
from model.data.human36m import read_human36m
from model.data.records import BadDataError
from tests.model.data.layouts import write_picture

FLAT = "HM36_train_cache/HM36_train_w256xh256_keypoint_db_sample200.pkl"
VIDEO = (
    "HM36Vid_trainfull_all_cache/HM36Vid_trainfull_all_w128xh128_keypoint_db_sample-1.pkl",
    "HM36Vid_validfull_all_cache/HM36Vid_validfull_all_w128xh128_keypoint_db_sample-1.pkl",
)
# The 18 joints of the flat cache, in its order, which the variant's 16 come from.
CACHE18 = (
    "root", "R-hip", "R-knee", "R-ankle", "L-hip", "L-knee", "L-ankle", "torso", "neck", "nose",
    "head", "L-shoulder", "L-elbow", "L-wrist", "R-shoulder", "R-elbow", "R-wrist", "thorax",
)  # fmt: skip


def folder(key: tuple[int, int, int, int]) -> str:
    return "s_{:02d}_act_{:02d}_subact_{:02d}_ca_{:02d}".format(*key)


def frame(key: tuple[int, int, int, int], number: int, joints: int) -> dict[str, Any]:
    points = np.zeros((joints, 3))
    points[:, 0] = np.arange(joints) * 10
    points[:, 1] = number
    points[:, 2] = 777
    seen = np.ones((joints, 3))
    seen[2] = 0
    place = f"{folder(key)}/{folder(key)}_{number:06d}.jpg"
    return {
        "image": f"../../data/hm36/images/{place}",
        "center_x": np.float64(500.0),
        "center_y": 480.0,
        "width": 400.0,
        "height": 410.0,
        "flip_pairs": np.array([[1, 4], [2, 5]]),
        "parent_ids": np.arange(joints),
        "joints_3d": points,
        "joints_3d_vis": seen,
        "joints_3d_cam": points,
        "pelvis": points[0],
        "fl": np.array([1145.0, 1143.8]),
        "c_p": np.array([512.5, 515.5]),
        "bone_len": 5000.0,
    }


def write(root: Path, name: str, database: Any) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(database, pickle.HIGHEST_PROTOCOL))
    lists = database.values() if isinstance(database, dict) else [database]
    for record in (record for records in lists for record in records):
        images = root / "images" / Path(record["image"]).parent.name
        images.mkdir(parents=True, exist_ok=True)
    return path


def test_the_variant_of_the_paper(tmp_path: Path) -> None:
    keys = [(9, 2, 1, 1), (9, 2, 1, 2), (11, 16, 2, 4)]
    database = {key: [frame(key, number, 16) for number in (1, 201)] for key in keys}
    write(tmp_path, VIDEO[1], database)
    name = "s_11_act_16_subact_02_ca_04"
    write_picture(tmp_path / "images" / name / f"{name}_000201.jpg", 90)
    data_set = read_human36m(tmp_path, "test")
    assert data_set.joint_set == H36M16
    assert {person: len(clips) for person, clips in data_set.persons.items()} == {"S9": 2, "S11": 1}
    clip = data_set.clips[2]
    assert clip.name == name and len(clip) == 2
    assert abs(int(clip.frames.read(1)[12, 16, 0]) - 90) < 4
    np.testing.assert_array_equal(clip.joints[..., 0], np.tile(np.arange(16) * 10, (2, 1)))
    np.testing.assert_array_equal(clip.joints[1, :, 1], np.full(16, 201))
    assert clip.visible[0].tolist() == [2, 2, 0] + [2] * 13
    # The cached centre, moved down by 15 times (410 / 200) px, and a quarter more than 410.
    assert clip.boxes[0] == pytest.approx([500, 480 + 15 * 410 / 200, 1.25 * 410])


def test_the_flat_cache_in_any_order(tmp_path: Path) -> None:
    first, second = (1, 2, 1, 1), (5, 3, 2, 4)
    drawn = [(second, 31), (first, 42), (second, 7), (first, 3)]
    write(tmp_path, FLAT, [frame(key, number, 18) for key, number in drawn])
    one, five = read_human36m(tmp_path, "train").clips
    assert (one.person, five.person) == ("S1", "S5")
    assert one.joints[:, 0, 1].tolist() == [3, 42]
    assert five.joints[:, 0, 1].tolist() == [7, 31]
    assert Path(five.frames.describe(0)).name == "s_05_act_03_subact_02_ca_04_000007.jpg"
    meanings = {
        "right ankle": "R-ankle", "left hip": "L-hip", "pelvis": "root", "thorax": "thorax",
        "neck": "neck", "head top": "head", "right wrist": "R-wrist", "left wrist": "L-wrist",
        "right shoulder": "R-shoulder", "left shoulder": "L-shoulder", "right knee": "R-knee",
    }  # fmt: skip
    for name, cached in meanings.items():
        assert one.joints[0, H36M16.index(name), 0] == 10 * CACHE18.index(cached)
    assert np.flatnonzero(one.visible[0] == 0).tolist() == [H36M16.index("right knee")]


def test_a_cache_of_the_other_split_is_not_taken(tmp_path: Path) -> None:
    write(tmp_path, VIDEO[0], {(1, 2, 1, 1): [frame((1, 2, 1, 1), 1, 16)]})
    write(tmp_path, VIDEO[1], {(9, 2, 1, 1): [frame((9, 2, 1, 1), 1, 16)]})
    assert list(read_human36m(tmp_path, "train").persons) == ["S1"]
    assert list(read_human36m(tmp_path, "test").persons) == ["S9"]


def test_several_caches_of_a_split_are_named(tmp_path: Path) -> None:
    for name in (FLAT, VIDEO[0]):
        write(tmp_path, name, [frame((1, 2, 1, 1), 1, 16)])
    with pytest.raises(UserError, match=r"2 caches.*HM36Vid_trainfull.*HM36_train_w.*Keep the one"):
        read_human36m(tmp_path, "train")


def test_missing_images_are_named(tmp_path: Path) -> None:
    write(tmp_path, FLAT, [frame((1, 2, 1, 1), 1, 18)])
    (tmp_path / "images" / "s_01_act_02_subact_01_ca_01").rmdir()
    with pytest.raises(
        BadDataError, match=r"no folder .*s_01_act_02_subact_01_ca_01.*integral-human"
    ):
        read_human36m(tmp_path, "train")


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in frame((1, 2, 1, 1), 1, 18).items() if name != key}


@pytest.mark.parametrize(
    "database",
    [
        [_without("center_y")],
        [_without("joints_3d_vis")],
        [frame((1, 2, 1, 1), 1, 17)],
        [frame((1, 2, 1, 1), 1, 16), frame((1, 2, 1, 1), 2, 18)],
        [{**frame((1, 2, 1, 1), 1, 18), "joints_3d": np.zeros(18)}],
        [{**frame((1, 2, 1, 1), 1, 18), "image": "s_01/1.png"}],
    ],
)
def test_other_content_is_named(tmp_path: Path, database: Any) -> None:
    write(tmp_path, FLAT, database)
    (tmp_path / "images" / "s_01_act_02_subact_01_ca_01").mkdir(parents=True, exist_ok=True)
    with pytest.raises(BadDataError, match=r"sample200\.pkl is no Human3\.6M keypoint cache"):
        read_human36m(tmp_path, "train")


@pytest.mark.parametrize("content", [3, {"a": 1}, "text", None])
def test_content_of_another_kind_is_named(tmp_path: Path, content: object) -> None:
    write(tmp_path, FLAT, []).write_bytes(pickle.dumps(content))
    with pytest.raises(BadDataError, match=r"sample200\.pkl is no Human3\.6M keypoint cache"):
        read_human36m(tmp_path, "train")
