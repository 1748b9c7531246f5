"""The folder of profiles: what was learnt from people, each under the name that was typed."""

from __future__ import annotations

import hashlib
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from model.adaptation import Learnt
from model.adaptation.profile import (
    SUFFIX,
    ProfileBase,
    ProfileInfo,
    copy_profile,
    load_profile,
    read_info,
    save_profile,
)
from model.core.errors import UserError

LONGEST_NAME = 200
"""Characters that a name has at most."""

_LONGEST_SLUG = 40


@dataclass(frozen=True)
class StoredProfile:
    """A file of the folder. ``info`` is None where it cannot be read; it is then called as it is.

    Attributes:
        name: for people.
        path: of the file.
        info: what it says of itself.
    """

    name: str
    path: Path
    info: ProfileInfo | None


def clean_name(text: str) -> str:
    """A name as it is shown: as typed, without control characters and without blanks around it.

    ``UserError`` if nothing is left, or too much.
    """
    whole = text.encode("utf-8", "replace").decode()
    plain = "".join(" " if unicodedata.category(c) == "Cc" else c for c in whole)
    name = unicodedata.normalize("NFC", plain).strip()
    if not name:
        raise UserError("The name of a profile was empty. Give the person a name.")
    if len(name) > LONGEST_NAME:
        raise UserError(
            f"The name has {len(name)} characters; a profile's has at most {LONGEST_NAME}. "
            "Give a shorter one."
        )
    return name


def slug(name: str) -> str:
    """What can be said of a name in a few small letters and digits."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST_SLUG].strip("-") or "profile"


def file_name(name: str) -> str:
    """A file name that every system takes; different names have different ones."""
    return f"{slug(name)}-{hashlib.sha256(name.encode()).hexdigest()[:12]}{SUFFIX}"


class ProfileFolder:
    """Profiles by name. Several programs may use one folder: no profile is lost by that.

    Every call may raise ``UserError``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[StoredProfile]:
        """What is there now, by name; nothing if there is no folder yet."""
        try:
            paths = [p for p in self.folder.iterdir() if p.suffix == SUFFIX]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UserError(
                f"The profiles in {self.folder} cannot be listed ({error.strerror or error}). "
                "Make that folder readable."
            ) from error
        return sorted(map(_stored, paths), key=lambda p: (p.name.casefold(), p.name, p.path))

    def find(self, name: str) -> StoredProfile | None:
        """The profile of that name, if there is one."""
        name = clean_name(name)
        return next((p for p in self.all() if p.info is not None and p.name == name), None)

    def get(self, name: str) -> StoredProfile:
        """The profile of that name; ``UserError`` lists the names there are."""
        found = self.find(name)
        if found is None:
            names = ", ".join(f'"{profile.name}"' for profile in self.all()) or "none"
            raise UserError(f'There is no profile "{name}". There are: {names}.')
        return found

    def save(
        self, name: str, learnt: Learnt, base: ProfileBase, preset: str, *, replace: bool
    ) -> ProfileInfo:
        """Write what was learnt under a name; see ``save_profile``.

        Without ``replace``, a name that is taken is refused.
        """
        name = clean_name(name)
        path = self._place(name, replace=replace)
        return save_profile(path, name, learnt, base, preset, replace=replace)

    def rename(self, profile: StoredProfile, name: str) -> None:
        """Give a profile another name, which must be free."""
        name = clean_name(name)
        if name == profile.name:
            return
        path = self._place(name, replace=False)
        if path == profile.path:
            copy_profile(path, path, name)
            return
        copy_profile(profile.path, path, name, replace=False)
        try:
            # The copy holds the place. What lies at the old one by now may be newer.
            profile.path.replace(path)
        except FileNotFoundError:
            return
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _unchanged(profile, "renamed", error) from error
        copy_profile(path, path, name)

    def delete(self, profile: StoredProfile) -> None:
        """Remove a profile for good."""
        try:
            profile.path.unlink()
        except FileNotFoundError as error:
            raise UserError(f'The profile "{profile.name}" is not there any more.') from error
        except OSError as error:
            raise _unchanged(profile, "deleted", error) from error

    def export(self, profile: StoredProfile, path: Path) -> None:
        """Write a copy of a profile to ``path``, in place of what was there."""
        copy_profile(profile.path, path, profile.name)

    def take_in(self, path: Path, base: ProfileBase) -> StoredProfile:
        """Import a copy of an exported profile, under a name of its own if its name is taken."""
        info, _ = load_profile(path, base)
        wanted = clean_name(info.name)
        names = {profile.name for profile in self.all()}
        numbered = (f"{wanted[: LONGEST_NAME - 6]} ({n})" for n in range(2, 2000))
        name = next(n for n in (wanted, *numbered) if n not in names)
        target = self.folder / file_name(name)
        copy_profile(path, target, name, replace=False)
        return _stored(target)

    def _place(self, name: str, *, replace: bool) -> Path:
        """Where a profile of that name is, or is to be."""
        found = self.find(name)
        if found is None:
            return self.folder / file_name(name)
        if not replace:
            raise UserError(
                f'There is a profile "{name}" already. Choose another name, or delete that one '
                "first."
            )
        return found.path


def check_writable(folder: Path) -> None:
    """``UserError`` if no file can be written into ``folder``, which is made if it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"No profile can be written to {folder} ({error.strerror or error}). "
            "Choose another folder, or make that one writable."
        ) from error


def _stored(path: Path) -> StoredProfile:
    try:
        info = read_info(path)
    except UserError:
        return StoredProfile(path.name, path, None)
    try:
        return StoredProfile(clean_name(info.name), path, info)
    except UserError:
        return StoredProfile(path.name, path, info)


def _unchanged(profile: StoredProfile, done: str, error: OSError) -> UserError:
    return UserError(
        f'The profile "{profile.name}" cannot be {done} ({error.strerror or error}). '
        f"Make {profile.path.parent} writable."
    )
