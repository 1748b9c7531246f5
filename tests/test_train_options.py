"""What ``train`` makes of its options, without training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import main
import model
from model.core.crop import CENTRE_SHIFT
from model.core.errors import UserError
from model.engine.run import TrainingResult
from model.ttp.networks import NetworkSpec, PoseNetwork
from model.ttp.networks.encoder import MoveNetEncoder
from model.ttp.networks.pretrained import movenet_convolutions
from model.ttp.training import job as job_module
from model.ttp.training.job import Job, ResidentJob, TrainingJob, run_resident, run_training
from model.ttp.training.resident import Bank
from model.ttp.training.settings import AUGMENTATIONS, ResidentSettings, TrainingSettings
from tests.movenets import write_movenet
from tests.sentences import sentence
from tests.shards import write_shard

SPEC = NetworkSpec("baseline", "resnet18", "penn13", crop_shift=0.02)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that the command asks for, none of which is run."""
    asked: list[Job] = []

    def note(job: Job, stopping: object) -> TrainingResult:
        asked.append(job)
        return TrainingResult(0, True, job.out)

    for name in ("run_training", "run_resident"):
        monkeypatch.setattr(job_module, name, note)
    return asked


@pytest.mark.parametrize(
    ("data", "options", "shift"),
    [
        (["shards=a.npz", "lsp=b"], [], 0.0),
        (["lsp=b", "shards=a.npz"], [], CENTRE_SHIFT),
        (["shards=a.npz"], ["--crop-shift", "0.05"], 0.05),
        (["lsp=b"], ["--crop-shift", "0"], 0.0),
        (["lsp=b"], ["--start", "{start}"], 0.02),
        (["shards=a.npz"], ["--start", "{start}", "--crop-shift", "0.075"], 0.075),
    ],
)
def test_the_crops_shift_is_asked_for_or_the_starts_or_the_first_datas(
    data: list[str], options: list[str], shift: float, jobs: list[Job], tmp_path: Path
) -> None:
    start = tmp_path / "start.safetensors"
    model.save(start, PoseNetwork(SPEC))
    arguments = ["train", "baseline", "--out", str(tmp_path / "run"), "--backbone", "resnet18"]
    arguments += [part for name in data for part in ("--data", name)]
    assert main.main([*arguments, *(option.format(start=start) for option in options)]) == 0
    assert jobs[0].spec.crop_shift == shift


@pytest.mark.parametrize("shift", ["0.7", "nan"])
def test_a_shift_out_of_the_crop_is_refused(
    shift: str, jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "baseline", "--data", "lsp=b", "--out", "c", "--crop-shift", shift]
    assert main.main(arguments) == 2
    assert not jobs
    assert f"moved down by {shift} of the person box" in capsys.readouterr().err


def test_the_squares_trained_on_are_the_networks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shard = write_shard(tmp_path / "people.npz")
    mixtures: list[Any] = []

    def stop(mixture: Any, settings: object, spec: NetworkSpec, *_: object, **__: object) -> None:
        assert spec == SPEC
        mixtures.append(mixture)
        raise UserError("Enough was seen.")

    monkeypatch.setattr(job_module, "make_loader", stop)
    request = job_module.Request.parse(f"shards={shard}")
    settings = job_module.TrainingSettings()
    with pytest.raises(UserError, match="Enough"):
        run_training(
            TrainingJob(
                spec=SPEC,
                settings=settings,
                data=[request],
                out=tmp_path / "run",
                perceptual=Path("unused"),
                device="cpu",
            )
        )
    clip, frame = mixtures[0].place(0)
    assert clip.box(frame).y == pytest.approx(80 + 0.02 * 128 / 1.25)


def _asked(*options: str, variant: str = "transformer") -> int:
    return main.main(["train", variant, "--data", "shards=a.npz@1", "--out", "c", *options])


def test_resident_training_is_asked_for_with_its_own_settings(jobs: list[Job]) -> None:
    options = "--resident --minutes 3.2 --movenet thunder.onnx --aside 0.08 --learning-rate 2e-3"
    options += " --trunk-rate 1e-4 --batch-size 64 --self-weight 0.01 --pairs 8 --seed 4"
    options += " --joint-weight teacher-*=0.5 --joint-weight a=0 --pairs-from rendered --outside a"
    options += " --augmentation mild --look-every 30 --device cpu --workers 3 --json"
    assert _asked(*options.split()) == 0

    (job,) = jobs
    assert isinstance(job, ResidentJob)
    assert job.spec.backbone == "movenet-thunder" and job.movenet == Path("thunder.onnx")
    assert (job.aside, job.device, job.workers, job.quiet) == (0.08, "cpu", 3, True)
    assert job.joint_weights == {"teacher-*": 0.5, "a": 0.0}
    assert (job.pairs_from, job.outside) == (["rendered"], ["a"])
    assert job.settings == ResidentSettings(
        minutes=3.2, learning_rate=2e-3, trunk_rate=1e-4, batch_size=64, self_weight=0.01, pairs=8,
        seed=4, augmenter=AUGMENTATIONS["mild"], look_every=30,
    )  # fmt: skip


def test_presets_are_of_one_way_of_training(
    jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _asked() == _asked("--resident", "--minutes", "1") == 0
    joint = ("--resident", "--minutes", "1", "--preset", "movenet-joint")
    assert _asked(*joint) == 0
    by_steps, supervised, both = jobs
    assert isinstance(by_steps.settings, TrainingSettings) and by_steps.spec.backbone == "resnet50"
    assert supervised.settings.batch_size == 256 and supervised.settings.self_weight == 0
    assert both.settings.batch_size == 192 and both.settings.self_weight == 1e-3
    capsys.readouterr()
    assert _asked("--preset", "movenet") == 2
    assert "needs --resident" in sentence(capsys)
    assert _asked("--resident", "--minutes", "1", "--preset", "penn") == 2
    assert "no preset 'penn'" in sentence(capsys)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--resident", "--minutes N"),
        ("--resident --minutes 1 --steps 5", "--steps cannot be used with --resident"),
        ("--resident --minutes 1 --resume", "--resume cannot be used with --resident"),
        ("--resident --minutes 1 --probe-every 0", "--probe-every cannot"),
        ("--resident --minutes 1 --on-bad-data skip", "--on-bad-data cannot"),
        ("--resident --minutes 1 --schedule cosine --max-steps 3", "--schedule, --max-steps"),
        ("--resident --minutes -1", "minutes was -1.0"),
        ("--resident --minutes 1 --aside 1", "--aside was 1.0"),
        ("--resident --minutes 1 --joint-weight a", "--joint-weight a is not NAME=X"),
        ("--resident --minutes 1 --joint-weight a=2", "an X from 0 to 1"),
        ("--resident --minutes 1 --joint-weight a=nan", "an X from 0 to 1"),
        ("--minutes 3", "--minutes cannot be used without --resident"),
        ("--trunk-rate 1e-4 --outside a", "--trunk-rate, --outside cannot be used without"),
        ("--joint-weight a=0.5", "--joint-weight cannot be used without --resident"),
        ("--augmentation wild", "paper, strong, mild"),
    ],
)
def test_options_of_the_other_way_of_training_are_refused(
    options: str, message: str, jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _asked(*options.split()) == 2
    assert message in sentence(capsys)
    assert not jobs


def test_a_branch_without_labels_is_trained_by_steps(
    jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--without-labels", "--resident", "--minutes", "1")
    assert _asked(*options, variant="keypoint") == 2
    assert "--without-labels cannot be used with --resident" in sentence(capsys)


def test_augmentation_is_the_ordinary_trainings_as_well(jobs: list[Job]) -> None:
    assert _asked("--augmentation", "strong") == 0
    assert jobs[0].settings.augmenter == AUGMENTATIONS["strong"]


def _resident(tmp_path: Path, **changes: Any) -> ResidentJob:
    names = ("film-0", "film-1", "teacher-0")
    shards = [write_shard(tmp_path / f"{name}.npz", people=2, frames=2) for name in names]
    shards.append(write_shard(tmp_path / "stills.npz", frames=1))
    values = {
        "spec": NetworkSpec("baseline", "resnet18"),
        "settings": ResidentSettings(batch_size=4),
        "data": [job_module.Request.parse(str(path)) for path in shards],
        "out": tmp_path / "run",
        "perceptual": Path("unused"),
        "device": "cpu",
    }
    return ResidentJob(**{**values, **changes})


def test_data_sets_are_treated_as_their_names_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[tuple[list[Bank], list[float]]] = []

    def stop(banks: list[Bank], shares: list[float], *_: object) -> None:
        seen.append((banks, shares))
        raise UserError("Enough was seen.")

    monkeypatch.setattr(job_module, "BatchMaker", stop)
    job = _resident(
        tmp_path,
        joint_weights={"*-0": 0.25, "teacher-0": 0.5},
        pairs_from=["film-*"],
        outside=["film-1"],
    )
    with pytest.raises(UserError, match="Enough"):
        run_resident(job)
    banks, shares = seen[0]
    assert [bank.name for bank in banks] == ["film-0", "film-1", "teacher-0", "stills"]
    assert [float(bank.weights.max()) for bank in banks] == [0.25, 1, 0.5, 1]
    assert [bank.paired for bank in banks] == [True, True, False, False]
    assert [bank.outside for bank in banks] == [False, True, False, False]
    assert shares == [4, 4, 4, 3]  # no weights: every frame counts the same


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"joint_weights": {"films": 0.5}}, "speaks of films, but .* film-0, film-1, teacher-0"),
        ({"pairs_from": ["stills"]}, "stills cannot give pairs"),
        ({"outside": ["x*"]}, "--outside speaks of x"),
        ({"spec": NetworkSpec("baseline", "movenet-thunder")}, "Give MoveNet's weights"),
    ],
)
def test_what_does_not_fit_the_data_or_the_network_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        run_resident(_resident(tmp_path, **changes))


def test_resident_training_overwrites_no_run_and_is_one_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = _resident(tmp_path)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="without torchrun"):
        run_resident(job)
    job.out.mkdir()
    (job.out / "last.safetensors").touch()
    with pytest.raises(UserError, match="holds a run already"):
        run_resident(job)


def test_either_training_starts_from_movenets_weights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    networks: list[PoseNetwork] = []

    def stop(network: PoseNetwork, *_: object, **__: object) -> None:
        networks.append(network)
        raise UserError("Enough was seen.")

    monkeypatch.setattr(job_module, "JointObjective", stop)
    path = tmp_path / "movenet.onnx"
    layers = write_movenet(path)
    resident = _resident(tmp_path, spec=NetworkSpec("baseline", "movenet-lightning"), movenet=path)
    by_steps = TrainingJob(
        spec=resident.spec,
        settings=TrainingSettings(),
        data=resident.data,
        out=tmp_path / "steps",
        perceptual=Path("unused"),
        movenet=path,
        device="cpu",
    )
    for start in (lambda: run_resident(resident), lambda: run_training(by_steps)):
        with pytest.raises(UserError, match="Enough"):
            start()
    for network in networks:
        assert isinstance(network.encoder, MoveNetEncoder)
        own = next(iter(movenet_convolutions(network.encoder)))
        assert (own.weight == layers[0].weight).all()
    assert len(networks) == 2


@pytest.mark.parametrize(
    ("options", "order"),
    [
        (["--preset", "penn"], "bgr"),
        (["--preset", "human36m"], "bgr"),
        (["--preset", "bbc"], "bgr"),
        (["--preset", "jhmdb"], "rgb"),
        (["--resident", "--minutes", "1"], "rgb"),
        (["--preset", "penn", "--channel-order", "rgb"], "rgb"),
        (["--preset", "penn", "--start", "{start}"], "rgb"),
        (["--start", "{start}", "--channel-order", "bgr"], "bgr"),
    ],
)
def test_pictures_go_in_as_published_unless_ours_are_trained(
    options: list[str], order: str, jobs: list[Job], tmp_path: Path
) -> None:
    start = tmp_path / "start.safetensors"
    model.save(start, PoseNetwork(SPEC))
    assert _asked(*(option.format(start=start) for option in options)) == 0
    assert jobs[0].spec.channel_order == order


@pytest.mark.parametrize("name", ["penn", "human36m", "bbc"])
def test_the_rotation_network_is_trained_with_its_own_lambda(name: str, jobs: list[Job]) -> None:
    assert _asked("--preset", name, variant="rotation") == 0
    assert _asked("--preset", name, "--self-weight", "0.01", variant="rotation") == 0
    assert [job.settings.self_weight for job in jobs] == [1e-4, 0.01]
