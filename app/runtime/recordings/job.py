"""One run of ``python main.py personalize``: from a recording to a folder of results."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app.assets import KnownJoints
from app.runtime.capture.files import ImageFolderSource, VideoSource
from app.runtime.capture.source import FrameSource, SourceInfo
from app.runtime.live.engine import Engine, describe_network, load_engine
from app.runtime.live.results import NetworkInfo
from app.runtime.recordings.pipeline import RecordingPipeline
from app.runtime.recordings.profile_use import ProfileUse
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
from app.settings import profiles_folder
from model.adaptation import PersonalizationSettings
from model.core.errors import UserError
from model.core.skeleton import PENN13

CSV, COCO, OVERLAY, SUMMARY = "keypoints.csv", "keypoints.coco.json", "overlay.mp4", "summary.json"


@dataclass(frozen=True)
class Job:
    """What to do with which recording.

    ``recording`` is a video file or a folder of pictures, ``out`` the folder for the results.
    ``settings`` count only ``online``. ``device`` None is the best one that works. ``joints`` is a
    file with the recording's true joints, to tell the error. ``profile`` is what to start from,
    ``save_profile`` where to keep what was learnt: the path of a .safetensors file, or a name among
    ``profiles``.
    """

    recording: Path
    out: Path
    online: bool
    weights: Path
    settings: PersonalizationSettings
    device: str | None = None
    joints: Path | None = None
    overlay: bool = True
    progress: bool = True
    profile: str | None = None
    save_profile: str | None = None
    profiles: Path = field(default_factory=profiles_folder)


def run_job(job: Job) -> Tally:
    """Process the recording and write its results; ``UserError`` for what cannot be used.

    The results appear together at the end. A run that is interrupted, by Ctrl+C or an error,
    leaves the folder as it was: no half files, and no results of two runs side by side.
    """
    if job.overlay and _same_file(job.recording, job.out / OVERLAY):
        raise UserError(
            f'"{job.recording}" would be replaced by its own overlay video. '
            "Give another folder for the results, or add --no-overlay."
        )
    source = _open(job.recording)
    with closing(source):
        engine = load_engine(job.weights, job.device, job.settings)
        tally = Tally(_known_joints(job, engine))
        profiles = ProfileUse(job, engine)
        pipeline = RecordingPipeline(engine, online=job.online, profile=profiles.learnt)
        with result_folder(job.out) as folder, ExitStack() as open_writers:
            writers = _make_writers(job, folder, source, engine)
            for writer in writers.values():
                open_writers.callback(writer.close)
            _process(job, pipeline, source, list(writers.values()), tally)
            tally.profile = profiles.save(pipeline) if tally.updates else None
            summary = _summarise(job, source.info, engine, tally, list(writers))
            summary["profile"] = profiles.summary()
            with writing_to(job.out):
                text = json.dumps(summary, indent=2, allow_nan=False) + "\n"
                (folder / SUMMARY).write_text(text, encoding="utf-8")
    return tally


def _open(recording: Path) -> VideoSource | ImageFolderSource:
    source = ImageFolderSource(recording) if recording.is_dir() else VideoSource(recording)
    source.open()
    return source


def _known_joints(job: Job, engine: Engine) -> KnownJoints | None:
    if job.joints is None:
        return None
    if engine.network.spec.joints != PENN13.name:
        raise UserError(
            f"The joints in {job.joints} are compared as {PENN13.name}, but the network predicts "
            f"{engine.network.spec.joints}. Leave out --joints, or choose other weights."
        )
    return KnownJoints.load(job.joints)


def _process(
    job: Job,
    pipeline: RecordingPipeline,
    source: FrameSource,
    writers: list[ResultWriter],
    tally: Tally,
) -> None:
    frames = pipeline.run(source)
    hidden = None if job.progress else True  # None: hidden where nobody watches
    with tqdm(frames, total=source.info.frame_count, unit="frame", disable=hidden) as bar:
        for processed in bar:
            tally.add(processed)
            with writing_to(job.out):
                for writer in writers:
                    writer.add(processed)
            if processed.update is not None:
                bar.set_postfix(loss=f"{processed.update.loss:.2f}")
    with writing_to(job.out):
        for writer in writers:
            writer.finish()


def _make_writers(
    job: Job, folder: Path, source: VideoSource | ImageFolderSource, engine: Engine
) -> dict[str, ResultWriter]:
    network = describe_network(engine.network.spec, job.weights.stem)
    description = f"Keypoints predicted in {source.info.name} by {network.name}"
    with writing_to(job.out):
        writers: dict[str, ResultWriter] = {
            CSV: KeypointsCsv(folder / CSV, network.joint_names),
            COCO: CocoJson(folder / COCO, network, _namer(source), description),
        }
        if job.overlay:
            writers[OVERLAY] = _make_overlay(folder / OVERLAY, source.info, network)
    return writers


def _make_overlay(path: Path, info: SourceInfo, network: NetworkInfo) -> ResultWriter:
    try:
        from app.gui.overlay_video import OverlayVideo
    except ImportError as error:
        raise UserError(
            f"The overlay video is drawn by Qt, which cannot be loaded here ({error}). "
            "Add --no-overlay to do without, or see what is missing: python main.py doctor"
        ) from error
    return OverlayVideo(path, info, network)


def _namer(source: VideoSource | ImageFolderSource) -> Callable[[int], str]:
    """Names for frames by number: a picture's own file name, or the video's with the number."""
    if isinstance(source, ImageFolderSource):
        return lambda index: source.files[index].name
    return lambda index: f"{source.info.name}/{index:06d}"


def _summarise(
    job: Job, info: SourceInfo, engine: Engine, tally: Tally, files: list[str]
) -> dict[str, Any]:
    return {
        "recording": {
            "path": str(job.recording),
            "width": info.width,
            "height": info.height,
            "frames_per_second": info.fps,
        },
        "mode": "online" if job.online else "none",
        "settings": asdict(job.settings) if job.online else None,
        "weights": describe_weights(job.weights),
        "network": asdict(engine.network.spec),
        "device": {
            "name": str(engine.machine.device),
            "title": engine.device_text,
            "updates_in_bfloat16": engine.machine.low_precision if job.online else None,
        },
        "versions": versions(),
        "files": files,
        **tally.totals(),
        "losses": tally.losses,
        "mean_error_percent_of_box": tally.mean_error(),
        "errors_percent_of_box": tally.errors,
    }


def _same_file(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and one.samefile(other)
