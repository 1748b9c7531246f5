"""What the application remembers between two runs, in one small JSON file."""

from __future__ import annotations

import base64
import binascii
import enum
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import platformdirs

from model.core.errors import UserError
from model.core.files import read_json, whole_file


@dataclass(frozen=True)
class Overlays:
    """One switch per overlay, in the order of the keys 1 to 8."""

    skeleton: bool = True
    keypoints: bool = True
    self_keypoints: bool = True
    arrows: bool = True
    box: bool = False
    unpersonalized: bool = False
    angles: bool = False
    others: bool = True


@dataclass(frozen=True)
class ViewSettings:
    """What one of the two views shows: ``state`` is Qt's record of where which panel lies."""

    overlays: Overlays = field(default_factory=Overlays)
    state: bytes = b""


FOR_PEOPLE = Overlays(self_keypoints=False, arrows=False)
"""What is drawn at first in the view for people: nothing that lies beside the person."""

T = TypeVar("T")

APP_ID = "pose-personalizer"
"""Folder name for this application's settings and logs."""


class SourceKind(enum.Enum):
    """Where pictures can come from."""

    CAMERA = "camera"
    VIDEO = "video"
    IMAGES = "images"
    DEMO = "demo"


@dataclass(frozen=True)
class SourceChoice:
    """A source as a person names it: a camera's or demo's name, or a path."""

    kind: SourceKind
    value: str


@dataclass(frozen=True)
class CameraMode:
    """Size (pixels) and rate (pictures per second) that a camera is asked for."""

    width: int = 1280
    height: int = 720
    fps: int = 30

    def __str__(self) -> str:
        return f"{self.width}×{self.height}@{self.fps}"


CAMERA_MODES = (
    CameraMode(640, 480, 30),
    CameraMode(1280, 720, 30),
    CameraMode(1280, 720, 60),
    CameraMode(1920, 1080, 30),
)
"""The modes to choose from; 1280×720@30 is asked for at first."""

MOST_RECENT = 8
"""So many files and folders are remembered."""

Language = Literal["system", "English", "Deutsch", "中文"]
"""What the window speaks; "system": the system's language where there is a translation."""

Value = bool | int | float | str
"""A setting as it stands in the file."""


@dataclass(frozen=True)
class AppSettings:
    """Everything remembered. ``geometry`` and the views' ``state`` are Qt's opaque records.

    Attributes:
        source: what was chosen last.
        recent: files and folders that were opened, the newest first.
        explaining: whether the view *Explain* is on, or that *For people*.
        people: what the view for people shows.
        explain: what the view that explains shows.
        preset: the personalization preset; empty: the first, or ``personalization``.
        personalization: by name, the settings that make up no preset; empty: a preset is used.
        keypoint_gan: the weight file that was chosen in its panel; empty: none was.
        smoothing: steadies what the live view draws.
        mirrored: shows the picture as a mirror would.
        looping: files begin again at their end.
        camera: the mode that cameras are asked for.
        shortcuts: keys that were changed, by the name of their action; empty: no key.
        welcomed: whether the tour was offered.
        language: of the window, from its next start on.
    """

    source: SourceChoice | None = None
    recent: tuple[SourceChoice, ...] = ()
    explaining: bool = False
    people: ViewSettings = field(default_factory=lambda: ViewSettings(FOR_PEOPLE))
    explain: ViewSettings = field(default_factory=ViewSettings)
    preset: str = ""
    personalization: Mapping[str, Value] = field(default_factory=dict)
    keypoint_gan: str = ""
    smoothing: bool = False
    mirrored: bool = False
    looping: bool = True
    camera: CameraMode = field(default_factory=CameraMode)
    shortcuts: Mapping[str, str] = field(default_factory=dict)
    welcomed: bool = False
    language: Language = "system"
    geometry: bytes = b""


_LARGEST_BYTES = 2**20


def settings_path() -> Path:
    """The settings file in the user's configuration folder."""
    return platformdirs.user_config_path(APP_ID) / "settings.json"


def takes_folder() -> Path:
    """Where what is recorded from the window goes: a folder among the person's videos."""
    return platformdirs.user_videos_path() / "Pose Personalizer"


def profiles_folder() -> Path:
    """Where this user's profiles of people are kept."""
    return platformdirs.user_data_path(APP_ID) / "profiles"


def cache_folder() -> Path:
    """Where this user's machine keeps what can be made again."""
    return platformdirs.user_cache_path(APP_ID)


def load_settings(path: Path) -> tuple[AppSettings, str | None]:
    """The settings stored at ``path``, and a sentence for the user when they cannot be used.

    A missing file gives the defaults silently; an unreadable or damaged one gives the defaults
    and the sentence. A damaged one is kept beside it, as the next save would replace it. Never
    raises for what the file holds.
    """
    try:
        return _from_json(read_json(path, _LARGEST_BYTES)), None
    except FileNotFoundError:
        return AppSettings(), None
    except OSError as error:
        return AppSettings(), _not_read(path, error)
    except ValueError as error:
        kept = path.with_name(f"{path.name}.damaged")
        try:
            path.replace(kept)
        except OSError:
            return AppSettings(), _not_read(path, error)
        return AppSettings(), f"{_not_read(path, error)} The damaged file is kept as {kept.name}."


def _not_read(path: Path, error: Exception) -> str:
    return f"The settings in {path} cannot be read ({error}). The standard settings are used."


def save_settings(settings: AppSettings, path: Path) -> None:
    """Write ``settings`` to ``path`` in one step: an interrupted save leaves the old file whole.

    Raises UserError when the folder cannot be written.
    """
    text = json.dumps(_to_json(settings), indent=2) + "\n"
    try:
        with whole_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except UserError as error:
        reason = getattr(error.__cause__, "strerror", None) or error
        raise UserError(
            f"The settings could not be saved to {path} ({reason}). Make that folder writable."
        ) from error


_PLAIN = ("explaining", "preset", "keypoint_gan", "smoothing", "mirrored", "looping", "welcomed")


def _to_json(settings: AppSettings) -> dict[str, Any]:
    return {
        "source": _source_record(settings.source),
        "recent": [_source_record(choice) for choice in settings.recent],
        "people": _view_record(settings.people),
        "explain": _view_record(settings.explain),
        "personalization": dict(settings.personalization),
        "camera": asdict(settings.camera),
        "language": settings.language,
        "shortcuts": dict(settings.shortcuts),
        "geometry": base64.b64encode(settings.geometry).decode("ascii"),
        **{name: getattr(settings, name) for name in _PLAIN},
    }


def _source_record(source: SourceChoice | None) -> dict[str, str] | None:
    return None if source is None else {"kind": source.kind.value, "value": source.value}


def _view_record(view: ViewSettings) -> dict[str, Any]:
    state = base64.b64encode(view.state).decode("ascii")
    return {"overlays": asdict(view.overlays), "state": state}


def _from_json(raw: object) -> AppSettings:
    """Settings from decoded JSON; ValueError names the first entry of a wrong kind."""
    record, standard = _typed(raw, dict, "the file"), AppSettings()
    recent = [_source(entry) for entry in _typed(record.get("recent", []), list, "recent")]
    values = _typed(record.get("personalization", {}), dict, "personalization")
    keys = _typed(record.get("shortcuts", {}), dict, "shortcuts")
    plain = {name: getattr(standard, name) for name in _PLAIN}
    return AppSettings(
        source=_source(record.get("source")),
        recent=tuple(choice for choice in recent if choice)[:MOST_RECENT],
        people=_view(record, "people", standard.people),
        explain=_view(record, "explain", standard.explain),
        personalization={name: _value(value, name) for name, value in values.items()},
        camera=_camera(record.get("camera", {})),
        language=_language(record.get("language", standard.language)),
        shortcuts={name: _typed(key, str, f"shortcut {name}") for name, key in keys.items()},
        geometry=_bytes(record, "geometry"),
        **{n: _typed(record.get(n, value), type(value), n) for n, value in plain.items()},
    )


def _source(raw: object) -> SourceChoice | None:
    if raw is None:
        return None
    record = _typed(raw, dict, "source")
    return SourceChoice(
        kind=SourceKind(record.get("kind")),
        value=_typed(record.get("value"), str, "source value"),
    )


def _view(whole: dict[str, Any], name: str, standard: ViewSettings) -> ViewSettings:
    record = _typed(whole.get(name, {}), dict, name)
    overlays = _typed(record.get("overlays", {}), dict, "overlays")
    names = [f.name for f in fields(Overlays) if f.name in overlays]
    switches = {n: _typed(overlays[n], bool, f"overlay {n}") for n in names}
    return ViewSettings(replace(standard.overlays, **switches), _bytes(record, "state"))


def _camera(raw: object) -> CameraMode:
    record, standard = _typed(raw, dict, "camera"), CameraMode()
    mode = CameraMode(
        _typed(record.get("width", standard.width), int, "camera width"),
        _typed(record.get("height", standard.height), int, "camera height"),
        _typed(record.get("fps", standard.fps), int, "camera fps"),
    )
    return mode if mode in CAMERA_MODES else standard


def _language(raw: object) -> Language:
    return next((known for known in get_args(Language) if known == raw), "system")


def _value(raw: object, name: str) -> Value:
    if not isinstance(raw, Value):
        raise ValueError(f"personalization {name} should be a plain value, but is {raw!r}")
    return raw


def _bytes(record: dict[str, Any], name: str) -> bytes:
    text = _typed(record.get(name, ""), str, name)
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"{name} is no base64 text") from error


def _typed(value: object, kind: type[T], name: str) -> T:
    if not isinstance(value, kind):
        raise ValueError(f"{name} should be a {kind.__name__}, but is {value!r}")
    return value
