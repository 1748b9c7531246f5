"""One run of ``python main.py personalize``: recordings and profiles in, folders of results out."""

from __future__ import annotations

import itertools
import json
import math
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from app.assets import KnownJoints
from app.project import COMMAND
from app.runtime.capture.files import SUFFIXES as PICTURE_SUFFIXES
from app.runtime.capture.files import (
    VIDEO_SUFFIXES,
    ImageFolderSource,
    VideoSource,
    files_in,
)
from app.runtime.capture.source import SourceInfo
from app.runtime.live.change import ChangeReport
from app.runtime.live.engine import Engine, describe_network, load_engine
from app.runtime.live.results import NetworkInfo
from app.runtime.processors import GuardedProcessor, ProcessorResult, load_processor
from app.runtime.profiles import ProfileFolder, check_writable
from app.runtime.recordings.pipeline import RecordingPipeline
from app.runtime.recordings.writers import (
    CocoJson,
    KeypointsCsv,
    ResultWriter,
    Tally,
    describe_weights,
    result_folder,
    versions,
    writing_to,
)
from app.settings import Overlays, profiles_folder
from model.adaptation import (
    Learnt,
    Mode,
    PersonalizationSettings,
    UpdateReport,
    planned_updates,
    preset_name,
)
from model.adaptation.profile import (
    SUFFIX,
    ProfileInfo,
    fitting_preset,
    load_profile,
    save_profile,
)
from model.adaptation.settings import covers
from model.core.errors import UserError
from model.core.skeleton import PENN13


class ProfileUse:
    """The profile that a job starts from, and the one that it leaves.

    ``UserError``, before anything is computed, if one of them cannot be used.
    """

    def __init__(self, job: Job, engine: Engine) -> None:
        self._job = job
        self._folder = ProfileFolder(job.profiles)
        self._base = engine.profile_base
        self._loaded: ProfileInfo | None = None
        self._saved: ProfileInfo | None = None
        self._path: Path | None = None
        self.learnt: Learnt | None = None
        if job.profile is not None:
            self._load(job.profile)
        if job.save_profile is not None:
            self._check_place(job.save_profile)

    def save(self, pipeline: RecordingPipeline) -> str | None:
        """Keep what was learnt, if the job asks for it and no reset took it away; the name."""
        name = self._job.save_profile
        if name is None:
            return None
        learnt, preset = pipeline.learnt(), preset_name(self._job.settings)
        if not learnt.updates:
            return None
        replace = self._replaces(name)
        if _is_file(name):
            self._saved = save_profile(
                Path(name), Path(name).stem, learnt, self._base, preset, replace=replace
            )
        else:
            self._saved = self._folder.save(name, learnt, self._base, preset, replace=replace)
        return name

    def summary(self) -> dict[str, Any]:
        """What the summary tells of both."""
        return {
            "loaded": asdict(self._loaded) if self._loaded else None,
            "saved": asdict(self._saved) if self._saved else None,
        }

    def _load(self, name: str) -> None:
        self._path = Path(name) if _is_file(name) else self._folder.get(name).path
        self._loaded, self.learnt = load_profile(self._path, self._base)
        if self._job.mode != "none" and not covers(self._job.settings.scope, self.learnt.changes):
            fitting = fitting_preset(self._loaded, self.learnt.changes)
            raise UserError(
                f'The profile "{self._loaded.name}" changes more of the network than the settings '
                f"do, whose scope is {self._job.settings.scope}. Add --preset {fitting.name}."
            )

    def _check_place(self, name: str) -> None:
        if self._job.mode == "none":
            raise UserError(
                "--save-profile needs --mode online or offline, for without nothing is learnt."
            )
        check_writable(Path(name).parent if _is_file(name) else self._folder.folder)
        if self._place(name) is not None and not self._replaces(name):
            raise UserError(
                f'There is a profile "{name}" already. Give another name, or go on from it with '
                f"--profile {shlex.quote(name)}."
            )

    def _place(self, name: str) -> Path | None:
        """The profile that is there already."""
        if _is_file(name):
            return Path(name) if Path(name).exists() else None
        found = self._folder.find(name)
        return None if found is None else found.path

    def _replaces(self, name: str) -> bool:
        """Whether what is kept takes the place of what was started from."""
        place = self._place(name)
        return place is not None and self._path is not None and place.samefile(self._path)


def _is_file(name: str) -> bool:
    return name.endswith(SUFFIX)


CSV, COCO, OVERLAY, SUMMARY = "keypoints.csv", "keypoints.coco.json", "overlay.mp4", "summary.json"


@dataclass(frozen=True)
class Job:
    """What to do with which recordings of one person.

    ``recordings`` are video files and folders of videos or of pictures, ``out`` the folder for the
    results: those of a single recording, or a folder for each. ``settings`` count only where
    ``mode`` learns. ``device`` None is the best one that works. ``joints`` is a file with the true
    joints of the only recording, to tell the error; ``angles`` draws them in the
    overlay video; ``processor`` is a Python file whose class gets each result. ``profile``
    is what to start from, ``save_profile`` where to keep what was learnt: the path of a
    .safetensors file, or a name among ``profiles``.
    """

    recordings: tuple[Path, ...]
    out: Path
    mode: Mode
    weights: Path
    settings: PersonalizationSettings
    device: str | None = None
    joints: Path | None = None
    overlay: bool = True
    angles: bool = False
    processor: Path | None = None
    progress: bool = True
    profile: str | None = None
    save_profile: str | None = None
    profiles: Path = field(default_factory=profiles_folder)


@dataclass(frozen=True)
class Outcome:
    """One recording, the folder with its results, and what they add up to.

    Offline, all recordings were learnt from before, and each tally has all updates.
    """

    recording: Path
    out: Path
    tally: Tally


_Source = VideoSource | ImageFolderSource


def run_job(job: Job) -> list[Outcome]:
    """Process the recordings in turn and write their results.

    The results appear together at the end. A run that is interrupted, by Ctrl+C or an error,
    leaves the folder as it was: no half files, and no results of two runs side by side.

    Raises:
        UserError: Something given cannot be used.
    """
    recordings = [found for given in job.recordings for found in recordings_in(given)]
    outs = _result_folders(job.out, recordings)
    _check(job, recordings, outs)
    sources = [_known(recording) for recording in recordings]
    processor = _guarded(job.processor) if job.processor else None
    engine = load_engine(job.weights, job.device, job.settings)
    joints = _known_joints(job, engine)
    counts = [source.info.frame_count for source in sources]
    total = None if None in counts else sum(count or 0 for count in counts)
    profiles = ProfileUse(job, engine)
    pipeline = RecordingPipeline(engine, job.mode, total, profiles.learnt)
    outcomes = []
    with result_folder(job.out) as scratch, closing(processor) if processor else nullcontext():
        started = time.perf_counter()
        learnt = _learn_offline(job, pipeline, sources, total) if job.mode == "offline" else []
        for recording, out, source in zip(recordings, outs, sources, strict=True):
            tally = Tally(joints)
            for report in learnt:
                tally.learn(report.loss, applied=report.applied)
            folder = scratch / out.relative_to(job.out)
            with writing_to(job.out):
                folder.mkdir(exist_ok=True)
            with _opened(source), ExitStack() as open_writers:
                writers = _make_writers(job, folder, source, engine)
                for writer in writers.values():
                    open_writers.callback(writer.close)
                _process(job, pipeline, source, list(writers.values()), tally, processor)
            change = None
            if recording is recordings[-1] and tally.updates:
                tally.profile = profiles.save(pipeline)
                change = pipeline.change()
            summary = _summarise(job, recording, source.info, engine, tally, list(writers))
            since, started = started, time.perf_counter()
            summary["seconds"] = round(started - since, 3)
            summary["change"] = _told(change)
            summary["profile"] = profiles.summary()
            if processor is not None:
                summary["processor"] = {"file": str(job.processor), "error": processor.error}
            if job.mode == "offline":
                summary["learnt_from"] = {
                    "recordings": [str(path) for path in recordings],
                    "frames_with_the_person": pipeline.watched,
                    "views_kept": pipeline.views,
                }
            with writing_to(job.out):
                text = json.dumps(summary, indent=2, allow_nan=False) + "\n"
                (folder / SUMMARY).write_text(text, encoding="utf-8")
            outcomes.append(Outcome(recording, out, tally))
    return outcomes


def source_of(recording: Path) -> VideoSource | ImageFolderSource:
    """A video file, or a folder of pictures, as a source that is not open yet."""
    return ImageFolderSource(recording) if recording.is_dir() else VideoSource(recording)


def recordings_in(path: Path) -> list[Path]:
    """The path itself, or the videos in the folder that it is."""
    if not path.is_dir():
        return [path]
    videos = files_in(path, VIDEO_SUFFIXES)
    if videos and files_in(path, PICTURE_SUFFIXES):
        raise UserError(
            f'The folder "{path}" holds videos and pictures. Give the videos by their names, or '
            "move the pictures to a folder of their own."
        )
    return videos or [path]


def _result_folders(out: Path, recordings: Sequence[Path]) -> list[Path]:
    """``out`` for a single recording, otherwise a folder in it of each one's name."""
    if len(recordings) == 1:
        return [out]
    names: list[str] = []
    for recording in recordings:
        path = recording.resolve()
        name = path.name if path.is_dir() else path.stem
        if not name.strip("."):  # "...mp4" has the stem "..", which is the folder above
            name = "recording"
        tries = itertools.chain([name], (f"{name}-{i}" for i in itertools.count(2)))
        names.append(next(free for free in tries if free not in names))
    return [out / name for name in names]


def _check(job: Job, recordings: Sequence[Path], outs: Sequence[Path]) -> None:
    if job.joints is not None and len(recordings) > 1:
        raise UserError(
            f"--true-joints are those of one recording, and {len(recordings)} were given. "
            "Leave it out, or give one recording."
        )
    _check_settings(job)
    for recording in recordings:
        if job.overlay and any(_same_file(recording, out / OVERLAY) for out in outs):
            raise UserError(
                f'"{recording}" would be replaced by an overlay video, maybe its own overlay. '
                "Give another folder for the results, or add --no-overlay."
            )


def check_shared(job: Job) -> None:
    """``UserError`` if something cannot be used that does not depend on the recordings."""
    _check_settings(job)
    if job.processor is not None:
        with closing(_guarded(job.processor)):
            pass
    RecordingPipeline(load_engine(job.weights, job.device, job.settings), job.mode)


def _check_settings(job: Job) -> None:
    if job.mode == "offline" and (job.settings.reset_every or job.settings.reset_on_cut):
        raise UserError(
            "The settings reset_every and reset_on_cut are for --mode online: offline, all frames "
            "are learnt from before the first is predicted. Leave them out."
        )


def _guarded(file: Path) -> GuardedProcessor:
    say = partial(tqdm.write, file=sys.stderr)
    return GuardedProcessor(file.name, load_processor(file), say)


def _known(recording: Path) -> _Source:
    """The source, closed, after it was opened once: whatever cannot be read is said at once."""
    source = source_of(recording)
    with _opened(source):
        return source


@contextmanager
def _opened(source: _Source) -> Iterator[None]:
    source.open()
    with closing(source):
        yield


def _known_joints(job: Job, engine: Engine) -> KnownJoints | None:
    if job.joints is None:
        return None
    if engine.network.spec.joints != PENN13.name:
        raise UserError(
            f"The joints in {job.joints} are compared as {PENN13.name}, but the network predicts "
            f"{engine.network.spec.joints}. Leave out --true-joints, or choose other weights."
        )
    return KnownJoints.load(job.joints)


def _bar(job: Job, what: str, total: int | None, unit: str) -> tqdm[NoReturn]:
    hidden = None if job.progress else True  # None: hidden where nobody watches
    return tqdm(desc=what, total=total, unit=unit, disable=hidden)


def _learn_offline(
    job: Job, pipeline: RecordingPipeline, sources: Sequence[_Source], total: int | None
) -> list[UpdateReport]:
    """Both passes that come before the predictions: find the person everywhere, and learn."""
    with _bar(job, "Finding the person", total, "frame") as bar:
        for source in sources:
            with _opened(source):
                for _ in pipeline.watch(source):
                    bar.update()
    reports = []
    updates = planned_updates(job.settings, pipeline.watched)
    with _bar(job, "Personalizing", updates, "update") as bar:
        for report in pipeline.learn():
            reports.append(report)
            bar.set_postfix(loss=f"{report.loss:.2f}", refresh=False)
            bar.update()
    return reports


def _process(
    job: Job,
    pipeline: RecordingPipeline,
    source: _Source,
    writers: list[ResultWriter],
    tally: Tally,
    processor: GuardedProcessor | None,
) -> None:
    names = pipeline.joint_names
    with _bar(job, source.info.name, source.info.frame_count, "frame") as bar:
        for processed in pipeline.run(source):
            tally.add(processed)
            with writing_to(job.out):
                for writer in writers:
                    writer.add(processed)
            if processor is not None:
                processor.process(ProcessorResult.of(processed.frame, processed.result, names))
            if processed.update is not None:
                bar.set_postfix(loss=f"{processed.update.loss:.2f}", refresh=False)
            bar.update()
    with writing_to(job.out):
        for writer in writers:
            writer.finish()


def _make_writers(
    job: Job, folder: Path, source: _Source, engine: Engine
) -> dict[str, ResultWriter]:
    network = describe_network(engine.network.spec, job.weights.stem)
    description = f"Keypoints predicted in {source.info.name} by {network.name}"
    with writing_to(job.out):
        writers: dict[str, ResultWriter] = {
            CSV: KeypointsCsv(folder / CSV, network.joint_names),
            COCO: CocoJson(folder / COCO, network, _namer(source), description),
        }
        if job.overlay:
            writers[OVERLAY] = _make_overlay(
                folder / OVERLAY, source.info, network, Overlays(angles=job.angles)
            )
    return writers


def _make_overlay(
    path: Path, info: SourceInfo, network: NetworkInfo, overlays: Overlays
) -> ResultWriter:
    try:
        from app.gui.overlay_video import OverlayVideo
    except ImportError as error:
        raise UserError(
            f"The overlay video is drawn by Qt, which cannot be loaded here ({error}). "
            f"Add --no-overlay to do without, or see what is missing: {COMMAND} doctor"
        ) from error
    return OverlayVideo(path, info, network, overlays)


def _namer(source: _Source) -> Callable[[int], str]:
    """Names for frames by number: a picture's own file name, or the video's with the number."""
    if isinstance(source, ImageFolderSource):
        return lambda index: source.files[index].name
    return lambda index: f"{source.info.name}/{index:06d}"


def _summarise(
    job: Job, recording: Path, info: SourceInfo, engine: Engine, tally: Tally, files: list[str]
) -> dict[str, Any]:
    learns = job.mode != "none"
    return {
        "recording": {
            "path": str(recording),
            "width": info.width,
            "height": info.height,
            "frames_per_second": info.fps,
            "frames": info.frame_count,
        },
        **made_with(job),
        "network": asdict(engine.network.spec),
        "device": {
            "name": str(engine.machine.device),
            "title": engine.device_text,
            "updates_in_bfloat16": engine.machine.low_precision if learns else None,
        },
        "versions": versions(),
        "files": files,
        **tally.totals(),
        "losses": tally.losses,
        "mean_error_percent_of_box": tally.mean_error(),
        "errors_percent_of_box": tally.errors,
    }


def _told(change: ChangeReport | None) -> dict[str, Any] | None:
    """Before and after for the summary: pairs of figures, less being better."""
    if change is None:
        return None
    figures = {each.name: (each.trained, each.personalized) for each in change.changes}
    finite = {name: pair for name, pair in figures.items() if all(map(math.isfinite, pair))}
    return {"compared_on": change.frames, "trained_and_personalized_percent": finite}


def made_with(job: Job) -> dict[str, Any]:
    """What results depend on beside the recording, as their summary has it."""
    return {
        "mode": job.mode,
        "settings": asdict(job.settings) if job.mode != "none" else None,
        "weights": describe_weights(job.weights),
    }


def _same_file(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and one.samefile(other)
