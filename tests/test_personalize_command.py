"""``python main.py personalize`` from its command line to its files, on clips written here."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import main
import model
from app.cli.program import INTERRUPTED
from app.runtime.capture.files import VideoSource
from app.runtime.live import engine
from app.runtime.profiles import ProfileFolder
from app.runtime.recordings.pipeline import RecordingPipeline
from model.adaptation.profile import read_info
from tests.app.runtime.recordings.stand_ins import (
    EMPTY,
    SIZE,
    BrightnessFollower,
    PixelLoss,
    person,
    write_clip,
)
from tests.networks import small_network

RESULTS = {"keypoints.csv", "keypoints.coco.json", "overlay.mp4", "summary.json"}
LEARNING = ["--preset", "paper", "--batch-size", "1", "--learning-rate", "1e-3"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    model.save(path, small_network(), {"version": "7"})
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Four frames; nobody is in the second."""
    frames = [person(0), EMPTY, person(1), person(2)]
    return write_clip(tmp_path / "clip.avi", frames)


@pytest.fixture(autouse=True)
def cheap_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PersonFollower", BrightnessFollower)
    monkeypatch.setattr(engine, "load_perceptual_loss", PixelLoss)


def personalize(
    recordings: Path | list[Path], out: Path, weights: Path, mode: str, *options: str
) -> int:
    given = recordings if isinstance(recordings, list) else [recordings]
    arguments = ["personalize", *map(str, given), "--mode", mode, "--out", str(out)]
    return main.main([*arguments, "--weights", str(weights), "--device", "cpu", *options])


def read_rows(out: Path) -> list[dict[str, str]]:
    with (out / "keypoints.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_mode_none_predicts_every_frame(
    clip: Path, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert personalize(clip, out, weights, "none", "--json") == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert output.out.count("\n") == 1
    assert json.loads(output.out) == {
        "frames": 4,
        "person_found": 3,
        "updates": 0,
        "loss_first": None,
        "loss_last": None,
    }
    assert {file.name for file in out.iterdir()} == RESULTS
    assert [row["person_found"] for row in read_rows(out)] == ["1", "0", "1", "1"]
    coco = json.loads((out / "keypoints.coco.json").read_text())
    assert len(coco["images"]) == 4
    assert [a["image_id"] for a in coco["annotations"]] == [1, 3, 4]


def test_the_overlay_video_has_the_recordings_frames(
    clip: Path, tmp_path: Path, weights: Path
) -> None:
    assert personalize(clip, tmp_path / "out", weights, "none") == 0
    video = cv2.VideoCapture(str(tmp_path / "out" / "overlay.mp4"))
    properties = (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    assert [video.get(key) for key in properties] == [4, *SIZE]
    assert video.get(cv2.CAP_PROP_FPS) == 20
    video.release()


def test_mode_online_learns_and_predicts_differently(
    clip: Path, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert personalize(clip, tmp_path / "none", weights, "none") == 0
    capsys.readouterr()
    assert personalize(clip, tmp_path / "online", weights, "online", "--json", *LEARNING) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["frames"], line["person_found"], line["updates"]) == (4, 3, 3)
    assert 0 < line["loss_first"] < 100
    assert line["loss_last"] != line["loss_first"]
    trained, personal = read_rows(tmp_path / "none"), read_rows(tmp_path / "online")
    assert [row["updates"] for row in personal] == ["1", "1", "2", "3"]
    assert personal[3]["head_confidence"] != trained[3]["head_confidence"]


def test_mode_offline_predicts_every_frame_with_what_all_taught(
    clip: Path, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = ("--offline-rate", "2", *LEARNING)
    assert personalize(clip, out, weights, "offline", "--json", *options) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["frames"], line["person_found"], line["updates"]) == (4, 3, 6)
    assert [row["updates"] for row in read_rows(out)] == ["6"] * 4
    assert {file.name for file in out.iterdir()} == RESULTS
    summary = json.loads((out / "summary.json").read_text())
    assert summary["mode"] == "offline"
    assert summary["settings"]["offline_updates_per_frame"] == 2
    assert len(summary["losses"]) == 6
    assert summary["learnt_from"] == {
        "recordings": [str(clip)],
        "frames_with_the_person": 3,
        "views_kept": 3,
    }


def test_several_recordings_of_one_person_get_a_folder_each(
    clip: Path, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "more"
    (folder / "inside").mkdir(parents=True)
    for name in ("clip.avi", "take 10.avi", "take 9.avi"):
        write_clip(folder / name, [person(4), person(5)])
    out = tmp_path / "out"
    options = ("--json", "--no-overlay", *LEARNING)
    assert personalize([clip, folder], out, weights, "offline", *options) == 0
    lines = json.loads(capsys.readouterr().out)
    names = ["clip", "clip-2", "take 9", "take 10"]
    assert [line["out"] for line in lines] == [str(out / name) for name in names]
    assert [line["frames"] for line in lines] == [4, 2, 2, 2]
    assert {file.name for file in out.iterdir()} == set(names)
    for name in names:
        assert {row["updates"] for row in read_rows(out / name)} == {"9"}  # 3 + 2 + 2 + 2 frames
        summary = json.loads((out / name / "summary.json").read_text())
        assert len(summary["learnt_from"]["recordings"]) == 4
    assert personalize([clip, folder], out, weights, "offline", "--no-overlay", *LEARNING) == 0
    told = capsys.readouterr().out
    assert "take 9.avi: 2 frames, a person in 2 of them." in told
    assert told.count("9 updates") == 1


def test_online_goes_on_learning_in_the_next_recording(
    clip: Path, tmp_path: Path, weights: Path
) -> None:
    other = write_clip(tmp_path / "other.avi", [person(4)])
    out = tmp_path / "out"
    assert personalize([clip, other], out, weights, "online", "--no-overlay", *LEARNING) == 0
    assert [row["updates"] for row in read_rows(out / "clip")] == ["1", "1", "2", "3"]
    assert [row["updates"] for row in read_rows(out / "other")] == ["4"]


def test_a_folder_of_both_kinds_is_not_guessed_at(
    clip: Path, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(clip.parent / "a.png"), person(0))
    assert personalize(clip.parent, tmp_path / "out", weights, "none") == 2
    assert "videos and pictures" in capsys.readouterr().err


def test_a_processor_gets_every_result_and_its_error_ends_nothing(
    clip: Path, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, seen = tmp_path / "mine.py", tmp_path / "seen.txt"
    file.write_text(
        "class Processor:\n"
        "    def process(self, result):\n"
        f"        with open({str(seen)!r}, 'a') as file:\n"
        "            file.write(f'{result.frame} {len(result.keypoints)} {result.updates}\\n')\n"
        "        assert result.frame < 2 or result.updates\n"
        "    def close(self):\n"
        f"        with open({str(seen)!r}, 'a') as file:\n"
        "            file.write('closed')\n"
    )
    out = tmp_path / "out"
    options = ("--no-overlay", "--processor", str(file))
    assert personalize(clip, out, weights, "offline", *options, *LEARNING) == 0
    assert seen.read_text() == "0 13 3\n1 0 3\n2 13 3\n3 13 3\nclosed"
    summary = json.loads((out / "summary.json").read_text())
    assert summary["processor"] == {"file": str(file), "error": None}
    capsys.readouterr()
    seen.unlink()
    assert personalize(clip, out, weights, "none", *options) == 0
    assert seen.read_text() == "0 13 0\n1 0 0\n2 13 0\nclosed"
    assert "mine.py failed (AssertionError" in capsys.readouterr().err
    summary = json.loads((out / "summary.json").read_text())
    assert "AssertionError" in summary["processor"]["error"]
    assert summary["frames"] == 4


def test_a_processor_that_cannot_be_made_is_told_before_anything_is_done(
    clip: Path, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert personalize(clip, out, weights, "none", "--processor", str(tmp_path / "no.py")) == 2
    assert "no.py" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("moment", ["watching", "learning", "predicting"])
def test_ctrl_c_offline_leaves_nothing_behind(
    moment: str, clip: Path, tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = {"watching": "watch", "learning": "learn", "predicting": "run"}
    calls = []

    def interrupted(*_: object) -> None:
        calls.append(moment)
        raise KeyboardInterrupt

    monkeypatch.setattr(RecordingPipeline, methods[moment], interrupted)
    out = tmp_path / "out"
    assert personalize([clip, clip], out, weights, "offline", *LEARNING) == INTERRUPTED
    assert calls == [moment]
    assert list(out.iterdir()) == []


def test_the_summary_says_what_was_run(clip: Path, tmp_path: Path, weights: Path) -> None:
    out = tmp_path / "out"
    assert personalize(clip, out, weights, "online", "--no-overlay", *LEARNING) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert summary["mode"] == "online"
    assert summary["settings"]["batch_size"] == 1
    assert summary["settings"]["learning_rate"] == 1e-3
    assert summary["settings"]["scope"] == "all"
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert summary["weights"] == {"name": weights.name, "sha256": digest, "version": "7"}
    assert summary["network"]["backbone"] == "resnet-mini"
    assert summary["device"]["name"] == "cpu"
    assert {"project", "torch", "opencv"} <= set(summary["versions"])
    assert summary["updates"] == len(summary["losses"]) == 3
    assert (summary["losses"][0], summary["losses"][-1]) == (
        summary["loss_first"],
        summary["loss_last"],
    )
    assert not (out / "overlay.mp4").exists()
    assert set(summary["files"]) == RESULTS - {"overlay.mp4", "summary.json"}


def test_a_recording_without_a_person_is_no_error(
    tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "empty.avi", [EMPTY] * 3)
    assert personalize(clip, tmp_path / "out", weights, "online", "--json", *LEARNING) == 0
    line = json.loads(capsys.readouterr().out)
    assert line["frames"] == 3
    assert line["person_found"] == line["updates"] == 0
    assert line["loss_first"] is None
    assert line["loss_last"] is None


def test_a_folder_of_pictures_is_a_recording(tmp_path: Path, weights: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, size in (("10.png", (40, 48)), ("9.png", SIZE)):
        cv2.imwrite(str(folder / name), person(0, *size))
    assert personalize(folder, tmp_path / "out", weights, "none") == 0
    coco = json.loads((tmp_path / "out" / "keypoints.coco.json").read_text())
    images = [(image["file_name"], image["width"]) for image in coco["images"]]
    assert images == [("9.png", 64), ("10.png", 40)]


def test_known_joints_tell_the_error(
    clip: Path, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    joints = tmp_path / "clip.joints.npz"
    seen = np.full((4, 17), 2, np.uint8)
    np.savez(joints, joints=np.zeros((4, 17, 2)), head=np.zeros((4, 2)), visible=seen)
    out = tmp_path / "out"
    arguments = ["personalize", str(clip), "--mode", "none", "--out", str(out), "--no-overlay"]
    arguments += ["--weights", str(weights), "--true-joints", str(joints)]
    assert main.main(arguments) == 0
    summary = json.loads((out / "summary.json").read_text())
    rows = list(csv.DictReader((out / "keypoints.csv").read_text().splitlines()))
    assert len(summary["errors_percent_of_box"]) == summary["person_found"] == 3
    first = rows[0]
    points = np.array([[first[k], first[k[:-1] + "y"]] for k in first if k.endswith("_x")], float)
    by_hand = 100 * np.linalg.norm(points, axis=1).mean() / float(first["box_side"])
    assert summary["errors_percent_of_box"][0] == pytest.approx(by_hand, rel=1e-2)
    assert f"Mean error {summary['mean_error_percent_of_box']:.2f} %" in capsys.readouterr().out
    assert main.main([arguments[0], str(clip), *arguments[1:]]) == 2
    assert "--true-joints" in capsys.readouterr().err
    joints.write_text("no joints")
    assert main.main(arguments) == 2
    assert "clip.joints.npz" in capsys.readouterr().err


def test_people_are_told_in_words(
    clip: Path, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert personalize(clip, tmp_path / "out", weights, "online", *LEARNING) == 0
    output = capsys.readouterr()
    assert "4 frames, a person in 3 of them." in output.out
    assert "3 updates, loss " in output.out
    assert output.err == ""  # nobody watches a progress bar here


@pytest.mark.fault("`personalize` is interrupted")
def test_ctrl_c_leaves_older_results_whole(
    clip: Path, tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert personalize(clip, out, weights, "none") == 0
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    read = VideoSource.read

    def interrupted(self: VideoSource) -> object:
        grab = read(self)
        if grab is not None and grab.media_index == 2:
            raise KeyboardInterrupt
        return grab

    monkeypatch.setattr(VideoSource, "read", interrupted)
    assert personalize(clip, out, weights, "none") == INTERRUPTED
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_a_recording_is_not_replaced_by_its_own_overlay(
    clip: Path, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = clip.rename(tmp_path / "overlay.mp4")
    before = recording.read_bytes()
    assert personalize(recording, tmp_path, weights, "none") == 2
    assert "its own overlay" in capsys.readouterr().err
    assert recording.read_bytes() == before
    assert personalize(recording, tmp_path, weights, "none", "--no-overlay") == 0


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--device", "toaster"], "'toaster'"),
        (["--preset", "wild"], "'wild'"),
        (["--batch-size", "0"], "batch_size was 0"),
        (["--learning-rate", "nan"], "learning_rate was nan"),
        (["--iterations", "0"], "iterations was 0"),
        (["--batch-size", "many"], "'many'"),
        (["--offline-rate", "2"], "--offline-rate"),
        (["--mode", "offline", "--set", "reset_every=5"], "reset_every"),
        (["--mode", "offline", "--offline-rate", "0"], "offline_updates_per_frame was 0"),
        (["--set", "offline_updates_per_frame=2"], "not NAME=VALUE with one of these settings"),
    ],
)
def test_options_that_make_no_sense_are_one_sentence_and_exit_code_2(
    options: list[str],
    part: str,
    clip: Path,
    tmp_path: Path,
    weights: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert personalize(clip, tmp_path / "out", weights, "online", *options) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.count("\n") == 1
    assert part in output.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["text", "missing", "empty folder"])
def test_what_is_no_recording_is_one_sentence_and_exit_code_2(
    kind: str, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = tmp_path / "recording.mp4"
    if kind == "text":
        recording.write_text("not a video")
    elif kind == "empty folder":
        recording.mkdir()
    assert personalize(recording, tmp_path / "out", weights, "none") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert str(recording) in error
    assert not (tmp_path / "out").exists()


def test_weights_that_cannot_be_used_are_one_sentence_and_exit_code_2(
    clip: Path, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truncated = tmp_path / "truncated.safetensors"
    truncated.write_bytes(weights.read_bytes()[:1000])
    assert personalize(clip, tmp_path / "out", truncated, "none") == 2
    assert "truncated" in capsys.readouterr().err
    baseline = tmp_path / "baseline.safetensors"
    model.save(baseline, small_network("baseline"))
    assert personalize(clip, tmp_path / "out", baseline, "online") == 2
    error = capsys.readouterr().err
    assert "cannot be personalized" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProfileFolder:
    folder = tmp_path / "profiles"
    monkeypatch.setattr("app.settings.platformdirs.user_data_path", lambda _: tmp_path)
    return ProfileFolder(folder)


def read_summary(out: Path) -> dict[str, Any]:
    summary = json.loads((out / "summary.json").read_text())
    assert isinstance(summary, dict)
    return summary


def test_a_profile_is_written_started_from_and_gone_on_with(
    clip: Path,
    tmp_path: Path,
    weights: Path,
    profiles: ProfileFolder,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(out: str, mode: str, *options: str) -> dict[str, Any]:
        options = ("--no-overlay", *(LEARNING if mode == "online" else ()), *options)
        assert personalize(clip, tmp_path / out, weights, mode, *options) == 0
        return read_summary(tmp_path / out)

    assert run("trained", "none")["profile"] == {"loaded": None, "saved": None}
    saved = run("first", "online", "--save-profile", "Änne / 1")["profile"]["saved"]
    assert 'kept as "Änne / 1"' in capsys.readouterr().out
    assert (saved["name"], saved["updates"], saved["preset"]) == ("Änne / 1", 3, "")
    assert saved["network_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    path = profiles.get("Änne / 1").path

    loaded = run("again", "none", "--profile", "Änne / 1")
    assert loaded["profile"] == {"loaded": saved, "saved": None}
    assert loaded["updates"] == 0
    trained, first, again = (read_rows(tmp_path / n) for n in ("trained", "first", "again"))
    assert [row["updates"] for row in again] == ["3"] * 4
    # What had all three updates behind it is predicted again.
    assert again[3] == first[3] != trained[3]

    assert run("by path", "none", "--profile", str(path))["profile"] == loaded["profile"]
    assert read_rows(tmp_path / "by path") == again

    options = ("--profile", "Änne / 1", "--save-profile", "Änne / 1")
    more = run("more", "online", *options)
    assert [row["updates"] for row in read_rows(tmp_path / "more")] == ["4", "4", "5", "6"]
    assert (more["profile"]["loaded"], more["profile"]["saved"]["updates"]) == (saved, 6)
    assert [profile.name for profile in profiles.all()] == ["Änne / 1"]

    file = tmp_path / "own.safetensors"
    run("file", "online", "--save-profile", str(file), "--profile", "Änne / 1")
    assert read_info(file).name == "own" and read_info(file).updates == 9


def test_a_reset_goes_to_the_trained_weights_and_not_to_the_profile(
    clip: Path, tmp_path: Path, weights: Path, profiles: ProfileFolder
) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    assert personalize(clip, a, weights, "online", *LEARNING, "--save-profile", "A") == 0
    options = [*LEARNING, "--profile", "A", "--save-profile", "B", "--set", "reset_every=1"]
    assert personalize(clip, b, weights, "online", *options) == 0
    assert [row["updates"] for row in read_rows(b)] == ["4", "0", "1", "1"]
    # After the last frame nothing was left to keep.
    assert read_summary(b)["profile"]["saved"] is None
    assert [profile.name for profile in profiles.all()] == ["A"]


def test_profiles_that_cannot_be_used_are_one_sentence_and_exit_code_2(
    clip: Path,
    tmp_path: Path,
    weights: Path,
    profiles: ProfileFolder,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        personalize(clip, tmp_path / "a", weights, "online", *LEARNING, "--save-profile", "A") == 0
    )
    other = tmp_path / "other.safetensors"
    model.save(other, small_network(), {"version": "8"})
    (tmp_path / "file").write_text("in the way")
    capsys.readouterr()
    for words, mode, network, options in (
        ('There is no profile "B". There are: "A".', "none", weights, ["--profile", "B"]),
        ("learnt with another network, small", "none", other, ["--profile", "A"]),
        ("is damaged or no profile", "none", weights, ["--profile", str(clip) + ".safetensors"]),
        ("Add --preset paper", "online", weights, ["--profile", "A"]),
        ("needs --mode online", "none", weights, ["--save-profile", "B"]),
        ('There is a profile "A" already', "online", weights, ["--save-profile", "A"]),
        ("was empty", "online", weights, ["--save-profile", ""]),
        ("No profile can be written", "online", weights,
         ["--save-profile", str(tmp_path / "file" / "b.safetensors")]),
    ):  # fmt: skip
        clip.with_name(clip.name + ".safetensors").write_text("not one")
        assert personalize(clip, tmp_path / "out", network, mode, *options) == 2
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1
        assert not (tmp_path / "out").exists()


def test_mode_and_folder_must_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["personalize", "clip.mp4", "--out", "out"]) == 2
    assert "--mode" in capsys.readouterr().err
    assert main.main(["personalize", "clip.mp4", "--mode", "none"]) == 2
    assert "--out" in capsys.readouterr().err
