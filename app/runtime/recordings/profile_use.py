"""The profile that a recording is personalized from, and the one that it leaves."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.runtime.live.engine import Engine
from app.runtime.profiles import ProfileFolder, check_writable
from app.runtime.recordings.pipeline import RecordingPipeline
from model.adaptation import Learnt, preset_name
from model.adaptation.parameters import covers
from model.adaptation.profile import (
    SUFFIX,
    ProfileInfo,
    fitting_preset,
    load_profile,
    save_profile,
)
from model.core.errors import UserError

if TYPE_CHECKING:
    from app.runtime.recordings.job import Job


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
