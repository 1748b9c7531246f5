"""Runs that can be stopped, go on to the same bits, and survive what goes wrong."""

from __future__ import annotations

import csv
import logging
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.core.errors import UserError
from model.data.records import BadDataError
from model.engine.batches import ExampleStream, Loader, MicroBatchPlan
from model.engine.checkpoint import CHECKPOINT, identity_of, write_checkpoint
from model.engine.run import Learner, Run, Schedule, TimeBudget


@pytest.fixture(autouse=True)
def threads_of_opencv() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


class Example(NamedTuple):
    picture: NDArray[np.float32]
    number: NDArray[np.int64]


class Batch(NamedTuple):
    picture: Tensor
    number: Tensor


class Numbers:
    """Examples out of nothing but the generator; a share of the draws is ``bad``."""

    def __init__(self, bad: float = 0.0) -> None:
        self._bad = bad

    def draw(self, rng: np.random.Generator) -> Example:
        number = rng.integers(10**6)
        if rng.random() < self._bad:
            raise BadDataError(f"The picture {number} is damaged.")
        return Example(rng.random((2, 2), np.float32), np.array(number))


class Follower(Learner):
    """Learns the mean picture, remembers all it saw, and counts its steps."""

    learning_rate = 0.1

    def __init__(self, losses: Callable[[int], float] | None = None) -> None:
        self.network = torch.nn.Identity()
        self.mean = torch.zeros(2, 2)
        self.steps = 0
        self.seen: list[Batch] = []
        self._losses = losses

    def step(self, batches: Sequence[Batch]) -> dict[str, float]:
        (batch,) = batches
        self.seen.append(batch)
        error = batch.picture.mean(dim=0) - self.mean
        self.mean = self.mean + 0.1 * error
        self.steps += 1
        loss = float(error.square().mean()) if self._losses is None else self._losses(self.steps)
        return {"distance": loss, "fixed": 1.0}

    def state(self) -> dict[str, Any]:
        return {"mean": self.mean, "steps": self.steps}

    def load_state(self, state: dict[str, Any]) -> None:
        self.mean, self.steps = state["mean"], state["steps"]

    @property
    def numbers(self) -> list[int]:
        """The examples that were seen, by their numbers."""
        return [int(n) for batch in self.seen for n in batch.number]


@dataclass(frozen=True)
class Kind:
    size: int = 32
    name: str = "small"


def make_run(
    folder: Path,
    learner: Any = None,
    examples: Numbers | None = None,
    *,
    steps: int = 6,
    batch_size: int = 3,
    look_every: int = 100,
    checkpoint_every: int = 100,
    seed: int = 0,
    skip_bad: bool = False,
    workers: int = 0,
    **changes: Any,
) -> Run:
    stream = ExampleStream(examples or Numbers(), seed, skip_bad=skip_bad)
    return Run(
        learner if learner is not None else Follower(),
        Loader(stream, MicroBatchPlan(batch_size), workers),
        Schedule(steps, look_every, checkpoint_every),
        folder,
        **{"identity": identity_of(kind=Kind()), "quiet": True, **changes},
    )


class Looks:
    """A callback that remembers when it was asked, and says what it is told to."""

    def __init__(self, say: Callable[[int], dict[str, float]] = lambda step: {}) -> None:
        self._say = say
        self.asked: list[int] = []
        self.kept: list[int] = []

    def look(self, step: int, *, probe: bool) -> dict[str, float]:
        self.asked.append(step)
        return self._say(step)

    def keep(self, step: int) -> None:
        self.kept.append(step)


def kept(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(folder / CHECKPOINT, weights_only=True)
    return content


def logged(folder: Path) -> list[tuple[int, str, float]]:
    """The rows of the log, but for the clock's."""
    with (folder / "log.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    return [(int(s), name, float(v)) for s, name, v in rows if name != "seconds per step"]


def raised(kind: type[Exception], action: Callable[[], object]) -> str:
    """The sentence of the error; ``pytest.raises`` would keep worker processes alive with it."""
    try:
        action()
    except kind as error:
        return str(error)
    pytest.fail(f"no {kind.__name__} was raised")


# What is seen


def test_the_same_position_gives_the_same_example(tmp_path: Path) -> None:
    small, large, other = Follower(), Follower(), Follower()
    assert make_run(tmp_path / "a", small, steps=6, batch_size=2).run() == 6
    assert make_run(tmp_path / "b", large, steps=3, batch_size=4).run() == 3
    make_run(tmp_path / "c", other, steps=6, batch_size=2, seed=1).run()
    assert small.numbers == large.numbers
    assert len(set(small.numbers)) == 12
    assert not set(small.numbers) & set(other.numbers)
    batch = large.seen[0]
    assert batch.picture.shape == (4, 2, 2) and batch.picture.dtype == torch.float32
    assert batch.number.shape == (4,)


def test_a_worker_makes_the_same_batches(tmp_path: Path) -> None:
    alone, helped = Follower(), Follower()
    make_run(tmp_path / "a", alone, Numbers(bad=0.3), skip_bad=True).run()
    make_run(tmp_path / "b", helped, Numbers(bad=0.3), skip_bad=True, workers=1).run()
    assert alone.numbers == helped.numbers
    assert torch.equal(alone.mean, helped.mean)


def test_a_long_run_takes_no_memory_before_it_starts(tmp_path: Path) -> None:
    make_run(tmp_path / "first").run()  # libraries are imported
    learner = Follower()
    run = make_run(tmp_path / "long", learner, steps=10_000, batch_size=50)
    tracemalloc.start()
    try:
        run.run(stopping=lambda: learner.steps == 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4e6  # bytes


# Stopping and going on


@pytest.mark.parametrize("quiet", [True, False])
def test_a_run_goes_on_to_the_same_bits(quiet: bool, tmp_path: Path) -> None:
    whole = Follower()
    assert make_run(tmp_path / "whole", whole, steps=25, look_every=5).run() == 25
    first, second = Follower(), Follower()
    parts = tmp_path / "parts"
    assert make_run(parts, first, steps=25, look_every=5, quiet=quiet).run(until=13) == 13
    assert kept(parts)["step"] == 13
    assert make_run(parts, second, steps=25, look_every=5, quiet=quiet).run(resume=True) == 25
    assert first.numbers + second.numbers == whole.numbers
    assert torch.equal(second.mean, whole.mean)
    assert torch.equal(kept(parts)["state"]["mean"], kept(tmp_path / "whole")["state"]["mean"])
    assert logged(parts) == logged(tmp_path / "whole")


def test_a_finished_run_has_nothing_left_to_do(tmp_path: Path) -> None:
    make_run(tmp_path).run()
    learner = Follower()
    assert make_run(tmp_path, learner).run(resume=True) == 6
    assert not learner.seen and learner.steps == 6
    assert make_run(tmp_path, steps=4).run(resume=True) == 6
    assert kept(tmp_path)["step"] == 6


def test_stopping_leaves_a_checkpoint(tmp_path: Path) -> None:
    learner = Follower()
    assert make_run(tmp_path, learner).run(stopping=lambda: learner.steps == 4) == 4
    assert kept(tmp_path)["step"] == 4 and learner.steps == 4
    rest = Follower()
    assert make_run(tmp_path, rest).run(resume=True) == 6
    assert len(rest.seen) == 2


def test_stopped_before_its_first_step_a_run_leaves_no_checkpoint(tmp_path: Path) -> None:
    assert make_run(tmp_path).run(stopping=lambda: True) == 0
    assert not (tmp_path / CHECKPOINT).exists()
    assert make_run(tmp_path).run() == 6


def test_checkpoints_are_written_on_the_way(tmp_path: Path) -> None:
    found: list[int] = []

    class Looking(Follower):
        def step(self, batches: Sequence[Batch]) -> dict[str, float]:
            if (tmp_path / CHECKPOINT).exists():
                found.append(kept(tmp_path)["step"])
            return super().step(batches)

    make_run(tmp_path, Looking(), steps=7, checkpoint_every=3).run()
    assert found == [3, 3, 3, 6]
    assert kept(tmp_path)["step"] == 7
    assert {path.name for path in tmp_path.iterdir()} >= {CHECKPOINT, "log.csv", "tensorboard"}
    assert not list(tmp_path.glob("*.part"))


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    make_run(tmp_path).run()
    before = (tmp_path / CHECKPOINT).read_bytes(), (tmp_path / "log.csv").read_bytes()
    with pytest.raises(UserError, match=r"holds a run already\. Add --resume"):
        make_run(tmp_path).run()
    assert before == ((tmp_path / CHECKPOINT).read_bytes(), (tmp_path / "log.csv").read_bytes())


def test_what_is_not_there_does_not_go_on(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"There is no checkpoint in .* Start without --resume"):
        make_run(tmp_path / "none").run(resume=True)


def test_a_run_goes_on_with_what_it_was_started_with_only(tmp_path: Path) -> None:
    make_run(tmp_path).run(until=2)
    other = identity_of(kind=Kind(size=64))
    learner = Follower()
    with pytest.raises(UserError, match=r'has kind = .*"size": 32.*, but .*"size": 64.* was given'):
        make_run(tmp_path, learner, identity=other).run(resume=True)
    more = identity_of(kind=Kind(), data=["penn"])
    with pytest.raises(UserError, match="has data = None"):
        make_run(tmp_path, learner, identity=more).run(resume=True)
    assert learner.steps == 0
    assert make_run(tmp_path).run(resume=True) == 6


def test_an_identity_is_text_that_tells_values_apart() -> None:
    one = identity_of(kind=Kind(), data=["a", "b"], nothing=None)
    assert one == identity_of(kind=Kind(), data=["a", "b"], nothing=None)
    assert all(isinstance(value, str) for value in one.values())
    assert one != identity_of(kind=Kind(name="x"), data=["a", "b"], nothing=None)
    assert one != identity_of(kind=Kind(), data=["b", "a"], nothing=None)


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"\n", b"not a checkpoint", b"\x80", b"\x80\x02.", b"PK\x03\x04" + bytes(40),
        bytes(500), b"\x80\x02}q\x00.", b"(dp0\n.",
        [1, 2], {"step": 3}, Kind,
    ],
)  # fmt: skip
def test_a_damaged_checkpoint_is_told_in_words(damage: Any, tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT
    if isinstance(damage, bytes):
        path.write_bytes(damage)
    else:
        torch.save(damage, path)
    with pytest.raises(UserError, match=r"checkpoint\.pt is not a checkpoint .* or is damaged"):
        make_run(tmp_path).run(resume=True)


def test_another_trainers_checkpoint_is_told_in_words(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 7, identity_of(variant="transformer"), {"network": {}})
    with pytest.raises(UserError, match="Go on with what it was started with"):
        make_run(tmp_path).run(resume=True)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_a_truncated_checkpoint_is_told_in_words(share: float, tmp_path: Path) -> None:
    make_run(tmp_path).run(until=2)
    path = tmp_path / CHECKPOINT
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match="or is damaged"):
        make_run(tmp_path).run(resume=True)


# What goes wrong on the way


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bad_frame_is_named_and_replaced(
    workers: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    learner = Follower()
    run = make_run(tmp_path, learner, Numbers(bad=0.3), skip_bad=True, workers=workers)
    with caplog.at_level(logging.WARNING):
        assert run.run() == 6
    assert all(len(batch.number) == 3 for batch in learner.seen)
    assert caplog.messages
    assert all(m.startswith("The picture ") and m.endswith(" is damaged.") for m in caplog.messages)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bad_frame_stops_with_its_own_sentence(workers: int, tmp_path: Path) -> None:
    run = make_run(tmp_path, examples=Numbers(bad=0.3), workers=workers)
    sentence = raised(BadDataError, run.run)
    assert sentence.startswith("The picture ") and sentence.endswith(" is damaged.")
    assert "\n" not in sentence


def test_too_many_bad_frames_are_no_accident(tmp_path: Path) -> None:
    run = make_run(tmp_path, examples=Numbers(bad=1.0), skip_bad=True)
    assert raised(BadDataError, run.run).startswith("100 frames in a row could not be used")


@pytest.mark.parametrize("quiet", [True, False])
def test_the_steps_before_an_error_are_kept(quiet: bool, tmp_path: Path) -> None:
    class Tired(Follower):
        def step(self, batches: Sequence[Batch]) -> dict[str, float]:
            if self.steps == 4:
                raise KeyboardInterrupt
            return super().step(batches)

    with pytest.raises(KeyboardInterrupt):
        make_run(tmp_path, Tired(), quiet=quiet).run()
    content = kept(tmp_path)
    assert content["step"] == content["state"]["steps"] == 4
    assert make_run(tmp_path).run(resume=True) == 6


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_run_that_diverges_stops(value: float, tmp_path: Path) -> None:
    learner = Follower(lambda step: 1.0 if step <= 5 else value)
    run = make_run(tmp_path, learner, steps=60)
    assert "of step 25 were not finite, nor those of the 19 before it" in raised(UserError, run.run)
    assert learner.steps == 25


def test_a_checkpoint_of_a_run_that_diverged_tells_its_own_step(tmp_path: Path) -> None:
    learner = Follower(lambda step: float("nan"))
    raised(UserError, make_run(tmp_path, learner, steps=60, quiet=False).run)
    if (tmp_path / CHECKPOINT).exists():
        assert kept(tmp_path)["step"] == kept(tmp_path)["state"]["steps"]


def test_a_bad_step_now_and_then_is_survived(tmp_path: Path) -> None:
    learner = Follower(lambda step: 1.0 if step % 20 == 0 else float("nan"))
    assert make_run(tmp_path, learner, steps=45).run() == 45


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Blocking(Follower):
        def step(self, batches: Sequence[Batch]) -> dict[str, float]:
            (tmp_path / CHECKPOINT).mkdir(exist_ok=True)
            return super().step(batches)

    with caplog.at_level(logging.WARNING):
        assert make_run(tmp_path, Blocking(), checkpoint_every=2).run() == 6
    assert any("The checkpoint could not be written" in message for message in caplog.messages)


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(UserError, match="cannot be made"):
        make_run(tmp_path / "file" / "run").run()


# When it looks, and by the clock


def test_a_run_looks_first_and_keeps_the_network_when_it_is_told_to_stop(tmp_path: Path) -> None:
    learner, callback = Follower(), Looks()
    run = make_run(tmp_path, learner, callback=callback)
    run.schedule = Schedule(6, look_every=3, checkpoint_every=100, look_first=True)
    assert run.run(stopping=lambda: learner.steps == 4) == 4
    assert (callback.asked, callback.kept) == ([0, 3], [4])


def test_a_look_that_probes_is_told_so(tmp_path: Path) -> None:
    probes: dict[int, bool] = {}

    class Probes(Looks):
        def look(self, step: int, *, probe: bool) -> dict[str, float]:
            probes[step] = probe
            return {}

    run = make_run(tmp_path, callback=Probes())
    run.schedule = Schedule(7, look_every=3, probe_every=4)
    run.run()
    assert probes == {3: False, 4: True, 6: False, 7: True}
    assert not (tmp_path / CHECKPOINT).exists()  # none was asked for


def test_minutes_end_a_run_after_a_last_look(tmp_path: Path) -> None:
    learner, callback = Follower(), Looks()
    run = make_run(tmp_path, learner, callback=callback, budget=TimeBudget(0.2 / 60, 1e6))
    run.schedule = Schedule()
    done = run.run()
    assert run.finished and done == learner.steps > 1
    assert callback.asked == [done] and not callback.kept


def test_a_picture_is_a_file_of_its_name(tmp_path: Path) -> None:
    picture = np.full((4, 6, 3), 200, np.uint8)
    make_run(tmp_path, callback=Looks(lambda step: {"panel": picture})).run()  # type: ignore[dict-item]
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "panel.png")), picture)


# What is recorded


def test_the_callback_is_asked_on_time_and_recorded(tmp_path: Path) -> None:
    callback = Looks(lambda step: {"score/set": float(step)})
    make_run(tmp_path, steps=7, look_every=3, callback=callback).run()
    assert callback.asked == [3, 6, 7] and not callback.kept
    assert logged(tmp_path) == [(step, "score/set", float(step)) for step in (3, 6, 7)]
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_a_callback_that_fails_does_not_end_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def blind(step: int) -> dict[str, float]:
        raise UserError("It is dark.")

    with caplog.at_level(logging.WARNING):
        assert make_run(tmp_path, callback=Looks(blind), look_every=3).run() == 6
    assert [m for m in caplog.messages if "It is dark." in m and "after step 3" in m]


def test_losses_are_recorded_every_tenth_step(tmp_path: Path) -> None:
    learner = Follower(lambda step: float(step))
    make_run(tmp_path, learner, steps=21).run()
    wanted = [
        row
        for step in (10, 20)
        for row in (
            (step, "loss/distance", float(step)),
            (step, "loss/fixed", 1.0),
            (step, "learning rate", 0.1),
        )
    ]
    assert logged(tmp_path) == wanted
