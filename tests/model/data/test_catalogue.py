"""Data sets by name, and their squares brought to one rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.cli import DATA_NAMES
from model.core.errors import UserError
from model.core.skeleton import CELEBA5, joint_set
from model.data.catalogue import SOURCES, Request
from model.data.records import DataSet
from model.data.videos import read_penn_action
from tests.model.data import (
    test_aflw,
    test_bbc_pose,
    test_cat_heads,
    test_celeba,
    test_coco,
    test_faces300w,
    test_human36m,
    test_mpi_inf_3dhp,
    test_penn_poses,
    test_simplified_human36m,
    test_voxceleb,
)
from tests.model.data.layouts import (
    LSP_EXTENDED_STILLS,
    LSP_STILLS,
    write_jhmdb_split,
    write_jhmdb_video,
    write_lsp,
    write_lsp_extended,
    write_penn_video,
)
from tests.shards import SIZE, write_shard


def test_a_request_names_its_source_root_and_weight(tmp_path: Path) -> None:
    request = Request.parse(f"penn={tmp_path}@0.25")
    assert (request.source, request.root, request.weight) == (SOURCES["penn"], tmp_path, 0.25)
    plain = Request.parse("shards=a@b/*.npz")
    assert (plain.root, plain.weight) == (Path("a@b/*.npz"), None)
    for text in ("penn", "mpii=here", "=here", "", "penn=", "penn=@2"):
        with pytest.raises(UserError, match=f"{text!r} is not of the form"):
            Request.parse(text)


@pytest.mark.parametrize(
    ("place", "root", "weight"),
    [
        (r"C:\data\Penn_Action", r"C:\data\Penn_Action", None),
        (r"C:\data\Penn_Action@2", r"C:\data\Penn_Action", 2),
        ("C:/data/x=y@.5", "C:/data/x=y", 0.5),
        (r"\\server\share\me@home\shards-*.npz", r"\\server\share\me@home\shards-*.npz", None),
        ("/data/me@home", "/data/me@home", None),
        ("/data/me@home@1e-1", "/data/me@home", 0.1),
        ("/data/at@2020@1", "/data/at@2020", 1),
        ("data@", "data@", None),
        ("a folder/ä@3", "a folder/ä", 3),
    ],
)
def test_roots_may_hold_any_sign(place: str, root: str, weight: float | None) -> None:
    request = Request.parse(f"jhmdb={place}")
    assert (request.root, request.weight) == (Path(root), weight)


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "-0.0"])
def test_weights_are_positive(weight: str) -> None:
    with pytest.raises(UserError, match="must be a positive number"):
        Request.parse(f"penn=here@{weight}")


def write_penn(root: Path) -> None:
    for number, train in ((1, True), (2, False)):
        joints = np.full((1, 13, 2), 9.0)
        seen, boxes = np.ones((1, 13), np.uint8), np.array([[1.0, 1, 20, 20]])
        write_penn_video(root, number, joints, seen, boxes, train=train)


def write_human36m(root: Path) -> None:
    for split in ("train", "test"):
        test_human36m.write(root, split, 3)


def write_jhmdb(root: Path) -> None:
    for mark, video in enumerate(("a_run_f_cm_np1_ba_bad_0", "b_run_f_cm_np1_ba_bad_0"), start=1):
        write_jhmdb_split(root, "run" * mark, {video: mark})
        write_jhmdb_video(root, "run" * mark, video, np.full((2, 15, 1), 9.0))


def write_coco(root: Path) -> None:
    for part in ("train2017", "val2017"):
        test_coco.write(root, part)


def write_simplified_human36m(root: Path) -> None:
    for subject in ("S1", "S11"):
        test_simplified_human36m.write(root, subject, ("Posing.54138969",), frames=1)


def write_voxceleb2(root: Path) -> None:
    for part in ("dev", "test"):
        test_voxceleb.write(root / part)


WRITERS: dict[str, Callable[[Path], object]] = {
    "penn": write_penn,
    "human36m": write_human36m,
    "human36m-32": write_human36m,
    "bbc": test_bbc_pose.write,
    "penn-as-released": write_penn,
    "bbc-as-released": test_bbc_pose.write,
    "bbc-extra": test_bbc_pose.write,
    "jhmdb": write_jhmdb,
    "lsp": lambda root: write_lsp(root, np.ones((3, 14, LSP_STILLS)), []),
    "lsp-extended": lambda root: write_lsp_extended(
        root, np.ones((14, 3, LSP_EXTENDED_STILLS)), []
    ),
    "coco": write_coco,
    "shards": lambda root: write_shard(root / "people.npz"),
    "simplified-human36m": write_simplified_human36m,
    "simplified-human36m-unmasked": write_simplified_human36m,
    "mpi-inf-3dhp": test_mpi_inf_3dhp.write,
    "300w": test_faces300w.write_300w,
    "multipie": test_faces300w.write_multipie,
    "voxceleb2": write_voxceleb2,
    "celeba": test_celeba.write,
    "aflw": test_aflw.write,
    "cats": test_cat_heads.write,
    "penn-poses": lambda root: test_penn_poses.write_packed(root / "penn-poses.npz"),
}
TRAINING_ONLY = {"lsp-extended": "LSP-Extended", "mpi-inf-3dhp": "MPI-INF", "multipie": "MultiPIE"}


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_yields_the_joints_it_announces(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path)
    root = tmp_path / "*.npz" if name == "shards" else tmp_path
    request = Request.parse(f"{name}={root}")
    wanted = {"celeba5": CELEBA5}.get(request.source.joints) or joint_set(request.source.joints)
    train = request.read("train", request.source.crop_shift)
    assert train.joint_set is wanted
    assert all(clip.joints.shape[1] == len(wanted) for clip in train)
    if name in TRAINING_ONLY:
        with pytest.raises(UserError, match=f"{TRAINING_ONLY[name]}.* is a training set"):
            request.read("test", 0.0)
    else:
        assert request.read("test", request.source.crop_shift).joint_set is wanted


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "shards"])
def test_a_folder_of_something_else_says_how_to_get_the_data_set(name: str, tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "none"):
        with pytest.raises(UserError, match=r"http.*") as raised:
            Request.parse(f"{name}={root}").read("train", 0.0)
        assert str(root) in str(raised.value)


def test_shards_of_a_pattern_are_one_data_set(tmp_path: Path) -> None:
    for number in range(3):
        write_shard(tmp_path / f"gym-{number}.npz", people=2, frames=3)
    write_shard(tmp_path / "rest.npz", people=1, frames=3)

    def read(name: str) -> DataSet:
        return Request.parse(f"shards={tmp_path / name}").read("train", 0.0)

    gym, single, everything = read("gym-*.npz"), read("gym-1.npz"), read("*.npz")
    assert (gym.name, len(gym)) == ("gym", 18)
    assert (single.name, len(single)) == ("gym-1", 6)
    assert (everything.name, len(everything)) == (tmp_path.name, 21)
    clips = [clip.name for clip in gym]
    assert clips == sorted(clips) and len(set(clips)) == 6


def test_a_shard_with_brackets_in_its_name(tmp_path: Path) -> None:
    path = write_shard(tmp_path / "gym [1].npz")
    assert len(Request.parse(f"shards={path}").read("train", 0.0)) == 12


@pytest.mark.parametrize("place", ["none-*.npz", "none.npz", "", "no/where/*.npz"])
def test_a_pattern_that_matches_nothing_is_named(place: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\.npz clip shard"):
        Request.parse(f"shards={tmp_path / place}").read("train", 0.0)
    with pytest.raises(UserError, match=r"\.npz clip shard"):
        Request.parse("shards=.").read("train", 0.0)


@pytest.mark.parametrize("shift", [0.0, 0.075, 0.03])
def test_every_source_is_read_by_the_networks_rule(shift: float, tmp_path: Path) -> None:
    joints = np.random.default_rng(0).uniform(5, 20, (2, 13, 2))
    seen = np.ones((2, 13), np.uint8)
    boxes = np.array([[2.0, 3, 21, 42], [4, 3, 23, 42]])  # 1-based, 20 x 40 pixels
    write_penn_video(tmp_path, 1, joints, seen, boxes, train=True)
    (video,) = Request.parse(f"penn={tmp_path}").read("train", shift)
    (published,) = read_penn_action(tmp_path, "train")
    # The published centre without its shift: (2 + 21 - 1) / 2 - 1 and (3 + 42 - 1) / 2 - 1.
    assert video.boxes[0] == pytest.approx([10, 21 + shift * 40, 1.25 * 40])
    assert published.boxes[0] == pytest.approx([10, 21 + 0.075 * 40, 1.25 * 40])

    write_shard(tmp_path / "people.npz")
    clip = Request.parse(f"shards={tmp_path / 'people.npz'}").read("test", shift).clips[0]
    assert clip.boxes[0] == pytest.approx([SIZE / 2, SIZE / 2 + shift * 128 / 1.25, 128])


def test_only_shards_heads_and_ready_made_crops_are_cut_about_the_boxes_centres() -> None:
    shifts = {name: source.crop_shift for name, source in SOURCES.items()}
    centred = (
        "shards", "simplified-human36m", "simplified-human36m-unmasked", "300w", "multipie",
        "voxceleb2", "celeba", "aflw", "cats",
    )  # fmt: skip
    assert {shifts.pop(name) for name in centred} == {0}
    assert set(shifts.values()) == {0.075}


def test_the_command_line_lists_every_data_set() -> None:
    assert DATA_NAMES.split(", ") == list(SOURCES)
