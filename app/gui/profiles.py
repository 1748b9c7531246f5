"""Profiles in the window: their menu, the dialogs that ask for names, and what these do."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PyQt6.QtCore import QObject, QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QFileDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QWidget,
)

from app.gui.actions import Actions
from app.gui.language import tr
from app.gui.session import Session
from app.gui.theme import icon
from app.gui.widgets import AskingDialog, count
from app.runtime.profiles import LONGEST_NAME, ProfileFolder, StoredProfile, slug
from model.adaptation.profile import SUFFIX
from model.core.errors import UserError

PRIVACY = (
    "Nothing leaves this machine, and no frame is stored: a profile holds only by how much the "
    "network's weights have changed."
)

_MENU_WIDTH = 320


class ProfileMenu(QMenu):
    """Save as, the profiles to load, and what else can be done with them.

    The folder is read when the menu opens; ``say`` gets the sentence if it cannot be.
    """

    chosen = pyqtSignal(object)
    """A StoredProfile."""

    def __init__(
        self, folder: ProfileFolder, actions: Actions, say: Callable[[str], None], parent: QWidget
    ) -> None:
        super().__init__(tr("P&rofiles"), parent)
        self._folder = folder
        self._actions = actions
        self._say = say
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self._fill)
        # macOS leaves out a menu that is empty before it opens.
        self.addAction(actions.save_profile)

    def _fill(self) -> None:
        try:
            profiles = self._folder.all()
        except UserError as error:
            self._say(str(error))
            profiles = []
        self.clear()
        self.addAction(self._actions.save_profile)
        self.addSection(tr("Load"))
        for profile in profiles:
            self._add(profile)
        if not profiles:
            entry = self.addAction(tr("No profile yet"))
            assert entry is not None
            entry.setToolTip(tr("Personalize for a while, then save what was learnt"))
            entry.setEnabled(False)
        self.addSeparator()
        for action in (self._actions.rename_profile, self._actions.delete_profile):
            self.addAction(action)
        self.addSeparator()
        for action in (self._actions.export_profile, self._actions.import_profile):
            self.addAction(action)

    def _add(self, profile: StoredProfile) -> None:
        middle = Qt.TextElideMode.ElideMiddle
        text = self.fontMetrics().elidedText(profile.name, middle, _MENU_WIDTH)
        # "&" would become a mnemonic and vanish from the name.
        entry = self.addAction(icon("user"), text.replace("&", "&&"))
        assert entry is not None
        entry.setToolTip(_details(profile))
        entry.triggered.connect(lambda: self.chosen.emit(profile))


def _details(profile: StoredProfile) -> str:
    """What there is to know of a profile, as rich text in which a name is only a name."""
    lines = [profile.name]
    if profile.info is None:
        lines.append(tr("This file cannot be read"))
    else:
        date = profile.info.created.replace("T", " ").removesuffix("+00:00")
        lines += [
            count(profile.info.updates, "update"),
            tr("Saved {date} UTC", date=date),
            profile.info.network,
        ]
    return "<br>".join(map(html.escape, lines))


def _add_name(dialog: AskingDialog) -> QLineEdit:
    """Put a field for a person's name into a dialog."""
    field = QLineEdit()
    field.setMaxLength(LONGEST_NAME)
    field.setPlaceholderText(tr("Name of the person"))
    field.setAccessibleName(tr("Name of the person"))
    field.setToolTip(tr("The name under which the profile is kept"))
    dialog.add(field)
    return field


def _files() -> str:
    """The kinds of files for a dialog that asks for a profile."""
    return tr("Profiles ({endings});;All files (*)", endings=f"*{SUFFIX}")


class SaveDialog(AskingDialog):
    """Asks for the name of a new profile; one of those ``taken`` is replaced."""

    def __init__(self, parent: QWidget, taken: Sequence[str]) -> None:
        super().__init__(parent, "Save what was learnt", "Save")
        self._taken = set(taken)
        self.name = _add_name(self)
        self.note = self.add_text()
        self.note.setMinimumHeight(self.note.fontMetrics().height())
        self.add_text(PRIVACY)
        self.name.textChanged.connect(self._follow)
        self._follow()

    @property
    def replaces(self) -> bool:
        """Whether the name is taken."""
        return self.name.text().strip() in self._taken

    def _follow(self) -> None:
        self.button.setEnabled(bool(self.name.text().strip()))
        self.button.setText(tr("Replace") if self.replaces else tr("Save"))
        self.note.setText(tr("There is a profile of this name.") if self.replaces else "")


class PickDialog(AskingDialog):
    """Asks for one of some profiles and, to rename it, for another name."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        verb: str,
        profiles: Sequence[StoredProfile],
        *,
        note: str = "",
        renames: bool = False,
    ) -> None:
        super().__init__(parent, title, verb)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Profiles"))
        self.list.setToolTip(tr("Choose one"))
        self.list.setIconSize(QSize(16, 16))
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for profile in profiles:
            item = QListWidgetItem(icon("user"), profile.name)
            item.setToolTip(_details(profile))
            item.setData(Qt.ItemDataRole.UserRole, profile)
            self.list.addItem(item)
        self.add(self.list)
        self.name = _add_name(self) if renames else None
        if note:
            self.add_text(note)
        self.list.currentItemChanged.connect(self._follow)
        if self.name is not None:
            self.name.textChanged.connect(self._enable)
        self.list.setCurrentRow(0)

    @property
    def picked(self) -> StoredProfile:
        """The profile that is chosen in the list."""
        item = self.list.currentItem()
        assert item is not None
        profile = item.data(Qt.ItemDataRole.UserRole)
        assert isinstance(profile, StoredProfile)
        return profile

    def _follow(self) -> None:
        if self.name is not None:
            self.name.setText(self.picked.name)
            self.name.selectAll()
        self._enable()

    def _enable(self) -> None:
        self.button.setEnabled(
            self.name is None or self.name.text().strip() not in ("", self.picked.name)
        )


class Profiles(QObject):
    """Asks and then does what the actions of profiles say; ``say`` gets errors and successes."""

    def __init__(
        self, window: QWidget, session: Session, folder: ProfileFolder, say: Callable[[str], None]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._folder = folder
        self._say = say

    def load(self, profile: StoredProfile) -> None:
        """Go on from a profile."""
        with self._telling():
            info = self._session.load_profile(profile.path)
            self._say(
                tr(
                    'The profile "{name}" is loaded: {updates}.',
                    name=profile.name,
                    updates=count(info.updates, "update"),
                )
            )

    def ask_save(self) -> None:
        """Ask for a name and save what has been learnt so far under it."""
        with self._telling():
            if not self._session.status().updates:
                raise UserError(
                    tr(
                        "Nothing has been learnt yet. Press Personalize (P) and let it run for a "
                        "while, then save."
                    )
                )
            dialog = SaveDialog(self._window, [profile.name for profile in self._folder.all()])
            dialog.accepted.connect(lambda: self._save(dialog.name.text(), dialog.replaces))
            dialog.open()

    def _save(self, name: str, replace: bool) -> None:
        with self._telling():
            self._session.save_profile(self._folder, name, replace=replace)

    def ask_rename(self) -> None:
        """Ask for a profile and another name for it."""

        def rename(dialog: PickDialog) -> None:
            assert dialog.name is not None
            self._folder.rename(dialog.picked, dialog.name.text())

        self._ask("Rename a profile", "Rename", rename, renames=True)

    def ask_delete(self) -> None:
        """Ask for a profile and delete it."""
        self._ask(
            "Delete a profile",
            "Delete",
            lambda dialog: self._folder.delete(dialog.picked),
            note="It is removed from this machine for good.",
        )

    def ask_export(self) -> None:
        """Ask for a profile, and where to write a copy of it."""

        def export(dialog: PickDialog) -> None:
            profile = dialog.picked
            path, _ = QFileDialog.getSaveFileName(
                self._window, tr("Export a profile"), slug(profile.name) + SUFFIX, _files()
            )
            if path:
                self._folder.export(profile, Path(path))
                self._say(
                    tr('The profile "{name}" is written to {path}', name=profile.name, path=path)
                )

        self._ask("Export a profile", "Export…", export)

    def ask_import(self) -> None:
        """Ask for a file and take it in."""
        path, _ = QFileDialog.getOpenFileName(self._window, tr("Import a profile"), "", _files())
        if path:
            with self._telling():
                profile = self._folder.take_in(Path(path), self._session.base)
                self._say(
                    tr('"{name}" can be loaded from the Profiles menu now.', name=profile.name)
                )

    def _ask(
        self,
        title: str,
        verb: str,
        action: Callable[[PickDialog], None],
        *,
        note: str = "",
        renames: bool = False,
    ) -> None:
        """Open a dialog and, if it is accepted, do something with what was picked in it."""

        def accepted() -> None:
            with self._telling():
                action(dialog)

        with self._telling():
            profiles = self._folder.all()
            if not profiles:
                raise UserError(
                    tr("There is no profile yet. Personalize, then save what was learnt.")
                )
            dialog = PickDialog(self._window, title, verb, profiles, note=note, renames=renames)
            dialog.accepted.connect(accepted)
            dialog.open()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except UserError as error:
            self._say(str(error))
