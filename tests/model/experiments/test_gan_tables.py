"""KeypointGAN's tables on tiny data: what they measure, train, keep and write."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import scipy.io
import torch
from numpy.typing import NDArray

from app.assets import PERCEPTUAL_WEIGHTS
from main import main
from model.core.crop import CROP_SIZE, crop_matrix, transform
from model.core.errors import UserError
from model.core.skeleton import FACES68, H36M32, MPI28, PENN13
from model.data.catalogue import Request
from model.data.poses import H36M32_SHARED17, MPI28_SHARED17
from model.data.records import ABSENT, DataSet
from model.experiments import published
from model.experiments.catalogue import GAN_EXPERIMENTS
from model.experiments.gan_study import GanRequest, GanStudy, fitting, moved
from model.experiments.result import ExperimentResult, read
from model.imm import weights as imm_weights
from model.keypointgan import hourglass, weights
from model.keypointgan.evaluation import Found, find_points
from model.keypointgan.job import KeypointGanJob
from model.keypointgan.settings import VARIANTS, KeypointGanSettings, KeypointGanSpec
from tests.model.data.clips import make_clip, make_data_set
from tests.model.data.test_faces300w import write_300w, write_multipie
from tests.model.data.test_simplified_human36m import write as write_simplified
from tests.model.data.test_voxceleb import write as write_voxceleb
from tests.model.imm.small import lively_network
from tests.model.keypointgan.tiny import tiny_network
from tests.sentences import sentence
from tests.shards import write_shard

HOURGLASS_ROW = "hourglass (supervised), ours"
IMM_ROW = "IMM + regression to labels, ours"
_SEQUENCES = ("Waiting.60457274", "Directions 1.54138969")


@dataclass(frozen=True)
class Bench:
    """Tiny data, and a folder of results that the tests share."""

    folder: Path

    @property
    def out(self) -> Path:
        return self.folder / "results"

    @property
    def people(self) -> str:
        return f"shards={self.folder / 'people.npz'}"

    @property
    def prior(self) -> str:
        return f"shards={self.folder / 'prior.npz'}"

    @property
    def trained(self) -> Path:
        return self.out / "keypointgan-networks" / "keypointgan" / "last.safetensors"

    def training(self) -> list[str]:
        """Options that train a network of two steps."""
        settings = (
            "size=32", "width=4", "discriminator_width=4", "scales=1", "batch_size=2",
            "regressor_steps=1",
        )  # fmt: skip
        chosen = [word for setting in settings for word in ("--set", setting)]
        return ["--pictures", self.people, "--prior", self.prior, "--steps", "2", *chosen]

    def run(self, table: str, *options: str, data: str | None = None, out: str = "results") -> int:
        return main(
            ["reproduce", f"keypointgan-{table}", "--data", data or self.people, "--out",
             str(self.folder / out), "--device", "cpu", "--json", *options]
        )  # fmt: skip

    def result(self, table: str, *options: str, data: str | None = None) -> ExperimentResult:
        """Run it and read what it wrote."""
        assert self.run(table, *options, data=data) == 0
        return self.read(table)

    def read(self, table: str) -> ExperimentResult:
        name = f"keypointgan-{table}"
        result = read(self.out / name)
        assert result.name == name and result.title == GAN_EXPERIMENTS[name].title
        text = (self.out / name / f"{name}.md").read_text()
        csv = (self.out / name / f"{name}.csv").read_text().splitlines()
        assert result.title in text and len(csv) == 1 + len(result.tables[0].rows)
        return result


def rows_of(result: ExperimentResult) -> dict[str, dict[str, str]]:
    """The cells of the first table by its first column and its header."""
    table = result.tables[0]
    return {row[0]: dict(zip(table.header, row, strict=True)) for row in table.rows}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """With Table 4, and so all of its networks."""
    bench = Bench(tmp_path_factory.mktemp("bench"))
    write_shard(bench.folder / "people.npz", people=3, frames=4)
    write_shard(bench.folder / "prior.npz", people=2, frames=3, seed=1)
    assert bench.run("table4", *bench.training()) == 0
    return bench


def saved(folder: Path, joints: str) -> Path:
    path = folder / f"{joints}.safetensors"
    weights.save(path, tiny_network(skeleton_name=joints))
    return path


def test_table4_trains_the_ablations_with_one_regressor(bench: Bench) -> None:
    result = bench.read("table4")
    rows = rows_of(result)
    assert list(rows) == [title for title, _ in VARIANTS.values()]
    networks = bench.out / "keypointgan-networks"
    for role, (title, spec) in VARIANTS.items():
        row = rows[title]
        assert 0 < float(row["either side"]) <= float(row["error"]) < 100
        assert row["humans (paper)"] == f"{published.GAN_TABLE4[role][0]:.2f}"
        network = weights.load(networks / role / "last.safetensors")
        assert spec.items() <= dataclasses.asdict(network.spec).items()
        assert (networks / role / "regressor").exists() == (role == "keypointgan")
    assert rows["+ conditional generator"]["faces (paper)"] == "–"
    assert result.configuration["weights"].keys() == VARIANTS.keys()
    assert result.configuration["data"]["frames"] == 12
    assert result.skipped == ()


def test_table5_uses_the_networks_there_are_and_trains_the_others(bench: Bench) -> None:
    before = bench.trained.stat().st_mtime_ns
    result = bench.result("table5", "--sizes", "2", "--labelled", bench.people, *bench.training())
    rows = rows_of(result)
    assert list(rows) == ["all", "2"]
    assert bench.trained.stat().st_mtime_ns == before
    whole = rows_of(bench.read("table4"))[VARIANTS["keypointgan"][0]]
    assert rows["all"]["error"] == whole["error"]
    # There are more coordinates than labelled pictures, and they are the ones measured on.
    assert rows["2"]["+ post-processing"] == "0.00"
    few = bench.out / "keypointgan-networks" / "prior-2"
    assert weights.read_metadata(few / "last.safetensors")["prior"] == "2 poses: 2 of prior"
    assert (few / "regressor").exists(), "a regressor that saw all poses would know too much"


def test_table2_is_in_pixels_and_shows_a_second_network_only_if_given(bench: Bench) -> None:
    rows = rows_of(bench.result("table2", "--weights", str(bench.trained)))
    ours = [name for name in rows if not name.endswith("(paper)")]
    assert ours == ["KeypointGAN, ours"]
    percent = float(rows_of(bench.read("table4"))[VARIANTS["keypointgan"][0]]["error"])
    # The squares of shards are 128 pixels wide.
    assert float(rows["KeypointGAN, ours"]["error"]) == pytest.approx(1.28 * percent, abs=0.02)
    assert rows["KeypointGAN, test (paper)"]["error"] == "14.46"
    given = ("--weights", f"keypointgan={bench.trained}", "--weights", f"mpi={bench.trained}")
    rows = rows_of(bench.result("table2", *given, "--every", "2"))
    assert rows["KeypointGAN, another prior, ours"]["error"] == rows["KeypointGAN, ours"]["error"]
    result = bench.result("table2", "--weights", str(bench.trained), "--unit", "image")
    assert result.tables[0].title == "Error in % of the image's side"
    assert rows_of(result).keys() == {"KeypointGAN, ours"}  # the paper's are in pixels


@dataclass(frozen=True)
class Others:
    """Weights of the networks that KeypointGAN is compared with."""

    hourglass: Path
    imm: Path

    def options(self, network: Path) -> list[str]:
        given = (str(network), f"hourglass={self.hourglass}", f"imm={self.imm}")
        return [word for text in given for word in ("--weights", text)]


def others(folder: Path, joints: str) -> Others:
    torch.manual_seed(0)
    made = Others(folder / f"hourglass-{joints}.safetensors", folder / "imm.safetensors")
    spec = hourglass.HourglassSpec(joints, size=64, stacks=1, width=8)
    hourglass.save(made.hourglass, hourglass.StackedHourglass(spec), {})
    imm_weights.save(made.imm, lively_network())
    return made


def test_table2_has_the_hourglass_and_imm_beside_it_if_they_are_given(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = others(tmp_path, "penn13")
    test = f"shards={write_shard(tmp_path / 'test.npz', people=2, frames=3, seed=2)}"
    labelled = ("--labelled", bench.people)
    result = bench.result("table2", *given.options(bench.trained), *labelled, data=test)
    rows = rows_of(result)
    ours = [name for name in rows if not name.endswith("(paper)")]
    assert ours == ["KeypointGAN, ours", HOURGLASS_ROW, IMM_ROW]
    assert rows["hourglass (supervised), test (paper)"]["error"] == "19.52"
    assert f"{IMM_ROW}: over 13 points." in result.tables[0].note
    assert "except by the supervised hourglass" in result.text
    assert set(result.configuration["weights"]) == {"keypointgan", "hourglass", "imm"}

    # IMM's is what its own command says.
    capsys.readouterr()
    command = ["evaluate", "imm", "--data", test, *labelled, "--weights", str(given.imm)]
    assert main([*command, "--device", "cpu", "--json"]) == 0
    pixels = json.loads(capsys.readouterr().out)["pixels"]
    assert float(rows[IMM_ROW]["error"]) == pytest.approx(pixels, abs=0.006)

    # The hourglass's, from its own points. The squares of shards are 128 pixels wide.
    network = hourglass.load(given.hourglass)
    distances = []
    for clip in Request.parse(test).read("test", 0.0):
        pictures = np.stack([hourglass.cut(clip, frame, 64) for frame in range(len(clip))])
        points = (hourglass.read(network, pictures) + 1) * 64
        corners = clip.boxes[:, None, :2] - 64
        distances.append(np.linalg.norm(points + corners - clip.joints, axis=-1).mean())
    error = float(rows[HOURGLASS_ROW]["error"])
    assert error == pytest.approx(np.mean(distances), abs=0.006)


def test_imms_joints_need_labelled_people_before_anything_is_trained(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--weights", f"imm={others(tmp_path, 'penn13').imm}")
    assert bench.run("table2", *given, *bench.training(), out=str(tmp_path / "out")) == 2
    assert "--labelled NAME=ROOT" in sentence(capsys)
    assert not (tmp_path / "out").exists()


def test_table3_is_before_and_after_post_processing(bench: Bench, tmp_path: Path) -> None:
    faces = f"300w={write_300w(tmp_path / 'faces')}"
    network = saved(tmp_path, "faces68")
    result = bench.result("table3", "--weights", str(network), "--labelled", faces, data=faces)
    rows = rows_of(result)
    assert "% of the distance between the pupils" in result.text
    assert "between the pupils" in result.tables[0].note
    ours = [float(rows[f"KeypointGAN, ours{more}"]["error"]) for more in ("", " + post-processing")]
    assert all(np.isfinite(ours)) and ours[0] != ours[1]
    assert rows["KeypointGAN + post-processing (paper)"]["error"] == "5.12"
    assert HOURGLASS_ROW not in rows and IMM_ROW not in rows
    options = others(tmp_path, "faces68").options(network)
    rows = rows_of(bench.result("table3", *options, "--labelled", faces, data=faces))
    assert all(0 < float(rows[name]["error"]) < np.inf for name in (HOURGLASS_ROW, IMM_ROW))
    assert set(rows) > {f"{name} (paper)" for name in published.GAN_TABLE3}


def test_table3_needs_labelled_people(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run("table3", "--weights", str(bench.trained), "--unit", "image") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: Post-processing is fitted to labelled")
    assert "--labelled" in error and error.count("\n") == 1


def test_table3_says_that_people_have_no_eyes(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--weights", str(bench.trained), "--labelled", bench.people)
    assert bench.run("table3", *given) == 2
    assert "penn13 have no eyes" in capsys.readouterr().err


@pytest.fixture(scope="module")
def simplified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Test pictures of two activities; in frame n all joints are in row n."""
    return write_simplified(tmp_path_factory.mktemp("simplified"), "S11", _SEQUENCES)


def test_table1_goes_by_activity_beside_the_papers_rows(
    bench: Bench, simplified: Path, tmp_path: Path
) -> None:
    network = saved(tmp_path, "h36m32")
    data = f"simplified-human36m={simplified}"
    result = bench.result("table1", "--weights", str(network), data=data)
    rows = rows_of(result)
    assert tuple(result.tables[0].header[2:8]) == published.ACTIVITIES
    # The mean of rows 1 to 11 is 6, from which they are 30 / 11 away on average.
    mean = f"{100 * 30 / 11 / 128:.2f}"
    assert rows["mean pose of the labels"]["all"] == mean
    assert rows["mean pose of the labels"]["waiting"] == mean
    ours = rows["KeypointGAN, ours"]
    measured = [float(ours[name]) for name in ("waiting", "directions")]
    assert float(ours["all"]) == pytest.approx(np.mean(measured), abs=0.011)
    assert {ours[name] for name in ("posing", "greeting", "discussion", "walking")} == {"–"}
    assert float(ours["either side"]) <= float(ours["all"])
    assert 0 <= float(ours["right way round"]) <= 100
    paper = rows["KeypointGAN (paper)"]
    assert [paper[name] for name in ("all", *published.ACTIVITIES)] == [
        "2.73", "2.66", "2.27", "2.73", "2.35", "2.35", "4.00",
    ]  # fmt: skip
    assert rows["Lorenz et al. + post-processing (paper)"]["walking"] == "–"
    assert [picture.file for picture in result.pictures] == ["people.png"]
    assert (bench.out / "keypointgan-table1" / "people.png").is_file()


def test_table1_has_the_hourglass_and_imm_by_activity(
    bench: Bench, simplified: Path, tmp_path: Path
) -> None:
    write_simplified(tmp_path, "S1", _SEQUENCES, frames=3)
    options = others(tmp_path, "h36m32").options(saved(tmp_path, "h36m32"))
    labelled = ("--labelled", f"simplified-human36m={tmp_path}")
    data = f"simplified-human36m={simplified}"
    rows = rows_of(bench.result("table1", *options, *labelled, data=data))
    for name in (HOURGLASS_ROW, IMM_ROW):
        measured = [float(rows[name][activity]) for activity in ("waiting", "directions")]
        assert float(rows[name]["all"]) == pytest.approx(np.mean(measured), abs=0.011)
        assert rows[name]["walking"] == "–"
    assert rows["Newell et al. (supervised) (paper)"]["all"] == "2.16"


def test_table1_of_other_data_has_one_group_and_no_papers_rows(
    bench: Bench, tmp_path: Path
) -> None:
    other = Bench(tmp_path)
    write_shard(tmp_path / "people.npz", people=2, frames=2)
    result = other.result("table1", "--weights", str(bench.trained), "--labelled", other.people)
    assert result.tables[0].header == ("method", "all", "either side", "right way round")
    assert list(rows_of(result)) == [
        "mean pose of the labels", "KeypointGAN, ours", "KeypointGAN, ours + post-processing",
    ]  # fmt: skip
    assert rows_of(result)["KeypointGAN, ours + post-processing"]["all"] == "0.00"


def test_the_report_shows_the_tables(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.result("table2", "--weights", str(bench.trained))
    assert main(["report", "--results", str(bench.out)]) == 0
    page = (bench.out / "report.html").read_text()
    places = [page.index(GAN_EXPERIMENTS[f"keypointgan-table{n}"].title) for n in (2, 4)]
    assert places == sorted(places)
    assert capsys.readouterr().err == ""


class After:
    """Asks to stop after so many questions."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def request(bench: Bench, out: Path, steps: int = 3) -> GanRequest:
    training = KeypointGanJob(
        spec=KeypointGanSpec("penn13", size=32, width=4, discriminator_width=4, scales=1),
        settings=KeypointGanSettings(steps=steps, regressor_steps=0, batch_size=2),
        images=[Request.parse(bench.people)],
        prior=[Request.parse(bench.prior)],
        out=out,
        perceptual=PERCEPTUAL_WEIGHTS,
        quiet=True,
    )
    data = Request.parse(bench.people)
    return GanRequest(data, "test", {}, out, training, device="cpu", quiet=True)


def test_a_table_that_was_stopped_goes_on_where_it_was(bench: Bench, tmp_path: Path) -> None:
    asked = request(bench, tmp_path)
    with pytest.raises(UserError, match=r"training of keypointgan was stopped after 1 steps"):
        GanStudy(asked, tmp_path / "table", After(2)).network("keypointgan")
    network = GanStudy(asked, tmp_path / "table").network("keypointgan")
    whole = GanStudy(request(bench, tmp_path / "whole"), tmp_path / "table").network("keypointgan")
    for (name, value), other in zip(
        network.state_dict().items(), whole.state_dict().values(), strict=True
    ):
        assert value.equal(other), name


def test_a_network_that_is_neither_given_nor_trained_is_a_sentence(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--weights", str(bench.trained))
    assert bench.run("table5", *given, "--sizes", "7") == 2
    assert "needs the network 'prior-7'. Add --weights prior-7=FILE" in capsys.readouterr().err
    assert bench.run("table4", *given) == 2
    assert "needs the network 'cyclegan'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--prior", "shards=x.npz"), "needs --pictures"),
        (("--then", "shards=x.npz"), "needs --pictures"),
        (("--pictures", "shards=x.npz", "--then-steps", "0"), "then-steps was 0"),
        (("--every", "0"), "every was 0"),
        (("--sizes", "5,5"), "'5,5'"),
        (("--sizes", "-5"), "'-5'"),
        (("--weights", "a.safetensors", "--weights", "b.safetensors"), "several --weights"),
        (("--weights", "nothing.safetensors"), "no weight file nothing.safetensors"),
        (("--unit", "miles"), "'miles'"),
        (("--pictures", "shards=x.npz", "--set", "depth=3"), "--set depth=3"),
        (("--pictures", "celeba=x"), "celeba5"),
        (("--labelled", "people=x"), "NAME=FOLDER"),
    ],
)
def test_wrong_input_is_one_sentence(
    options: tuple[str, ...],
    part: str,
    bench: Bench,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bench.run("table5", *options, out=str(tmp_path)) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert part in error


@pytest.mark.slow
def test_faces_are_trained_on_one_set_then_on_another_and_measured_by_their_pupils(
    bench: Bench, tmp_path: Path
) -> None:
    """The rows of faces in Tables 4 and 5: VoxCeleb2, then 300-W, with MultiPIE's poses."""
    other = Bench(tmp_path)
    faces = f"300w={write_300w(tmp_path / 'faces')}"
    given = [
        "--pictures", f"voxceleb2={write_voxceleb(tmp_path / 'vox')}", "--then", faces, "--prior",
        f"multipie={write_multipie(tmp_path / 'multipie')}", "--then-steps", "1",
        *bench.training()[4:],
    ]  # fmt: skip
    result = other.result("table5", "--sizes", "2", "--labelled", faces, *given, data=faces)
    assert "distance between the pupils" in result.text
    assert result.configuration["then"] == ["300w=faces"]
    assert list(rows_of(result)) == ["all", "2"]
    for role in ("keypointgan", "prior-2"):
        folder = other.out / "keypointgan-networks" / role
        told = weights.read_metadata(folder / "then" / "last.safetensors")
        assert (told["images"], told["steps"]) == ("300w=faces", "1")
        before, after = (
            torch.load(path / "checkpoint.pt", weights_only=True)["state"]["adams"]["generators"]
            for path in (folder, folder / "then")
        )
        steps = [int(each["state"][0]["step"]) for each in (before, after)]
        assert steps == [2, 3], "the second training goes on from the first"
    table = other.result("table4", *given, data=faces)
    assert "distance between the pupils" in table.text
    row = rows_of(table)[VARIANTS["keypointgan"][0]]
    assert (row["error"], row["faces (paper)"]) == (rows_of(result)["all"]["error"], "8.67")


def test_figures_are_of_people_found_redrawn_and_moved(bench: Bench) -> None:
    result = bench.result("figures", "--weights", str(bench.trained))
    files = [picture.file for picture in result.pictures]
    assert files == ["found.png", "transfer.png", "moved.png"]
    assert all((bench.out / "keypointgan-figures" / file).is_file() for file in files)
    assert [row for (row,) in result.tables[0].rows] == [
        clip.name for clip in Request.parse(bench.people).read("test", 0.0)
    ]
    # How the network was trained stands in the result.
    trained = json.loads(result.configuration["weights"]["keypointgan"]["settings"])
    assert (trained["learning_rate"], trained["steps"]) == (2e-4, 2)


def test_leaks_are_what_is_lost_when_skeletons_are_drawn_anew(bench: Bench) -> None:
    result = bench.result("leaks", *bench.training())
    rows = rows_of(result)
    assert list(rows) == ["CycleGAN", "KeypointGAN"]
    for row in rows.values():
        known, anew, leaked = (float(cell) for cell in list(row.values())[1:])
        assert leaked == pytest.approx(anew - known, abs=0.011)
    folder = bench.out / "keypointgan-leaks"
    assert [picture.file for picture in result.pictures] == ["cyclegan.png", "keypointgan.png"]
    assert all((folder / picture.file).is_file() for picture in result.pictures)


def test_failures_are_the_largest_errors_and_tell_left_for_right(
    bench: Bench, tmp_path: Path
) -> None:
    people = Request.parse(bench.people).read("test", 0.0)
    found = find_points(weights.load(bench.trained), people)
    places = [(people.clips[number], frame) for number, frame in found.places]
    assert len(places) == len(found) == 12

    def label(arrays: dict[str, NDArray[Any]]) -> None:
        """What was found is right everywhere but for the sides of the fourth picture."""
        for row, (clip, frame) in enumerate(places):
            points = found.points[row][PENN13.flip_order if row == 3 else slice(None)]
            back = cv2.invertAffineTransform(crop_matrix(clip.box(frame)))
            arrays["joints"][row] = transform(
                (points + 1) * (CROP_SIZE / 2), np.asarray(back, np.float64)
            )

    other = Bench(tmp_path)
    (tmp_path / "people.npz").write_bytes((bench.folder / "people.npz").read_bytes())
    spoil(tmp_path / "people.npz", label)
    result = other.result("failures", "--weights", str(bench.trained))
    worst, *rest = result.tables[0].rows
    clip, frame = places[3]
    assert worst[:2] == (clip.name, str(frame)) and float(worst[2]) > 0.1
    assert worst[3:] == ("0.00", "yes")
    assert [row[2] for row in rest] == ["0.00"] * 5
    assert (other.out / "keypointgan-failures" / "failures.png").is_file()


# Bugs: each says what ought to hold


def test_an_unknown_role_is_a_sentence(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--weights", str(bench.trained), "--weights", f"mpii={bench.trained}")
    assert bench.run("table2", *given) == 2
    assert "mpii" in capsys.readouterr().err


def test_a_given_regressor_is_taken(bench: Bench, tmp_path: Path) -> None:
    given = ("--regressor", str(bench.trained), *bench.training())
    assert bench.run("table2", *given, out=str(tmp_path)) == 0
    assert not (tmp_path / "keypointgan-networks" / "keypointgan" / "regressor").exists()


@pytest.mark.parametrize("given", [("--unit", "image"), ("--labelled", "{people}")])
def test_table3_says_what_is_wrong_before_it_trains(
    given: tuple[str, str], bench: Bench, tmp_path: Path
) -> None:
    options = [text.format(people=bench.people) for text in given]
    assert bench.run("table3", *options, *bench.training(), out=str(tmp_path)) == 2
    assert not (tmp_path / "keypointgan-networks").exists()


def test_labelled_people_may_be_of_another_data_set(
    bench: Bench, simplified: Path, tmp_path: Path
) -> None:
    asked = dataclasses.replace(
        request(bench, tmp_path), data=Request.parse(f"simplified-human36m={simplified}")
    )
    study = GanStudy(asked, tmp_path / "table")
    assert len(study.find(tiny_network(), make_data_set("others", [2]))) == 2


def test_pictures_with_their_backgrounds_go_by_activity_too(
    bench: Bench, simplified: Path, tmp_path: Path
) -> None:
    data = f"simplified-human36m-unmasked={simplified}"
    network = saved(tmp_path, "h36m32")
    result = bench.result("table1", "--weights", str(network), data=data)
    assert tuple(result.tables[0].header[2:8]) == published.ACTIVITIES


def spoil(path: Path, change: Callable[[dict[str, NDArray[Any]]], None]) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(path, **arrays)


def test_table1_leaves_out_a_damaged_frame(bench: Bench, tmp_path: Path) -> None:
    def damage(arrays: dict[str, NDArray[Any]]) -> None:
        start, stop = arrays["offset"][2:4]
        arrays["jpeg"][start:stop] = 0

    other = Bench(tmp_path)
    spoil(write_shard(tmp_path / "people.npz", people=3, frames=4), damage)
    result = other.result("table1", "--weights", str(bench.trained))
    assert len(result.skipped) == 1


def test_table1_of_pictures_none_of_which_is_labelled_whole(bench: Bench, tmp_path: Path) -> None:
    def hide(arrays: dict[str, NDArray[Any]]) -> None:
        arrays["visible"][:, 4] = 0
        arrays["joints"][:, 4] = np.nan

    other = Bench(tmp_path)
    spoil(write_shard(tmp_path / "people.npz", people=2, frames=2), hide)
    result = other.result("table1", "--weights", str(bench.trained))
    assert float(rows_of(result)["KeypointGAN, ours"]["all"]) > 0


def test_table2_is_of_the_papers_seventeen_points(bench: Bench, tmp_path: Path) -> None:
    network = saved(tmp_path, "h36m32")
    errors = []
    for shift in (0.0, 0.3):
        root = write_simplified(tmp_path / str(shift), "S11", _SEQUENCES[:1], frames=2)
        others = sorted(set(range(32)) - set(H36M32_SHARED17))
        for path in root.rglob("*.mat"):
            points = scipy.io.loadmat(path)["keypoints_2d"]
            points[others] += shift
            scipy.io.savemat(path, {"keypoints_2d": points})
        given = ("--weights", str(network))
        result = bench.result("table2", *given, data=f"simplified-human36m={root}")
        errors.append(rows_of(result)["KeypointGAN, ours"]["error"])
    assert errors[0] == errors[1]


# Fitting joints and points


def test_the_seventeen_joints_go_from_human36m_to_mpi() -> None:
    clip = make_clip(joints=32)
    clip.joints[:] = np.random.default_rng(0).uniform(0, 100, clip.joints.shape)
    clip.visible[1, H36M32.index("left knee")] = ABSENT
    result = fitting(DataSet("people", H36M32, (clip,)), MPI28)
    assert result.joint_set == MPI28 and result.name == "people"
    found = result.clips[0]
    same = ["wrist", "elbow", "shoulder", "hip", "knee", "ankle"]
    for name in (f"{side} {part}" for side in ("left", "right") for part in same):
        np.testing.assert_array_equal(
            found.joints[:, MPI28.index(name)], clip.joints[:, H36M32.index(name)], err_msg=name
        )
    np.testing.assert_array_equal(found.visible.sum(axis=1), [34, 32, 34])
    assert found.visible[1, MPI28.index("left knee")] == ABSENT
    others = sorted(set(range(28)) - set(MPI28_SHARED17))
    assert np.isnan(found.joints[:, others]).all() and not found.visible[:, others].any()
    assert len(set(H36M32_SHARED17)) == 17
    assert found.frames is clip.frames


def test_other_joints_go_by_name_and_the_same_ones_stay() -> None:
    people = make_data_set("people", [2])
    assert fitting(people, PENN13) is people
    with pytest.raises(UserError, match=r"No joint of people \(penn13\) is one of faces68"):
        fitting(people, FACES68)


def found_at(points: NDArray[np.float64], truth: NDArray[np.float64]) -> Found:
    count = len(points)
    return Found(
        PENN13, points, truth, np.ones(truth.shape[:2], bool), np.full(count, 128.0),
        np.full(count, "all"), np.zeros(count, bool),
    )  # fmt: skip


def test_a_linear_map_is_recovered_from_whole_pictures() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(0, 0.2, (26, 26))
    points = rng.uniform(-1, 1, (70, 13, 2))

    def through(places: NDArray[np.float64]) -> NDArray[np.float64]:
        pixels = (places.reshape(-1, 26) + 1) * 64
        return np.asarray((pixels @ mixing).reshape(-1, 13, 2) / 64 - 1)

    known = found_at(points[:50], through(points[:50]))
    known.truth[40:, 3] = np.nan
    known.truth[40:, :3] += 5
    known.marked[40:, 3] = False  # these are of no use
    new = found_at(points[50:], through(points[50:]))
    np.testing.assert_allclose(moved(known, new), new.truth, atol=1e-8)
    known.marked[:] = False
    with pytest.raises(UserError, match="None of the labelled pictures has all its points"):
        moved(known, new)
