from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from app.runtime.live.learner import Learner
from app.runtime.live.results import UpdateResult
from model.adaptation import (
    Learnt,
    PersonalizationSettings,
    Personalizer,
    PersonView,
    SourceMemory,
    guard,
)
from model.adaptation.memory import Pairs
from model.adaptation.personalizer import Snapshot
from model.core.crop import SquareBox
from tests.app.runtime.live.machinery import picture
from tests.networks import small_network, small_perceptual_loss


def _learner(
    memory: SourceMemory, *, micro_batch: int = 2, undo_steps: int = 0, **settings: object
) -> Learner:
    chosen = PersonalizationSettings(scope="deconvolutions", **settings)  # type: ignore[arg-type]
    personalizer = Personalizer(small_network(), small_perceptual_loss(), chosen)
    return Learner(personalizer, memory, micro_batch=micro_batch, undo_steps=undo_steps)


def _view(index: int) -> PersonView:
    return PersonView.of_frame(picture(index), SquareBox(80, 60, 100), index)


@pytest.fixture
def memory() -> SourceMemory:
    memory = SourceMemory()
    for index in range(4):
        memory.add(_view(index))
    return memory


def test_a_batch_closes_after_its_micro_batches(memory: SourceMemory) -> None:
    learner = _learner(memory, batch_size=3)
    assert learner.online(_view(4)) is None
    assert learner.last_pairs == 2
    result = learner.online(_view(5))
    assert learner.last_pairs == 1  # the rest of the batch
    assert result is not None
    assert (result.number, result.pairs) == (1, 3)
    assert result.seconds > 0 and np.isfinite(result.loss)
    for image in (result.source, result.target, result.reconstruction):
        assert image.shape == (64, 64, 3) and image.dtype == np.uint8


def test_iterations_repeat_the_batch(memory: SourceMemory) -> None:
    learner = _learner(memory, batch_size=2, iterations=3)
    result = learner.online(_view(4))
    assert result is not None and result.number == 3


def test_an_offline_run_does_as_many_updates_as_there_are_views(memory: SourceMemory) -> None:
    learner = _learner(memory, batch_size=2)
    learner.start_offline()
    progress = learner.offline_progress
    assert progress is not None
    assert np.isnan(progress.seconds_left)
    numbers: list[int] = []
    while (progress := learner.offline_progress) is not None:
        assert (progress.done, progress.total) == (len(numbers), 4)
        assert not numbers or progress.seconds_left > 0
        result = learner.offline()
        assert result is not None
        numbers.append(result.number)
    assert numbers == [1, 2, 3, 4]


def test_an_offline_run_without_views_is_over_at_once() -> None:
    learner = _learner(SourceMemory(), batch_size=2)
    learner.start_offline()
    assert learner.offline_progress is None


def test_an_offline_run_ends_when_the_views_are_forgotten(memory: SourceMemory) -> None:
    learner = _learner(memory, batch_size=2)
    learner.start_offline()
    learner.offline()
    memory.clear()
    assert learner.offline() is None
    assert learner.last_pairs == 0
    assert learner.offline_progress is None


def test_cancelling_keeps_what_was_learnt(memory: SourceMemory) -> None:
    learner = _learner(memory, batch_size=2)
    learner.start_offline()
    learner.offline()
    learner.cancel_offline()
    assert learner.offline_progress is None
    assert learner.personalizer.updates == 1


def test_reset_and_other_settings_start_from_the_trained_weights(memory: SourceMemory) -> None:
    learner = _learner(memory, batch_size=2)
    trained = learner.personalizer.weights()
    learner.online(_view(4))
    learner.configure(PersonalizationSettings(scope="features", batch_size=1))
    now = learner.personalizer.weights()
    assert all((now[name] == value).all() for name, value in trained.items())
    assert len(now) > len(trained)
    assert learner.personalizer.updates == 0
    assert learner.online(_view(5)) is not None


def test_the_rotation_variant_learns_without_reconstructions(memory: SourceMemory) -> None:
    settings = PersonalizationSettings(scope="deconvolutions", batch_size=1)
    personalizer = Personalizer(small_network("rotation"), small_perceptual_loss(), settings)
    learner = Learner(personalizer, memory, micro_batch=1)
    result = learner.online(_view(4))
    assert result is not None and result.number == 1
    assert not result.reconstruction.any()


def test_a_held_out_view_teaches_nothing() -> None:
    memory = SourceMemory()
    learner = _learner(memory, batch_size=2, guard=True)
    for index in range(8):
        memory.add(_view(index))
    assert learner.online(_view(7)) is None and learner.last_pairs == 0
    assert learner.online(_view(6)) is not None


def test_the_guard_takes_back_what_makes_held_out_views_worse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = SourceMemory()
    learner = _learner(memory, batch_size=1, guard=True, learning_rate=1e-7)
    for index in range(8):
        memory.add(_view(index))
    # What held-out views say is worse at the second look.
    answers = iter([1.0, 2.0])
    monkeypatch.setattr(guard.Guard, "_disagreement_as_trained", lambda *_: 1.0)
    monkeypatch.setattr(guard, "_mean", lambda *_: next(answers))
    undone = []
    for _ in range(16):
        result = learner.online(_view(0))
        assert result is not None
        undone.append(result.undone)
    assert undone == [False] * 15 + [True]
    assert learner.personalizer.updates == 8


def test_there_is_a_reconstruction_to_show_where_none_is_learnt_from() -> None:
    memory = SourceMemory()
    memory.add(_view(0))
    learner = _learner(memory, batch_size=1, self_weight=0.0, consistency=1.0)
    result = learner.online(_view(0))
    assert result is not None and result.reconstruction.std() > 0


@pytest.mark.fault("The graphics card's memory is full")
def test_a_batch_for_which_memory_does_not_suffice_is_learnt_in_smaller_pieces(
    memory: SourceMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def learnt(largest: int) -> tuple[UpdateResult | None, list[int], dict[str, torch.Tensor]]:
        learner = _learner(memory, micro_batch=4, batch_size=4, iterations=2)
        sizes = []
        accumulate = learner.personalizer.accumulate

        def limited(pairs: Pairs, batch_size: int) -> None:
            sizes.append(len(pairs.target))
            if len(pairs.target) > largest:
                raise torch.OutOfMemoryError("CUDA out of memory")
            accumulate(pairs, batch_size)

        monkeypatch.setattr(learner.personalizer, "accumulate", limited)
        result = learner.online(_view(4))
        return result, sizes, learner.personalizer.weights()

    enough, _, wanted = learnt(4)
    scarce, sizes, found = learnt(1)
    assert sizes == [4, 2, 1, 1, 1, 1, 1, 1, 1, 1]
    assert enough is not None and scarce is not None
    assert (scarce.number, scarce.pairs) == (2, 4)
    assert scarce.loss == pytest.approx(enough.loss, rel=1e-2)
    for name, value in wanted.items():
        # Steps of the learning rate, whose direction is a matter of rounding for a few.
        assert (found[name] - value).abs().mean() < 0.2e-4, name
    with pytest.raises(torch.OutOfMemoryError):
        learnt(0)


def _weights(learner: Learner) -> dict[str, Tensor]:
    return learner.personalizer.snapshot().parameters


def _same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


def test_the_last_resets_can_be_undone(memory: SourceMemory) -> None:
    learner = _learner(memory, batch_size=1, undo_steps=2)
    trained = _weights(learner)
    learner.undo_reset()  # of nothing
    learner.reset()  # where nothing was learnt
    assert learner.state.undo_steps == 0 and _same(_weights(learner), trained)
    learnt = []
    for updates in (1, 2, 3):
        for _ in range(updates):
            learner.online(_view(updates))
        learnt.append(_weights(learner))
        learner.reset()
    assert learner.state.undo_steps == 2  # the first is forgotten
    for updates in (3, 2):
        learner.undo_reset()
        assert _same(_weights(learner), learnt[updates - 1])
        assert learner.personalizer.updates == updates
    learner.undo_reset()
    assert learner.personalizer.updates == 2
    learner.reset()
    assert _same(_weights(learner), trained)


def test_undoing_other_settings_brings_the_former_ones_back(memory: SourceMemory) -> None:
    learner = _learner(memory, batch_size=1, undo_steps=2, guard=True)
    settings = learner.personalizer.settings
    learner.online(_view(4))
    learnt = _weights(learner)
    learner.configure(PersonalizationSettings(scope="features", batch_size=1))
    assert learner.online(_view(5)) is not None
    learner.undo_reset()
    assert learner.state.settings == settings
    assert _same(_weights(learner), learnt)
    learner.reset()
    trained = dict(small_network().named_parameters())
    assert all(
        torch.equal(p, trained[n]) for n, p in learner.personalizer.network.named_parameters()
    )


def test_what_can_be_undone_lies_on_disk_or_in_memory_where_there_is_none(
    memory: SourceMemory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    learner = _learner(memory, batch_size=1, undo_steps=2, average=0.9)

    def learn_and_reset(learner: Learner) -> Snapshot:
        learner.online(_view(4))
        learnt = learner.personalizer.snapshot()
        learner.reset()
        return learnt

    def full(path: Path, data: bytes) -> int:
        raise OSError("No space left on device")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    on_disk = learn_and_reset(learner)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_size > sum(t.nbytes for t in on_disk.parameters.values())
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        in_memory = learn_and_reset(learner)
    for learnt in (in_memory, on_disk):
        learner.undo_reset()
        found = learner.personalizer.snapshot()
        assert _same(found.parameters, learnt.parameters) and _same(found.average, learnt.average)
        assert found.updates == learnt.updates == 1
    del learner
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_a_profile_is_gone_on_from_and_what_was_before_comes_back(memory: SourceMemory) -> None:
    learner = _learner(memory, batch_size=1, undo_steps=1, guard=True)
    learner.online(_view(4))
    learner.start_offline()
    before = _weights(learner)
    change = torch.full((30,), 0.5)
    other = PersonalizationSettings(batch_size=1)
    learner.load(Learnt({"self_head.bias": change}, 124), other)
    assert learner.state.offline is None
    assert learner.state.settings != other
    trained = small_network().state_dict()["self_head.bias"]
    assert torch.equal(_weights(learner)["self_head.bias"], trained + change)
    result = learner.online(_view(4))
    assert result is not None and result.number == 125
    learner.undo_reset()
    assert _same(_weights(learner), before)


def test_a_profile_that_changes_more_brings_settings_that_go_on_with_it(
    memory: SourceMemory,
) -> None:
    learner = _learner(memory, batch_size=1, undo_steps=1)
    change = torch.full_like(learner.personalizer.network.encoder.conv1.weight, 0.1)
    wide = PersonalizationSettings(scope="features", batch_size=1)
    learner.load(Learnt({"encoder.conv1.weight": change}, 8), wide)
    assert learner.state.settings == wide
    assert learner.personalizer.updates == 8
    torch.testing.assert_close(
        learner.personalizer.learnt().changes["encoder.conv1.weight"], change
    )
