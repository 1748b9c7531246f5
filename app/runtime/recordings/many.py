"""Many recordings that have nothing to do with each other: a lab's folder, and its table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from app.runtime.capture.files import SUFFIXES as PICTURE_SUFFIXES
from app.runtime.capture.files import VIDEO_SUFFIXES, files_in
from app.runtime.recordings.job import SUMMARY, Job, check_shared, made_with, run_job
from app.runtime.recordings.offline_run import WHOLE
from app.runtime.recordings.writers import NotWrittenError
from model.core.device import give_back_memory
from model.core.errors import UserError
from model.core.files import read_json, whole_file
from model.evaluation.tables import markdown_table, write_report

ROW, TABLE = "row.json", "recordings"
"""A recording's row beside its results; the table's name without its ending."""

NOT_DONE = "not done yet"

_T = TypeVar("_T")


@dataclass(frozen=True)
class Row:
    """What the table tells of a recording; None is what is not known.

    Attributes:
        recording: its place below the folder of results.
        frames: how many it has.
        person_found: in how many of them somebody was found.
        video_seconds: how long it is.
        run_seconds: how long its run took, not counting the loading of the networks.
        updates: how many there were.
        mirror_before: mirror difference of the trained weights, in percent, less being better.
        mirror_after: that of the personalized ones.
        jitter_before: jitter of the trained weights, in percent, less being better.
        jitter_after: that of the personalized ones.
        rebuilt_after: error of the reconstruction in percent of the trained weights'.
        fault: why there are no results, or what is odd about them.
    """

    recording: str
    frames: int | None = None
    person_found: int | None = None
    video_seconds: float | None = None
    run_seconds: float | None = None
    updates: int | None = None
    mirror_before: float | None = None
    mirror_after: float | None = None
    jitter_before: float | None = None
    jitter_after: float | None = None
    rebuilt_after: float | None = None
    fault: str = ""

    @property
    def cells(self) -> list[str]:
        """Its text for the table."""
        values = asdict(self).values()
        return ["" if v is None else f"{v:.3f}" if isinstance(v, float) else str(v) for v in values]


def share_of(items: Sequence[_T], number: int, of: int) -> Sequence[_T]:
    """The ``number``-th of ``of`` shares, counted from 1; every item is in one of them.

    Items are dealt like cards, so that each share has about as many.
    """
    return items[number - 1 :: of]


def places_of(given: Sequence[Path], out: Path) -> dict[str, Path]:
    """All recordings in what is given, by the place of each one's results below ``out``.

    The place is the recording's own path from the folder that was given on, that folder's name
    first. The order is that of the places, the same on every machine. Hidden files, links to
    folders, and what lies in ``out`` are left out. A folder without any video is a recording of
    pictures.

    Raises:
        UserError: Two recordings have the same place.
    """
    places: dict[str, Path] = {}
    for path in given:
        root = path.resolve()
        for below in _videos_below(root, out.resolve()) or [Path()]:
            place, recording = (root.name / below).as_posix(), path / below
            if places.setdefault(place, recording).resolve() != recording.resolve():
                raise UserError(
                    f'The results of "{places[place]}" and "{recording}" would both go to '
                    f'"{out / place}". Give another --out for one of them.'
                )
    return dict(sorted(places.items()))


def _videos_below(root: Path, out: Path) -> list[Path]:
    """The paths of all videos from ``root`` on."""
    return [
        video.relative_to(root)
        for video in root.rglob("*")
        if video.suffix.lower() in VIDEO_SUFFIXES
        and out not in video.parents
        and not any(part.startswith(".") for part in video.relative_to(root).parts)
        and video.is_file()
    ]


def run_each(job: Job, number: int = 1, of: int = 1) -> Iterator[Row]:
    """Process each recording of a share on its own, from the trained weights, and tell of it.

    A recording that has results made in the same way is passed over. One that cannot be processed
    gets a row that says why, and ends nothing; it is tried again the next time. In the end the
    table of all recordings is written, those of other shares included.

    Args:
        job: What to do; ``out`` gets a folder for each recording.
        number: Which share, counted from 1.
        of: How many shares there are.

    Yields:
        The row of each recording that was processed now.

    Raises:
        UserError: The results cannot be written, or what all recordings share cannot be used.
    """
    places = places_of(job.recordings, job.out)
    made: dict[str, Any] = {
        **made_with(job),
        "overlay": job.overlay,
        "angles": job.angles,
        "processor": str(job.processor) if job.processor else None,
    }
    checked = False
    for place in share_of(list(places), number, of):
        recording, folder = places[place], job.out / place
        if _is_done(folder, recording, made):
            continue
        if not checked:
            check_shared(job)
            give_back_memory()
            checked = True
        yield _run(replace(job, recordings=(recording,), out=folder), place, made)
    write_table(job.out, list(places))


def _is_done(folder: Path, recording: Path, made: Mapping[str, Any]) -> bool:
    try:
        return _read(folder)["made"] == _made(recording, made)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _made(recording: Path, made: Mapping[str, Any]) -> Any:
    """How results are made, of which very recording, as it is read from JSON."""
    files = files_in(recording, PICTURE_SUFFIXES) if recording.is_dir() else [recording]
    size = sum(file.stat().st_size for file in files)
    return json.loads(json.dumps({**made, "bytes": size}))


def _read(folder: Path) -> Any:
    return read_json(folder / ROW)


def _run(job: Job, place: str, made: Mapping[str, Any]) -> Row:
    """Process the job's only recording, and keep its row."""
    (recording,) = job.recordings
    how = None
    try:
        size = _made(recording, made) if recording.exists() else None
        run_job(job)
        row, how = _row_of(place, read_json(job.out / SUMMARY)), size
    except NotWrittenError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others go on
        known = isinstance(error, UserError)
        sentence = str(error if known else f"{type(error).__name__}: {error}")
        row = Row(place, fault=" ".join(sentence.split()))
    finally:
        # The network and what learnt from it, hundreds of megabytes, are in a circle.
        give_back_memory()
    with whole_file(job.out / ROW) as path:
        text = json.dumps({"row": asdict(row), "made": how}, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")
    return row


def _row_of(place: str, summary: Mapping[str, Any]) -> Row:
    recording, frames = summary["recording"], summary["frames"]
    figures = (summary["change"] or {}).get("trained_and_personalized_percent", {})
    names = ("Mirror difference", "Jitter", "Reconstruction")
    mirror, jitter, rebuilt = (figures.get(name, (None, None)) for name in names)
    return Row(
        place,
        frames,
        person_found=summary["person_found"],
        video_seconds=frames / recording["frames_per_second"],
        run_seconds=summary["seconds"],
        updates=summary["updates"],
        mirror_before=mirror[0],
        mirror_after=mirror[1],
        jitter_before=jitter[0],
        jitter_after=jitter[1],
        rebuilt_after=rebuilt[1],
        fault=_oddity(frames, recording["frames"], summary["person_found"]),
    )


def _oddity(frames: int, announced: int | None, person_found: int) -> str:
    if announced is not None and frames < WHOLE * announced:
        return f"ends after {frames} of {announced} frames"
    return "" if person_found else "nobody was found"


def _kept_row(out: Path, place: str) -> Row:
    try:
        return Row(**_read(out / place)["row"])
    except (OSError, ValueError, LookupError, TypeError):
        return Row(place, fault=NOT_DONE)


def write_table(out: Path, places: Sequence[str]) -> None:
    """Write the rows of all recordings as CSV and Markdown.

    Workers that share a folder may do so at the same time: each looks again afterwards whether
    others have done more, so that the last table has all.
    """
    header = [each.name for each in fields(Row)]
    written: list[Row] | None = None
    while (rows := [_kept_row(out, place) for place in places]) != written:
        cells = [row.cells for row in rows]
        piped = [[cell.replace("|", "\\|") for cell in row] for row in cells]
        text = f"{markdown_table(header, piped)}\n\n{_in_all(rows)}\n"
        write_report(out, TABLE, text, header, cells)
        written = rows


def _in_all(rows: Sequence[Row]) -> str:
    hours = sum(row.video_seconds or 0 for row in rows) / 3600
    run_hours = sum(row.run_seconds or 0 for row in rows) / 3600
    frames, faults = sum(row.frames or 0 for row in rows), sum(bool(row.fault) for row in rows)
    return (
        f"{len(rows)} recordings, {frames} frames, {hours:.2f} hours of video in {run_hours:.2f} "
        f"hours; {faults} with a fault or not done yet."
    )
