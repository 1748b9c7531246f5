"""The commands of KeypointGAN and IMM: what they print and write, and wrong input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from app.cli.options import assigned
from main import main
from model.core.errors import UserError
from model.engine.metrics import read_log
from model.experiments.catalogue import GAN_EXPERIMENTS
from model.experiments.gan_tables import RUNS
from model.imm import weights as imm_weights
from model.keypointgan import hourglass, weights
from tests.model.data.layouts import write_picture
from tests.model.data.test_aflw import write as write_aflw
from tests.model.data.test_bbc_pose import write as write_bbc
from tests.model.data.test_celeba import COUNT
from tests.model.data.test_celeba import write as write_celeba
from tests.model.data.test_faces300w import write_300w, write_multipie
from tests.model.data.test_simplified_human36m import write as write_simplified
from tests.model.data.test_voxceleb import write as write_voxceleb
from tests.model.imm.small import lively_network
from tests.model.keypointgan.tiny import tiny_network
from tests.sentences import sentence
from tests.shards import write_shard

ROOT = Path(__file__).resolve().parents[1]
GAN = (
    "--device", "cpu", "--json", "--set", "size=32", "--set", "width=4", "--set",
    "discriminator_width=4", "--set", "scales=1", "--set", "batch_size=2", "--set",
    "regressor_steps=1",
)  # fmt: skip
IMM = ("--device", "cpu", "--json", "--points", "3", "--set", "size=32", "--set", "width=4",
       "--set", "batch_size=2")  # fmt: skip
HOURGLASS = ("--device", "cpu", "--json", "--set", "size=64", "--set", "width=8", "--set",
             "stacks=2", "--set", "batch_size=2")  # fmt: skip


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shard(tmp_path_factory.mktemp("people") / "people.npz")


def train_gan(shard: Path, out: Path, *options: str) -> int:
    data = f"shards={shard}"
    return main(["train", "keypointgan", "--data", data, "--out", str(out), *GAN, *options])


def train_imm(shard: Path, out: Path, *options: str) -> int:
    return main(["train", "imm", "--data", f"shards={shard}", "--out", str(out), *IMM, *options])


def train_hourglass(shard: Path, out: Path, *options: str) -> int:
    data = f"shards={shard}"
    return main(["train", "hourglass", "--data", data, "--out", str(out), *HOURGLASS, *options])


# Training


@pytest.mark.parametrize("method", ["hourglass", "imm"])
def test_a_network_is_trained_and_goes_on_to_the_same_bits(
    method: str, shard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = {"hourglass": train_hourglass, "imm": train_imm}[method]
    load = {"hourglass": hourglass.load, "imm": imm_weights.load}[method]
    options = ("--steps", "3", "--set", "look_every=2")
    assert train(shard, tmp_path / "a", *options) == 0
    result = json.loads(capsys.readouterr().out)
    assert result == {"steps": 3, "weights": str(tmp_path / "a" / "last.safetensors")}
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert names >= {"last.safetensors", "panel.png", "log.csv", "run.json", "checkpoint.pt"}
    panel = cv2.imread(str(tmp_path / "a" / "panel.png"))
    assert panel is not None and panel.std() > 20
    told = json.loads((tmp_path / "a" / "run.json").read_text())
    assert told["data"] == "shards=people.npz, 12 frames"

    assert train(shard, tmp_path / "b", *options, "--max-steps", "1") == 0
    assert train(shard, tmp_path / "b", *options) == 2
    assert train(shard, tmp_path / "b", *options, "--resume") == 0
    one, other = (load(tmp_path / run / "last.safetensors") for run in "ab")
    assert one.spec == other.spec
    for name, value in one.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name


def test_what_the_options_say_of_a_network_is_trained(shard: Path, tmp_path: Path) -> None:
    options = ("--steps", "2", "--set", "look_every=1")
    assert train_hourglass(shard, tmp_path / "hourglass", *options) == 0
    spec = hourglass.load(tmp_path / "hourglass" / "last.safetensors").spec
    assert spec == hourglass.HourglassSpec("penn13", size=64, stacks=2, width=8)
    assert train_imm(shard, tmp_path / "imm", *options, "--set", "pairs=video") == 0
    assert imm_weights.load(tmp_path / "imm" / "last.safetensors").spec.points == 3
    rows = read_log(tmp_path / "imm" / "log.csv")
    assert [row.step for row in rows if row.name == "points/spread"] == [1, 2]
    assert all(0 <= row.value < 1 for row in rows if row.name == "points/spread")
    assert (tmp_path / "imm" / "curves.png").exists()


def test_the_hourglass_learns_the_joints_of_a_data_set_in_its_owners_layout(
    tmp_path: Path,
) -> None:
    data = f"simplified-human36m={write_simplified(tmp_path / 'data', 'S1', frames=2)}"
    given = ["--data", data, "--out", str(tmp_path / "run"), *HOURGLASS, "--steps", "1"]
    assert main(["train", "hourglass", *given]) == 0
    assert hourglass.load(tmp_path / "run" / "last.safetensors").spec.joints == "h36m32"


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--set", "stacks=0"), "stacks was 0"),
        (("--set", "joints=cat7"), "--set joints=cat7 is not NAME=VALUE"),
        (("--set", "size=100"), "size was 100"),
        (("--set", "precision=half"), "precision"),
        (("--set", "learning_rate=0"), "learning_rate was 0"),
        (("--steps", "0"), "steps was 0"),
        (("--data", "shards=nowhere.npz"), "nowhere.npz"),
    ],
)
def test_wrong_input_for_the_hourglass_is_one_sentence(
    options: tuple[str, ...],
    part: str,
    shard: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert train_hourglass(shard, tmp_path / "run", *options) == 2
    assert part in sentence(capsys)


def test_keypointgan_is_trained_and_goes_on(
    shard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--steps", "2", "--ablation", "cyclegan", "--prior-size", "3", "--set", "pool=0")
    assert train_gan(shard, tmp_path, *options, "--max-steps", "1") == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 1
    assert train_gan(shard, tmp_path, *options) == 2
    assert "--resume" in capsys.readouterr().err
    assert train_gan(shard, tmp_path, *options, "--resume") == 0
    output = capsys.readouterr()
    result = json.loads(output.out)
    assert result == {"steps": 2, "weights": str(tmp_path / "last.safetensors")}
    network = weights.load(Path(result["weights"]))
    assert (network.spec.skeleton_name, network.spec.size) == ("penn13", 32)
    assert not network.spec.conditional and network.spec.second_cycle
    metadata = weights.read_metadata(Path(result["weights"]))
    assert metadata["prior"].startswith("3 poses")
    assert json.loads(metadata["settings"])["pool"] == 0


def test_in_words_it_says_how_to_go_on(
    shard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [word for word in GAN if word != "--json"]
    data = ["--data", f"shards={shard}", "--out", str(tmp_path)]
    assert main(["train", "keypointgan", *data, *options, "--steps", "2", "--max-steps", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 steps are done.",
        f"The network is {tmp_path / 'last.safetensors'}",
        "Add --resume to go on.",
    ]


def test_imm_learns_from_no_label(shard: Path, tmp_path: Path) -> None:
    with np.load(shard) as file:
        arrays = dict(file)
    arrays["joints"][:] = np.nan
    arrays["visible"][:] = 0
    blind = tmp_path / "people.npz"
    np.savez(blind, **arrays)
    options = ("--steps", "1", "--set", "loss=l2")
    for name, path in (("a", shard), ("b", blind)):
        assert train_imm(path, tmp_path / name, *options) == 0
    one, other = (imm_weights.load(tmp_path / run / "last.safetensors") for run in "ab")
    for name, value in one.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--ablation", "unknown"), "no ablation 'unknown'. Choose one of: cyclegan, "),
        (("--set", "unknown=3"), "--set unknown=3 is not NAME=VALUE"),
        (("--set", "batch_size=many"), "--set batch_size=many is not"),
        (("--set", "batch_size"), "--set batch_size is not"),
        (("--set", "skeleton_name=cat7"), "--set skeleton_name"),
        (("--set", "finetune_regressor=perhaps"), "--set finetune_regressor=perhaps"),
        (("--set", "batch_size=0"), "batch_size was 0"),
        (("--set", "size=36"), "size was 36"),
        (("--set", "learning_rate=nan"), "learning_rate was nan"),
        (("--set", "perceptual=vgg"), "perceptual"),
        (("--prior-size", "0"), "--prior-size was 0"),
        (("--aside", "2"), "--aside was 2"),
        (("--aside", "nan"), "--aside was nan"),
        (("--preset", "huge"), "no KeypointGAN preset 'huge'"),
        (("--skeleton", "octopus"), "'octopus'"),
        (("--skeleton", "cat7"), "cat7"),
        (("--steps", "0"), "steps was 0"),
        (("--data", "nothing=here"), "NAME=FOLDER"),
        (("--data", "shards=nowhere.npz"), "nowhere.npz"),
        (("--prior", "shards=nowhere.npz"), "nowhere.npz"),
        (("--validate", "cats=nowhere"), "nowhere"),
        (("--regressor", "nothing.safetensors"), "no weight file nothing.safetensors"),
        (("--device", "abacus"), "'abacus'"),
    ],
)
def test_wrong_input_for_keypointgan_is_one_sentence(
    options: tuple[str, ...],
    part: str,
    shard: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert train_gan(shard, tmp_path / "run", *options) == 2
    assert part in sentence(capsys)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--points", "0"), "points was 0"),
        (("--set", "points=3"), "--set points=3 is not NAME=VALUE"),
        (("--set", "pairs=both"), "pairs"),
        (("--set", "size=20"), "size was 20"),
        (("--steps", "-1"), "steps was -1"),
        (("--data", "people=here"), "NAME=FOLDER"),
        (("--features", "nothing.safetensors"), "nothing.safetensors"),
    ],
)
def test_wrong_input_for_imm_is_one_sentence(
    options: tuple[str, ...],
    part: str,
    shard: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert train_imm(shard, tmp_path / "run", *options) == 2
    assert part in sentence(capsys)


def test_imm_goes_on_from_another_run_as_published_or_from_weights(
    shard: Path, tmp_path: Path
) -> None:
    """AFLW after CelebA: optimiser and learning rate go on, where a weight file begins anew."""
    options = ("--steps", "2", "--set", "loss=l2")
    celeba_run, aflw = tmp_path / "celeba", tmp_path / "aflw"
    assert train_imm(shard, celeba_run, *options) == 0
    data = f"aflw={write_aflw(aflw)}"
    state = {}
    for start in ("checkpoint.pt", "last.safetensors"):
        out = tmp_path / start
        given = ("--data", data, "--start", str(celeba_run / start), "--on-bad-data", "skip")
        assert train_imm(shard, out, *options, *given) == 0
        state[start] = torch.load(out / "checkpoint.pt", weights_only=True)["state"]
        assert json.loads((out / "run.json").read_text())["data"].startswith("aflw=")
    steps = {start: int(each["optimiser"]["state"][0]["step"]) for start, each in state.items()}
    assert steps == {"checkpoint.pt": 4, "last.safetensors": 2}
    assert [each["done"] for each in state.values()] == [4, 2]


@pytest.mark.parametrize("start", ["checkpoint.pt", "last.safetensors"])
def test_imm_does_not_go_on_from_another_network(
    start: str, shard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--steps", "1", "--set", "loss=l2")
    assert train_imm(shard, tmp_path / "run", *options) == 0
    capsys.readouterr()
    given = ("--start", str(tmp_path / "run" / start), "--set", "width=8")
    assert train_imm(shard, tmp_path / "on", *options, *given) == 2
    assert "Start from" in (said := sentence(capsys)) or "does not belong" in said


def test_keypointgan_goes_on_with_300w_after_voxceleb2(tmp_path: Path) -> None:
    """As published for faces: stills after videos, the same poses of MultiPIE."""
    vox, faces = write_voxceleb(tmp_path / "vox"), write_300w(tmp_path / "300w")
    prior = ("--prior", f"multipie={write_multipie(tmp_path / 'multipie')}", "--steps", "1")
    for name, data, more in (
        ("first", f"voxceleb2={vox}", ()),
        ("then", f"300w={faces}", ("--start", str(tmp_path / "first" / "checkpoint.pt"))),
    ):
        given = ["--data", data, "--out", str(tmp_path / name), *GAN, *prior, *more]
        assert main(["train", "keypointgan", *given]) == 0
    network = weights.load(tmp_path / "then" / "last.safetensors")
    assert network.spec.skeleton_name == "faces68"
    told = json.loads((tmp_path / "then" / "run.json").read_text())
    assert told["images"] == "300w=300w" and told["prior"].startswith("3 poses")


@pytest.mark.parametrize("train", [train_gan, train_imm, train_hourglass])
def test_fewer_processes_than_none_are_a_sentence(
    train: Callable[..., int], shard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(shard, tmp_path, "--steps", "1", "--workers", "-1") == 2
    assert "workers" in sentence(capsys)


@pytest.mark.parametrize("steps", ["0", "-1"])
def test_fewer_steps_than_one_are_a_sentence(
    steps: str, shard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train_gan(shard, tmp_path, "--steps", "1", "--max-steps", steps) == 2
    assert "max-steps" in sentence(capsys)


def test_a_damaged_picture_in_the_panel_does_not_cost_imms_network(
    shard: Path, tmp_path: Path
) -> None:
    with np.load(shard) as file:
        arrays = dict(file)
    start, stop = arrays["offset"][2:4]  # the middle of the first clip
    arrays["jpeg"][start:stop] = 0
    np.savez(tmp_path / "people.npz", **arrays)
    options = ("--steps", "1", "--set", "loss=l2", "--on-bad-data", "skip")
    assert train_imm(tmp_path / "people.npz", tmp_path / "run", *options) == 0
    assert (tmp_path / "run" / "last.safetensors").is_file()


def test_settings_are_of_the_kind_of_their_defaults() -> None:
    defaults = {"whole": 1, "part": 0.5, "yes": False, "word": "a"}
    texts = ["whole=3", "part=2", "yes=true", "word=b=c", "whole=4"]
    assert assigned(texts, defaults) == {"whole": 4, "part": 2.0, "yes": True, "word": "b=c"}
    assert assigned([], defaults) == {}
    for text in ("whole=1.5", "yes=1", "part=", "none=1", ""):
        with pytest.raises(UserError, match=r"whole=1, part=0\.5, yes=False, word=a"):
            assigned([text], defaults)


# Experiments


def test_every_experiment_of_keypointgan_has_its_command() -> None:
    assert GAN_EXPERIMENTS.keys() == RUNS.keys()
    assert all(experiment.name == name for name, experiment in GAN_EXPERIMENTS.items())


@pytest.fixture(scope="module")
def imm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("imm") / "imm.safetensors"
    imm_weights.save(path, lively_network())
    return path


def celeba(root: Path) -> Path:
    """CelebA and MAFL with pictures for all of MAFL, each of its own grey."""
    write_celeba(root)
    rng = np.random.default_rng(0)
    for number in range(1, COUNT + 1):
        picture = np.full((218, 178, 3), 40, np.uint8)
        x, y = rng.integers(30, 100, 2)
        picture[y : y + 60, x : x + 60] = 200
        assert cv2.imwrite(str(root / "img_align_celeba" / f"{number:06d}.jpg"), picture)
    return root


@pytest.mark.parametrize(
    "network",
    # All are trained by the same steps, in the same processes.
    ["keypointgan", *(pytest.param(name, marks=pytest.mark.slow) for name in ("imm", "hourglass"))],
)
def test_two_processes_train_the_same_network_as_one(
    network: str, shard: Path, tmp_path: Path
) -> None:
    gan = (*GAN, "--set", "pool=3", "--set", "average=0.5")
    options = {"imm": IMM, "hourglass": HOURGLASS, "keypointgan": gan}[network]
    arguments = ["train", network, "--data", f"shards={shard}", *options, "--steps", "3", "--set",
                 "batch_size=4", "--set", "micro_batch=2"]  # fmt: skip
    torch.set_num_threads(1)  # as torchrun's processes compute
    assert main([*arguments, "--out", str(tmp_path / "one")]) == 0
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
               "2", str(ROOT / "main.py"), *arguments]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    said = subprocess.run(
        [*command, "--out", str(tmp_path / "two")],
        check=True, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip
    assert json.loads(said)["steps"] == 3  # said once
    one, two = (
        torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)["state"]
        for name in ("one", "two")
    )
    # Gradients are summed in another order, and Adam divides by their size.
    torch.testing.assert_close(two, one, rtol=1e-3, atol=3e-5)
    # What two processes leave, one goes on from.
    assert main([*arguments, "--out", str(tmp_path / "two"), "--resume", "--steps", "4"]) == 0


def evaluate_imm(data: str, imm: Path, *options: str) -> int:
    return main(
        ["evaluate", "imm", "--data", data, "--weights", str(imm), "--device", "cpu", *options]
    )


def test_imm_is_measured_on_mafl(
    imm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = f"celeba={celeba(tmp_path)}"
    assert evaluate_imm(data, imm, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    # The reader has left the last tenth out.
    assert result.keys() == {"error", "held_out", "fitted", "ridge", "intercept"}
    assert (result["held_out"], result["ridge"], result["intercept"]) == (None, 0, False)
    assert 0 < result["error"] < 100
    # All faces have the same labels, which an intercept alone gives exactly.
    assert evaluate_imm(data, imm, "--json", "--intercept", "--ridge", "1e9") == 0
    assert json.loads(capsys.readouterr().out)["error"] == pytest.approx(0, abs=1e-3)
    assert evaluate_imm(data, imm, "--json", "--ridge", "1e12") == 0
    assert json.loads(capsys.readouterr().out)["error"] > 100  # all in the picture's corner
    assert evaluate_imm(data, imm) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"{result['error']:.2f} % of the distance between the eyes, on MAFL (test)",
        "a linear map without intercept, ridge 0 (as published), fitted to "
        f"{result['fitted']} pictures",
    ]


def test_imm_is_measured_on_300w(
    imm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_300w(tmp_path)
    assert evaluate_imm(f"300w={tmp_path}", imm, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["error"] > 0 and result["held_out"] is None, "of three faces none is kept out"


def test_imm_is_measured_on_bodies_in_shares_of_the_picture(
    imm: Path, shard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = (f"shards={shard}", imm)
    assert evaluate_imm(*given, "--labelled", f"shards={shard}") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("% of the picture's side, on people")
    percent, pixels = (float(line.split()[0]) for line in lines[:2])
    # The squares of shards are 128 pixels wide.
    assert lines[1].endswith("pixels of the frame") and pixels == pytest.approx(
        1.28 * percent, abs=0.02
    )


def test_imm_is_measured_on_bbc_pose_by_the_joints_within_six_pixels(
    imm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bbc(tmp_path)
    for number in range(1, 21):
        for frame in (4, 9, 12):
            path = tmp_path / str(number) / f"{100 * number + frame}.jpg"
            write_picture(path, 10 * number, 480, 720)
    data = f"bbc={tmp_path}"
    assert evaluate_imm(data, imm, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert 0 <= found["accuracy"] <= 100 and found["pixels"] > 0
    # All people stand alike: the mean of the labels is right everywhere.
    assert evaluate_imm(data, imm, "--json", "--intercept", "--ridge", "1e9") == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 100
    assert evaluate_imm(data, imm) == 0
    assert "of the joints within 6 pixels at half resolution" in capsys.readouterr().out


def test_imm_is_measured_on_human36m_in_shares_of_the_picture(
    imm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_simplified(tmp_path, "S1", ("Waiting.60457274",))
    write_simplified(tmp_path, "S11", ("Waiting.60457274",))
    assert evaluate_imm(f"simplified-human36m={tmp_path}", imm, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["error"] > 0 and "accuracy" not in found


def test_imm_is_measured_with_ever_more_labels(
    imm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = f"celeba={celeba(tmp_path)}"
    assert evaluate_imm(data, imm, "--json", "--labels", "1,3,500", "--draws", "3") == 0
    found = json.loads(capsys.readouterr().out)
    counts = [each["labelled"] for each in found["labels"]]
    assert counts[:2] == [1, 3] and counts[2] < 500
    assert [each["draws"] for each in found["labels"]] == [3, 3, 1]
    assert found["labels"][2]["error"] == found["error"], "all labels are the protocol itself"
    assert evaluate_imm(data, imm, "--labels", "1", "--draws", "3") == 0
    assert " over 3 draws with 1 labelled pictures" in capsys.readouterr().out
    assert evaluate_imm(data, imm, "--labels", "some") == 2
    assert "'some'" in sentence(capsys)


@pytest.mark.parametrize(
    ("data", "options", "part"),
    [
        ("people=x", (), "NAME=FOLDER"),
        ("celeba=nowhere", (), "nowhere"),
        ("300w={faces}", ("--ridge", "-1"), "alpha was -1.0"),
        ("multipie={faces}", (), "no test split"),
        ("300w={faces}", ("--weights", "nothing.safetensors"), "nothing.safetensors"),
        ("300w={faces}", ("--weights", "{gan}"), "holds no IMM network"),
    ],
)
def test_wrong_input_for_imms_measure_is_one_sentence(
    data: str,
    options: tuple[str, ...],
    part: str,
    imm: Path,
    shard: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    weights.save(tmp_path / "gan.safetensors", tiny_network())
    places = {"shard": shard, "faces": write_300w(tmp_path / "faces")}
    places["gan"] = tmp_path / "gan.safetensors"
    options = tuple(option.format(**places) for option in options)
    assert evaluate_imm(data.format(**places), imm, *options) == 2
    assert part in sentence(capsys)


# Speed


def test_skeletons_are_drawn_as_the_formula_says(capsys: pytest.CaptureFixture[str]) -> None:
    small = ("--size", "32", "--batch-size", "2", "--repeats", "2", "--json")
    torch.set_num_threads(2)
    for skeleton, limbs in (("h36m32", 16), ("penn13", 13)):
        assert main(["benchmark", "skeletons", "--skeleton", skeleton, *small]) == 0
        figures = json.loads(capsys.readouterr().out)
        assert figures["largest_difference"] < 1e-5
        assert [figures[name] for name in ("size", "limbs", "batch", "repeats")] == [
            32, limbs, 2, 2,
        ]  # fmt: skip
        assert figures.keys() >= {
            "draw_ms", "draw_and_gradient_ms", "formula_ms", "times_faster"
        }  # fmt: skip
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--skeleton", "octopus"), "'octopus'"),
        (("--size", "0"), "size was 0"),
        (("--batch-size", "-1"), "batch_size was -1"),
        (("--repeats", "0"), "repeats was 0"),
    ],
)
def test_skeletons_that_cannot_be_drawn_are_a_sentence(
    options: tuple[str, str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["benchmark", "skeletons", *options]) == 2
    assert part in sentence(capsys)
