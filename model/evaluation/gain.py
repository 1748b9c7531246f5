"""What personalization gains, and whom it harms: the same frames without and with it; tables.

The gain is that of whole recordings, or what is gained after so many seconds before a camera: the
pace of learning, preset by preset. By frames, a method that learns much from each looks best; who
sits before a camera waits in seconds, in which a machine makes few dear updates or many cheap ones.
The pace is not in the paper.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from model.adaptation import PersonalizationSettings, Personalizer, Preset
from model.core.errors import UserError, check_number
from model.core.masking import Masker
from model.core.perceptual import PerceptualLoss
from model.data.records import Clip, DataSet
from model.evaluation.accuracy import Predictions
from model.evaluation.personalized import Camera, Mode, Progress, Protocol, predict_people
from model.evaluation.tables import (
    PeopleMean,
    figure,
    known,
    markdown_table,
    mean_over_people,
    write_report,
)
from model.ttp.networks import PoseNetwork

HARM = 0.5
"""Points of PCK: who loses more by personalization counts as harmed."""


@dataclass(frozen=True)
class Gain:
    """Scores in percent of the joints that are right, on the same frames.

    ``none`` is the network as it is, ``personalized`` after ``mode``, both pooled over all frames;
    ``by_person`` holds each person's gain in points.
    """

    mode: Mode
    none: float
    personalized: float
    by_person: dict[str, float]

    @property
    def gain(self) -> float:
        """Points won (lost, if negative) over all frames."""
        return self.personalized - self.none

    @property
    def harmed(self) -> float:
        """Share (0..1) of the people who lost more than ``HARM`` points."""
        return float(np.mean([gain < -HARM for gain in self.by_person.values()]))

    @property
    def worst(self) -> float:
        """The smallest gain of one person, in points."""
        return min(self.by_person.values())

    @property
    def oracle(self) -> float:
        """The mean of the people's gains if each who loses were left alone: what a guard can do."""
        return float(np.mean([max(0.0, gain) for gain in self.by_person.values()]))

    @property
    def over_people(self) -> PeopleMean:
        """The mean of the people's gains, with its 95 % interval."""
        return mean_over_people(self.by_person.values())


def measure_gain(
    network: PoseNetwork,
    perceptual: PerceptualLoss,
    people: DataSet,
    settings: PersonalizationSettings,
    modes: Sequence[Mode] = ("online",),
    *,
    autocast: bool = False,
    micro_batch: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    masker: Masker | None = None,
) -> list[Gain]:
    """Personalize a copy of the network to each of the people, once for each of ``modes``.

    The network is left as it is. ``autocast`` computes in bfloat16. A network that is
    ``masked`` needs a ``masker``. ``UserError`` if nobody of the people can be scored.
    """
    before = predict_people(network, None, people, Protocol(), autocast=autocast)
    found = []
    for mode in modes:
        own = copy.deepcopy(network)
        after = predict_people(
            own,
            Personalizer(
                own, copy.deepcopy(perceptual), settings, autocast=autocast, masker=masker
            ),
            people,
            Protocol(mode, settings, seed=seed),
            autocast=autocast,
            micro_batch=micro_batch,
            progress=progress,
        )
        found.append(compared(mode, before, [after]))
    return found


def compared(mode: Mode, before: Predictions, after: Sequence[Predictions]) -> Gain:
    """The gain over ``before`` of runs with different seeds that predict the same frames.

    Scores are means over the seeds, each person's too. ``UserError`` if nobody of the people can
    be scored.
    """
    runs = [run.by_person() for run in after]
    by_person = {
        person: float(np.mean([scores[person].mean for scores in runs])) for person in runs[0]
    }
    personalized = float(np.mean([run.score().mean for run in after]))
    plain = {person: score.mean for person, score in before.by_person().items()}
    return gain_between(mode, (before.score().mean, plain), (personalized, by_person))


def gain_between(
    mode: Mode,
    before: tuple[float, Mapping[str, float]],
    after: tuple[float, Mapping[str, float]],
) -> Gain:
    """The gain between two scores, each pooled and by person.

    People whose score is NaN are left out. ``UserError`` if that is everybody.
    """
    (none, plain), (personalized, by_person) = before, after
    gains = {person: by_person[person] - score for person, score in plain.items()}
    known = {person: points for person, points in gains.items() if not math.isnan(points)}
    if not known:
        raise UserError("None of these people has joints to score. Choose others.")
    return Gain(mode, none, personalized, known)


def first_frames(data_set: DataSet, people: int | None, frames: int | None) -> DataSet:
    """The first ``frames`` frames of ``people`` people, spread over the set; None: all of them.

    Clips then stand person by person. All frames of all people are the set as it is.
    """
    if people is None and frames is None:
        return data_set
    persons = list(data_set.persons.values())
    if people is not None:
        persons = persons[:: max(1, len(persons) // people)][:people]
    kept: list[Clip] = []
    for clips in persons:
        left = sum(map(len, clips)) if frames is None else frames
        for clip in clips:
            kept.append(clip if len(clip) <= left else clip.part(np.arange(left)))
            left -= len(kept[-1])
            if not left:
                break
    return replace(data_set, clips=tuple(kept))


def with_unlabelled(people: DataSet, extra: DataSet) -> DataSet:
    """The people, each first seen in their clips of ``extra``, whose labels are not looked at.

    Frames that are in both are left out of the extra ones, if they have the clip's name and
    length. ``UserError`` if ``extra`` has nobody of the people.
    """
    own = {(clip.person, clip.name, len(clip)) for clip in people}
    clips: list[Clip] = []
    more = extra.persons
    for person, labelled in people.persons.items():
        clips += [
            replace(
                clip,
                name=f"{clip.name} (unlabelled)",
                joints=np.zeros((len(clip), *labelled[0].joints.shape[1:]), np.float32),
                visible=np.zeros((len(clip), *labelled[0].visible.shape[1:]), np.uint8),
            )
            for clip in more.get(person, ())
            if (clip.person, clip.name, len(clip)) not in own
        ]
        clips += labelled
    if len(clips) == len(people.clips):
        raise UserError(
            f"{extra.name} has no other clips of the people in {people.name}. Give a data set "
            "that names the same people."
        )
    return replace(people, clips=tuple(clips))


_CSV_HEADER = ("mode", "person", "gain")


@dataclass(frozen=True)
class GainReport:
    """What the network in the file ``weights`` gains on the data set called ``data``."""

    weights: str
    data: str
    frames: int
    settings: PersonalizationSettings
    gains: tuple[Gain, ...]
    seeds: tuple[int, ...] = (0,)
    #: Online one frame in so many is updated on and predicted.
    every: int = 1
    skipped: tuple[str, ...] = ()
    #: In words, and what was computed with.
    method: str = ""
    precision: str = ""

    def markdown(self) -> str:
        """The report as Markdown that can be read as it is."""
        settings = ", ".join(f"{name} {value}" for name, value in asdict(self.settings).items())
        people = len(self.gains[0].by_person)
        rows = [
            [
                gain.mode,
                figure(gain.none),
                figure(gain.personalized),
                f"{gain.gain:+.2f}",
                f"{gain.over_people.low:+.2f} to {gain.over_people.high:+.2f}",
                f"{100 * gain.harmed:.0f} %",
                f"{gain.worst:+.2f}",
                f"{gain.oracle:+.2f}",
            ]
            for gain in self.gains
        ]
        header = ["", "without", "with", "gain", "95 % over people", "harmed", "worst", "oracle"]
        parts = [
            f"# Gain by personalization on {self.data}",
            f"{self.weights}, {self.method}, {self.precision}; {self.frames} frames of {people} "
            f"people{self._how()}. PCK in "
            f"percent; gains in points; harmed is who loses more than {HARM} points; the oracle is "
            "the mean gain over people if who loses were left alone.",
            markdown_table(header, rows),
            f"Settings: {settings}.",
        ]
        if self.skipped:
            parts.append("Left out:")
            parts.append("\n".join(f"- {sentence}" for sentence in self.skipped))
        return "\n\n".join(parts) + "\n"

    def _how(self) -> str:
        every = f", online one in {self.every}" if self.every > 1 else ""
        return every + (f", means over {len(self.seeds)} seeds" if len(self.seeds) > 1 else "")

    def as_json(self) -> dict[str, Any]:
        """The report as plain values.

        ``harmed`` (share of people) and ``worst`` (points) are those of the mode that does worse;
        ``modes`` has them for each.
        """
        return {
            "data": self.data,
            "weights": self.weights,
            "frames": self.frames,
            "every": self.every,
            "method": self.method,
            "precision": self.precision,
            "seeds": list(self.seeds),
            "people": len(self.gains[0].by_person),
            "none": round(self.gains[0].none, 4),
            **{gain.mode: round(gain.personalized, 4) for gain in self.gains},
            "harmed": round(max(gain.harmed for gain in self.gains), 4),
            "worst": round(min(gain.worst for gain in self.gains), 4),
            "modes": {gain.mode: _figures(gain) for gain in self.gains},
            "settings": asdict(self.settings),
            "skipped": list(self.skipped),
        }

    def write(self, folder: Path) -> None:
        """Write ``gain.md`` and ``gain.csv``, a row for each person; ``UserError`` if not."""
        write_report(folder, "gain", self.markdown(), _CSV_HEADER, self._rows())

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        for gain in self.gains:
            for person, points in gain.by_person.items():
                yield gain.mode, person, f"{points:.4f}"


def _figures(gain: Gain) -> dict[str, float | None]:
    people = gain.over_people
    values = {
        "none": gain.none,
        "personalized": gain.personalized,
        "gain": gain.gain,
        "mean_over_people": people.mean,
        "low": people.low,
        "high": people.high,
        "harmed": gain.harmed,
        "worst": gain.worst,
        "oracle": gain.oracle,
    }
    return {name: known(value) for name, value in values.items()}


_PACE_HEADER = ("preset", "seconds", "batches", "person", "gain")

Predict = Callable[[Protocol], Predictions]


@dataclass(frozen=True)
class Rate:
    """A preset, and how many pairs a second a machine learns from while it predicts a camera."""

    preset: Preset
    pairs_per_second: float

    def __post_init__(self) -> None:
        value = self.pairs_per_second
        check_number("pairs per second", value, 0 < value < float("inf"), "above 0")

    def camera(self, seconds: float) -> Camera:
        """What is seen and learnt in ``seconds``."""
        return Camera(seconds, self.pairs_per_second / self.preset.settings.batch_size)


@dataclass(frozen=True)
class PaceRow:
    """What one preset has gained after ``seconds``."""

    rate: Rate
    seconds: float
    gain: Gain

    @property
    def updates(self) -> int:
        """How many batches were learnt from."""
        return self.rate.camera(self.seconds).updates


def rates_of(presets: Sequence[Preset], pairs_per_second: Sequence[float]) -> tuple[Rate, ...]:
    """Each preset with its rate; ``UserError`` if there is not one for each."""
    if len(presets) != len(pairs_per_second):
        raise UserError(
            f"There were {len(presets)} presets and {len(pairs_per_second)} rates of pairs per "
            "second. Give one rate for each preset, in the same order."
        )
    return tuple(map(Rate, presets, pairs_per_second))


def measure_pace(
    predict: Predict, rates: Sequence[Rate], seconds: Sequence[float], seeds: Sequence[int] = (0,)
) -> list[PaceRow]:
    """The gain of each preset after each of ``seconds``, over the network on single frames.

    ``predict`` predicts the same people as a protocol says. ``UserError`` if nobody can be scored.
    """
    before = predict(Protocol())
    rows = []
    for rate in rates:
        for point in seconds:
            own = Protocol("camera", rate.preset.settings, camera=rate.camera(point))
            after = [predict(replace(own, seed=seed)) for seed in seeds]
            rows.append(PaceRow(rate, point, compared("camera", before, after)))
    return rows


@dataclass(frozen=True)
class PaceReport:
    """What the network in the file ``weights`` gained by the second on the set called ``data``."""

    weights: str
    data: str
    frames: int
    precision: str
    seeds: tuple[int, ...]
    rows: tuple[PaceRow, ...]

    def markdown(self) -> str:
        """The report as Markdown that can be read as it is."""
        first = self.rows[0].gain
        cells = [
            [
                f"{row.rate.preset.name}, {row.rate.pairs_per_second:g} pairs/s",
                f"{row.seconds:g}",
                str(row.updates),
                f"{row.gain.gain:+.2f}",
                f"{row.gain.over_people.low:+.2f} to {row.gain.over_people.high:+.2f}",
                f"{100 * row.gain.harmed:.0f} %",
                f"{row.gain.worst:+.2f}",
            ]
            for row in self.rows
        ]
        header = ["", "seconds", "batches", "gain", "95 % over people", "harmed", "worst"]
        seeds = f", means over {len(self.seeds)} seeds" if len(self.seeds) > 1 else ""
        parts = [
            f"# Gain by the second on {self.data}",
            f"{self.weights}, {self.precision}; {self.frames} frames of {len(first.by_person)} "
            f"people{seeds}, each before a camera of {Camera().frames_per_second:g} frames a "
            "second that shows them forwards and backwards. All frames are then predicted with "
            f"what was learnt. PCK in percent, {first.none:.2f} without personalization; gains in "
            f"points; harmed is who loses more than {HARM} points.",
            markdown_table(header, cells),
        ]
        return "\n\n".join(parts) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "weights": self.weights,
            "data": self.data,
            "frames": self.frames,
            "precision": self.precision,
            "seeds": list(self.seeds),
            "none": known(self.rows[0].gain.none),
            "rows": [
                {
                    "preset": row.rate.preset.name,
                    "pairs_per_second": row.rate.pairs_per_second,
                    "seconds": row.seconds,
                    "batches": row.updates,
                    "gain": known(row.gain.gain),
                    "over_people": {k: known(v) for k, v in asdict(row.gain.over_people).items()},
                    "harmed": known(row.gain.harmed),
                    "worst": known(row.gain.worst),
                }
                for row in self.rows
            ],
        }

    def write(self, folder: Path) -> None:
        """Write ``pace.md`` and ``pace.csv``, a row for each person; ``UserError`` if not."""
        write_report(folder, "pace", self.markdown(), _PACE_HEADER, self._rows())

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for row in self.rows:
            own = (row.rate.preset.name, f"{row.seconds:g}", str(row.updates))
            for person, points in row.gain.by_person.items():
                yield (*own, person, f"{points:.4f}")
