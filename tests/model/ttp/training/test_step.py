from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
import torch

from model.core.errors import UserError
from model.data.sampling import Mixture
from model.data.shards import read_shards
from model.engine.checkpoint import CHECKPOINT
from model.ttp.networks import VARIANTS, NetworkSpec, Variant
from model.ttp.objective import JointObjective
from model.ttp.training.settings import TrainingSettings
from model.ttp.training.step import PairPlan, PairStream, collate, make_loader
from tests.model.ttp.training.runs import SETTINGS, Notes, assert_same, make_training, state_of
from tests.networks import SMALL_BACKBONES, small_network, small_perceptual_loss
from tests.shards import write_shard


def test_the_supervised_loss_falls_on_a_few_people(tmp_path: Path) -> None:
    training = make_training(tmp_path, steps=15, warm_up_steps=15, schedule="cosine")
    notes = Notes()

    finished = training.run(notes)

    losses = [step["supervised"] for step in notes.losses]
    assert finished and len(losses) == 15
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
    assert notes.looks == [(0, False), (15, False)]


@pytest.mark.parametrize("backbone", SMALL_BACKBONES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_trains_exactly_what_its_losses_reach(
    tmp_path: Path, variant: Variant, backbone: str
) -> None:
    training = make_training(tmp_path, variant, backbone=backbone, steps=2, warm_up_steps=1)
    notes = Notes()
    before = state_of(training.network)

    training.run(notes, until=1)
    warm = state_of(training.network)
    training.run(notes)
    joint = state_of(training.network)

    own_task = ("reconstruction.", "rotation_head.")
    for name, _ in training.network.named_parameters():
        task = name.startswith(own_task) or (
            variant == "keypoint" and name.startswith("self_head.")
        )
        assert torch.equal(before[name], warm[name]) == task, name
        assert not torch.equal(warm[name], joint[name]), name
    assert ["self-supervised" in step for step in notes.losses] == [False, variant != "baseline"]
    assert all(value > 0 and np.isfinite(value) for s in notes.losses for value in s.values())


def test_without_labels_only_the_self_supervised_branch_learns(tmp_path: Path) -> None:
    training = make_training(tmp_path, "keypoint", steps=1, supervised=False, self_weight=1.0)
    before = state_of(training.network)

    training.run()

    after = training.network.state_dict()
    still = {name for name, _ in training.network.named_parameters() if name.startswith("superv")}
    assert still
    for name, _ in training.network.named_parameters():
        assert torch.equal(before[name], after[name]) == (name in still), name
    with pytest.raises(UserError, match="baseline learns nothing without labels"):
        make_training(tmp_path, "baseline", supervised=False)


def test_a_resumed_run_continues_bit_for_bit(tmp_path: Path) -> None:
    whole = make_training(tmp_path / "whole")
    whole.run()
    first = make_training(tmp_path / "parts")
    assert not first.run(until=2)
    assert first.step == 2

    second = make_training(tmp_path / "parts")

    assert second.run(resume=True)
    assert_same(state_of(whole.network), state_of(second.network))
    assert_same(whole.kept(), second.kept())
    first_layer = "encoder.mobilenet.stem.weight"
    kept, present = whole.kept(), state_of(whole.network)
    assert not torch.equal(kept[first_layer], present[first_layer])


def test_a_run_that_is_told_to_stop_leaves_a_checkpoint(tmp_path: Path) -> None:
    training = make_training(tmp_path)
    notes = Notes()

    finished = training.run(notes, stopping=lambda: len(notes.losses) == 3)

    assert not finished
    assert notes.kept == [3] and notes.looks == [(0, False)]
    again = make_training(tmp_path)
    again.run(resume=True, stopping=lambda: True)
    assert again.step == 3


def test_a_checkpoint_is_refused_for_another_run(tmp_path: Path) -> None:
    make_training(tmp_path).run(until=1)

    with pytest.raises(UserError, match=r"learning_rate = 0.001, but 0.1 was given"):
        make_training(tmp_path, learning_rate=0.1).run(resume=True)
    make_training(tmp_path, validate_every=7).run(resume=True, stopping=lambda: True)
    (tmp_path / CHECKPOINT).write_bytes(b"PK not a checkpoint")
    with pytest.raises(UserError, match="damaged"):
        make_training(tmp_path).run(resume=True)
    (tmp_path / CHECKPOINT).unlink()
    with pytest.raises(UserError, match="no checkpoint"):
        make_training(tmp_path).run(resume=True)


def test_a_checkpoint_from_before_the_common_engine_is_gone_on_from(tmp_path: Path) -> None:
    """It held the average of all tensors, or None."""
    training = make_training(tmp_path, average=0.0)
    training.run(until=2)
    content = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    content["state"]["average"] = None
    torch.save(content, tmp_path / CHECKPOINT)
    training.run()
    again = make_training(tmp_path, average=0.0)
    assert again.run(resume=True)
    assert_same(state_of(training.network), state_of(again.network))


@pytest.mark.fault(
    "The disk gets full while a training writes its checkpoint",
    "The training goes on, and the checkpoint before stays.",
)
@pytest.mark.parametrize(
    "fault", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("file write failed")]
)
def test_a_full_disk_costs_neither_the_run_nor_the_former_checkpoint(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
) -> None:
    training = make_training(tmp_path, checkpoint_every=1)
    training.run(until=1)
    former = (tmp_path / CHECKPOINT).read_bytes()

    def full(content: object, path: Path) -> None:
        path.write_bytes(b"half of it")
        raise fault

    monkeypatch.setattr(torch, "save", full)

    assert training.run()
    assert training.step == 4
    assert "checkpoint could not be written" in caplog.text
    assert (tmp_path / CHECKPOINT).read_bytes() == former
    assert not list(tmp_path.glob("*.part"))


def test_a_step_that_is_not_finite_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    training = make_training(tmp_path)
    training.run(until=1)
    before, kept = state_of(training.network), training.kept()
    original = JointObjective.forward

    def broken(self: JointObjective, *args: object, **kwargs: object) -> object:
        losses = original(self, *args, **kwargs)  # type: ignore[arg-type]
        losses.total.mul_(torch.nan)
        return losses

    monkeypatch.setattr(JointObjective, "forward", broken)
    training.run(until=2)

    assert "Step 2 was left out" in caplog.text
    changed = [n for n, v in training.network.state_dict().items() if not torch.equal(v, before[n])]
    assert all(name.endswith("num_batches_tracked") for name in changed)
    assert_same(kept, training.kept())


def test_a_run_that_has_diverged_ends_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = make_training(tmp_path, "baseline", steps=25, warm_up_steps=25)
    with torch.no_grad():
        training.network.encoder.mobilenet.stem.weight.fill_(torch.nan)

    with pytest.raises(UserError, match="lower learning rate"):
        training.run()
    assert training.step < 25


def _with_a_damaged_picture(path: Path) -> None:
    write_shard(path)
    with np.load(path) as file:
        arrays = dict(file)
    start, stop = arrays["offset"][5:7]
    arrays["jpeg"][start:stop] = 0
    np.savez(path, **arrays)


def test_a_damaged_picture_stops_the_run_or_is_named_and_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        _with_a_damaged_picture(tmp_path / name / "people.npz")

    with pytest.raises(UserError, match=r"picture 5 of .*people.npz is damaged"):
        make_training(tmp_path / "a").run()

    assert make_training(tmp_path / "b", on_bad_data="skip").run()
    assert caplog.text.count("picture 5") == 1


def test_the_joint_sets_of_network_and_data_must_agree(tmp_path: Path) -> None:
    mixture = Mixture([read_shards([write_shard(tmp_path / "people.npz")], "people")])

    with pytest.raises(UserError, match="joint set bbc7"):
        make_loader(mixture, SETTINGS, NetworkSpec(joints="bbc7"))


def test_running_means_move_as_the_published_loss_moves_them() -> None:
    objective = JointObjective(small_network(), small_perceptual_loss(), self_weight=1.0)
    assert objective.perceptual is not None
    before = objective.perceptual.means.clone()
    errors = torch.arange(1.0, 7.0)

    objective.settle(errors)

    torch.testing.assert_close(objective.perceptual.means, before + 0.01 * (errors - before))


def test_micro_batches_divide_a_step_among_processes() -> None:
    settings = TrainingSettings(steps=2, batch_size=8, micro_batch=2, pairs=4, warm_up_steps=1)
    plans = [PairPlan(8, 2, rank, 2, settings) for rank in (0, 1)]

    steps = [[key for n in plan.own for key in plan.keys(1, n)] for plan in plans]

    positions = sorted(position for step in steps for position, _ in step)
    assert positions == list(range(8, 16))
    assert sum(paired for step in steps for _, paired in step) == 4
    assert all(not paired for n in range(4) for _, paired in plans[0].keys(0, n))
    alone = PairPlan(8, 2, settings=settings)
    for number in range(4):
        assert alone.keys(1, number) == plans[number % 2].keys(1, number)


@pytest.mark.parametrize(
    ("batch", "micro", "pairs", "world"), [(8, 3, 8, 1), (8, 0, 8, 3), (8, 2, 2, 1)]
)
def test_uneven_shares_are_refused(batch: int, micro: int, pairs: int, world: int) -> None:
    settings = TrainingSettings(batch_size=batch, micro_batch=micro, pairs=pairs)

    with pytest.raises(UserError, match="cannot be shared evenly"):
        PairPlan(batch, micro, 0, world, settings)


def test_a_batch_on_the_device_is_normalised_and_keeps_its_pairs(tmp_path: Path) -> None:
    mixture = Mixture([read_shards([write_shard(tmp_path / "people.npz")], "people")])
    stream = PairStream(mixture, SETTINGS, sources=True)
    examples = [stream[key][0] for key in PairPlan(4, settings=SETTINGS).keys(0, 0)]

    batch = collate(examples).to(torch.device("cpu"))
    turned = collate(examples).to(torch.device("cpu"), bgr=True)

    assert batch.target.shape == (4, 3, 128, 128) and batch.source.shape == (2, 3, 128, 128)
    white = torch.tensor(examples[0].target[64, 64] / 255).float()
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    torch.testing.assert_close(batch.target[0, :, 64, 64], (white - mean) / std)
    torch.testing.assert_close(turned.target[0, :, 64, 64], (white.flip(0) - mean) / std)


def test_the_network_that_is_kept_is_the_average(tmp_path: Path) -> None:
    plain = make_training(tmp_path / "plain", average=0.0)
    plain.run(until=1)
    assert_same(plain.kept(), state_of(plain.network))

    averaged = make_training(tmp_path / "averaged")
    start = averaged.kept()
    averaged.run(until=1)
    # After one step the average is young: two elevenths of where it started.
    name = "self_head.weight"
    expected = torch.lerp(start[name], averaged.network.state_dict()[name], 9 / 11)
    torch.testing.assert_close(averaged.kept()[name], expected)
