"""The gain of personalization in a table for people and programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model.evaluation.gain import HARM, Gain
from model.evaluation.tables import figure, markdown_table, write_report
from model.personalization import PersonalizationSettings

_CSV_HEADER = ("mode", "person", "gain")


@dataclass(frozen=True)
class GainReport:
    """What the network in the file ``weights`` gains on the data set called ``data``."""

    weights: str
    data: str
    frames: int
    settings: PersonalizationSettings
    gains: tuple[Gain, ...]

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
            ]
            for gain in self.gains
        ]
        header = ["", "without", "with", "gain", "95 % over people", "harmed", "worst"]
        parts = [
            f"# Gain by personalization on {self.data}",
            f"{self.weights}, {self.frames} frames of {people} people. PCK in percent; gains in "
            f"points; harmed is who loses more than {HARM} points.",
            markdown_table(header, rows),
            f"Settings: {settings}.",
        ]
        return "\n\n".join(parts) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The report as plain values; ``harmed`` and ``worst`` are those of the first mode."""
        first = self.gains[0]
        return {
            "data": self.data,
            "weights": self.weights,
            "frames": self.frames,
            "people": len(first.by_person),
            "none": round(first.none, 4),
            **{gain.mode: round(gain.personalized, 4) for gain in self.gains},
            "harmed": round(first.harmed, 4),
            "worst": round(first.worst, 4),
        }

    def write(self, folder: Path) -> None:
        """Write ``gain.md`` and ``gain.csv``, a row for each person; ``UserError`` if not."""
        write_report(folder, "gain", self.markdown(), _CSV_HEADER, self._rows())

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        for gain in self.gains:
            for person, points in gain.by_person.items():
                yield gain.mode, person, f"{points:.4f}"
