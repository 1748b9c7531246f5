"""The gain of personalization in a table for people and programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model.adaptation import PersonalizationSettings
from model.evaluation.gain import HARM, Gain
from model.evaluation.tables import figure, known, markdown_table, write_report

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
