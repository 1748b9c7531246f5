"""The folder of profiles: any name, any number of programs, and nothing lost."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from app.runtime import profiles
from app.runtime.profiles import ProfileFolder, check_writable, clean_name, file_name
from model.adaptation import Learnt
from model.adaptation.profile import ProfileBase, load_profile
from model.core.errors import UserError

BASE = ProfileBase("small", "1f" * 32, {"a": (3,)})
ODD_NAMES = [
    "Anna",
    "anna",
    "../../etc/passwd",
    "a/b\\c:d*e?",
    "...",
    ".hidden",
    "CON",
    "nul.txt",
    "🤸🏽‍♀️",
    "李小龙",
    "x" * 200,
    "ends with a dot.",
    "--save-profile",
    "&Ampersand & <b>bold</b>",
]


def learnt(updates: int = 7) -> Learnt:
    return Learnt({"a": torch.full((3,), float(updates))}, updates)


@pytest.fixture
def folder(tmp_path: Path) -> ProfileFolder:
    return ProfileFolder(tmp_path / "data" / "profiles")


def save(folder: ProfileFolder, name: str, updates: int = 7, *, replace: bool = False) -> None:
    folder.save(name, learnt(updates), BASE, "steady", replace=replace)


def names(folder: ProfileFolder) -> list[str]:
    return [profile.name for profile in folder.all()]


@pytest.mark.fault(
    "A name has slashes, dots or control characters",
    "It is shown as typed, and its file stays in the folder.",
)
def test_odd_names_are_shown_as_typed_and_stay_in_the_folder(
    folder: ProfileFolder, tmp_path: Path
) -> None:
    assert folder.all() == []
    for updates, name in enumerate(ODD_NAMES, start=1):
        save(folder, name, updates)
    assert sorted(names(folder)) == sorted(ODD_NAMES)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parent for path in files} == {folder.folder}
    lowered = {path.name.lower() for path in files}
    assert len(lowered) == len(ODD_NAMES)
    for name in lowered:
        assert name.isascii() and len(name) < 80
        assert name.split(".")[0] not in {"con", "nul"} and name.count(".") == 1
    for updates, name in enumerate(ODD_NAMES, start=1):
        found = folder.get(name)
        assert found.info is not None and found.info.updates == updates
    for name in ODD_NAMES:
        folder.delete(folder.get(name))
    assert folder.all() == [] and list(folder.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "shown"),
    [(" Anna\n", "Anna"), ("A\tB\0C", "A B C"), ("A\u0308nne", "Änne"), ("a\udcff", "a?")],
)
def test_what_cannot_be_shown_is_taken_out_of_a_name(typed: str, shown: str) -> None:
    assert clean_name(typed) == shown
    assert file_name(shown).endswith(".safetensors")


@pytest.mark.parametrize("name", ["", "  ", "\n", "x" * 201])
def test_a_name_that_is_none_is_refused(name: str, folder: ProfileFolder) -> None:
    with pytest.raises(UserError, match=r"Give the person a name|Give a shorter one"):
        save(folder, name)
    assert folder.all() == []


def test_a_taken_name_is_replaced_only_if_asked(folder: ProfileFolder) -> None:
    save(folder, "Anna", 1)
    with pytest.raises(UserError, match='There is a profile "Anna" already'):
        save(folder, "Anna", 2)
    info = folder.get("Anna").info
    assert info is not None and info.updates == 1
    save(folder, "Anna", 2, replace=True)
    info = folder.get("Anna").info
    assert info is not None and info.updates == 2
    assert names(folder) == ["Anna"]


def test_rename_export_import_and_delete(folder: ProfileFolder, tmp_path: Path) -> None:
    save(folder, "Anna")
    folder.rename(folder.get("Anna"), "Bert / 2")
    assert names(folder) == ["Bert / 2"]
    folder.rename(folder.get("Bert / 2"), "Bert / 2")
    exported = tmp_path / "for you.safetensors"
    folder.export(folder.get("Bert / 2"), exported)
    assert folder.take_in(exported, BASE).name == "Bert / 2 (2)"
    assert folder.take_in(exported, BASE).name == "Bert / 2 (3)"
    folder.delete(folder.get("Bert / 2"))
    assert folder.take_in(exported, BASE).name == "Bert / 2"
    for profile in folder.all():
        torch.testing.assert_close(load_profile(profile.path, BASE)[1], learnt())
    with pytest.raises(UserError, match="already"):
        folder.rename(folder.get("Bert / 2"), "Bert / 2 (2)")
    with pytest.raises(UserError, match="Give the person a name"):
        folder.rename(folder.get("Bert / 2"), " ")
    assert len(names(folder)) == 3


def test_a_profile_of_another_network_is_not_imported(
    folder: ProfileFolder, tmp_path: Path
) -> None:
    save(folder, "Anna")
    folder.export(folder.get("Anna"), tmp_path / "a")
    with pytest.raises(UserError, match="learnt with another network"):
        folder.take_in(tmp_path / "a", ProfileBase("big", "2f" * 32, {"a": (3,)}))
    assert names(folder) == ["Anna"]


def test_a_damaged_file_is_listed_by_its_name_and_can_be_deleted(folder: ProfileFolder) -> None:
    save(folder, "Anna")
    (folder.folder / "broken.safetensors").write_text("nothing")
    (folder.folder / "notes.txt").write_text("not a profile")
    broken = folder.all()[1]
    assert (broken.name, broken.info) == ("broken.safetensors", None)
    with pytest.raises(UserError, match="damaged"):
        folder.rename(broken, "Bert")
    folder.delete(broken)
    assert names(folder) == ["Anna"]


def test_a_file_under_another_name_is_what_it_says_it_is(folder: ProfileFolder) -> None:
    save(folder, "Anna")
    moved = folder.get("Anna").path.replace(folder.folder / "by hand.safetensors")
    save(folder, "Anna", 9, replace=True)
    assert folder.get("Anna").path == moved and names(folder) == ["Anna"]
    moved.replace(folder.folder / file_name("Bert"))
    folder.rename(folder.get("Anna"), "Bert")
    assert names(folder) == ["Bert"]


def test_a_missing_name_lists_those_that_there_are(folder: ProfileFolder) -> None:
    save(folder, "Anna")
    with pytest.raises(UserError, match=r'There is no profile "Bert"\. There are: "Anna"'):
        folder.get("Bert")


def test_what_another_program_removed_is_told(folder: ProfileFolder, tmp_path: Path) -> None:
    save(folder, "Anna")
    anna = folder.get("Anna")
    ProfileFolder(folder.folder).delete(anna)
    for action in (
        lambda: folder.delete(anna),
        lambda: folder.rename(anna, "Bert"),
        lambda: folder.export(anna, tmp_path / "a"),
    ):
        with pytest.raises(UserError, match=r"not there any more|There is no profile"):
            action()
    assert folder.all() == []


@pytest.mark.fault(
    "Several windows save a profile of one name at once",
    "One of them wins, whole; the others are told.",
)
def test_of_several_programs_that_save_a_new_name_one_wins(folder: ProfileFolder) -> None:
    def attempt(updates: int) -> bool:
        try:
            save(ProfileFolder(folder.folder), "Anna", updates)
        except UserError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(1, 17)))
    assert won.count(True) == 1
    info, found = load_profile(folder.get("Anna").path, BASE)
    assert info.updates == won.index(True) + 1
    torch.testing.assert_close(found, learnt(info.updates))


def test_what_is_saved_while_it_is_renamed_is_not_lost(
    folder: ProfileFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(folder, "Anna", 1)
    copy = profiles.copy_profile

    def copy_and_be_overtaken(*arguments: object, **options: bool) -> None:
        copy(*arguments, **options)  # type: ignore[arg-type]
        if options:
            save(ProfileFolder(folder.folder), "Anna", 2, replace=True)

    monkeypatch.setattr(profiles, "copy_profile", copy_and_be_overtaken)
    folder.rename(folder.get("Anna"), "Bert")
    assert names(folder) == ["Bert"]
    info = folder.get("Bert").info
    assert info is not None and info.updates == 2


@pytest.mark.fault(
    "A profile cannot be written",
    "A sentence says so; the older profile stays whole.",
)
def test_a_folder_that_cannot_be_written_loses_nothing(
    folder: ProfileFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    save(folder, "Anna")
    folder.export(folder.get("Anna"), tmp_path / "a")
    before = {path.name: path.read_bytes() for path in folder.folder.iterdir()}

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        # As for somebody who is not allowed to, even where the tests are.
        for name in ("write_bytes", "unlink", "replace", "hardlink_to"):
            patched.setattr(Path, name, refuse)
        patched.setattr("tempfile.TemporaryFile", refuse)
        for action in (
            lambda: save(folder, "Bert"),
            lambda: save(folder, "Anna", replace=True),
            lambda: folder.rename(folder.get("Anna"), "Bert"),
            lambda: folder.delete(folder.get("Anna")),
            lambda: folder.take_in(tmp_path / "a", BASE),
            lambda: check_writable(folder.folder),
        ):
            with pytest.raises(UserError, match="Permission denied"):
                action()
    assert {path.name: path.read_bytes() for path in folder.folder.iterdir()} == before


def test_a_file_that_cannot_be_moved_keeps_its_name(
    folder: ProfileFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(folder, "Anna")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        with pytest.raises(UserError, match='"Anna" cannot be renamed'):
            folder.rename(folder.get("Anna"), "Bert")
    assert names(folder) == ["Anna"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_is_read_only_is_told_in_a_sentence(folder: ProfileFolder) -> None:
    save(folder, "Anna")
    folder.folder.chmod(0o500)
    try:
        with pytest.raises(UserError, match="Permission denied"):
            folder.delete(folder.get("Anna"))
        with pytest.raises(UserError, match="Permission denied"):
            save(folder, "Bert")
    finally:
        folder.folder.chmod(0o700)
    assert names(folder) == ["Anna"]


def test_a_folder_that_is_a_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    folder = ProfileFolder(tmp_path / "file")
    with pytest.raises(UserError, match="cannot be listed"):
        folder.all()
    with pytest.raises(UserError, match="cannot be listed"):
        save(folder, "Anna")
    with pytest.raises(UserError, match="No profile can be written"):
        check_writable(tmp_path / "file")
