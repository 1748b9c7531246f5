"""What the application remembers between two runs, in one small JSON file."""

from __future__ import annotations

import base64
import binascii
import enum
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

from model.core.errors import UserError
from model.core.files import read_json, whole_file


@dataclass(frozen=True)
class Overlays:
    """One switch per overlay, in the order of the keys 1 to 7."""

    skeleton: bool = True
    keypoints: bool = True
    self_keypoints: bool = True
    arrows: bool = True
    box: bool = False
    unpersonalized: bool = False
    angles: bool = False


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
class AppSettings:
    """Everything remembered. ``geometry`` and ``state`` are Qt's opaque window records.

    ``keypoint_gan`` is the weight file that was chosen in its panel; empty: none was. ``smoothing``
    steadies what the live view draws.
    """

    source: SourceChoice | None = None
    overlays: Overlays = field(default_factory=Overlays)
    preset: str = ""
    keypoint_gan: str = ""
    smoothing: bool = False
    geometry: bytes = b""
    state: bytes = b""


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


def _to_json(settings: AppSettings) -> dict[str, Any]:
    source = settings.source
    return {
        "source": None if source is None else {"kind": source.kind.value, "value": source.value},
        "overlays": asdict(settings.overlays),
        "preset": settings.preset,
        "keypoint_gan": settings.keypoint_gan,
        "smoothing": settings.smoothing,
        "geometry": base64.b64encode(settings.geometry).decode("ascii"),
        "state": base64.b64encode(settings.state).decode("ascii"),
    }


def _from_json(raw: object) -> AppSettings:
    """Settings from decoded JSON; ValueError names the first entry of a wrong kind."""
    record = _typed(raw, dict, "the file")
    return AppSettings(
        source=_source(record.get("source")),
        overlays=_overlays(record.get("overlays", {})),
        preset=_typed(record.get("preset", ""), str, "preset"),
        keypoint_gan=_typed(record.get("keypoint_gan", ""), str, "keypoint_gan"),
        smoothing=_typed(record.get("smoothing", False), bool, "smoothing"),
        geometry=_bytes(record, "geometry"),
        state=_bytes(record, "state"),
    )


def _source(raw: object) -> SourceChoice | None:
    if raw is None:
        return None
    record = _typed(raw, dict, "source")
    return SourceChoice(
        kind=SourceKind(record.get("kind")),
        value=_typed(record.get("value"), str, "source value"),
    )


def _overlays(raw: object) -> Overlays:
    record = _typed(raw, dict, "overlays")
    names = [f.name for f in fields(Overlays) if f.name in record]
    return Overlays(**{name: _typed(record[name], bool, f"overlay {name}") for name in names})


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
