"""What is gained after so many seconds before a camera: the pace of learning, preset by preset.

By frames, a method that learns much from each looks best; who sits before a camera waits in
seconds, in which a machine makes few dear updates or many cheap ones. Not in the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from model.adaptation import Preset
from model.core.errors import UserError, check_number
from model.evaluation.accuracy import Predictions
from model.evaluation.gain import HARM, Gain, compared
from model.evaluation.personalized import Camera, Protocol
from model.evaluation.tables import known, markdown_table, write_report

_CSV_HEADER = ("preset", "seconds", "batches", "person", "gain")

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
        write_report(folder, "pace", self.markdown(), _CSV_HEADER, self._rows())

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for row in self.rows:
            own = (row.rate.preset.name, f"{row.seconds:g}", str(row.updates))
            for person, points in row.gain.by_person.items():
                yield (*own, person, f"{points:.4f}")
