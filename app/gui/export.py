"""What can be taken out of the window: pictures, keypoints, the network, a report of an error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QBuffer, QIODevice, QObject, pyqtSignal
from PyQt6.QtGui import QPainter
from PyQt6.QtSvg import QSvgGenerator
from PyQt6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from app.diagnosis import as_text, diagnose
from app.gui.actions import make_action
from app.gui.application import log_path, newest_log
from app.gui.language import tr
from app.gui.panels import Panels
from app.gui.session import Session
from app.gui.sources import Sources
from app.runtime.lifecycle import Task
from app.runtime.live.export import Trajectory
from model.core.errors import UserError
from model.core.files import whole_file

_PICTURES = "Pictures (*.png);;Drawings (*.svg)"
_CSV, _JSON, _ONNX = "Tables (*.csv)", "COCO JSON (*.json)", "ONNX (*.onnx)"


class ExportMenu(QMenu):
    """Pictures of the panels as PNG or SVG, keypoints as CSV or JSON, the network as ONNX.

    Args:
        window: The parent of dialogs.
        session: Whose network and frames are exported.
        sources: Tells what is open.
        panels: What pictures are made of.
        trajectory: The keypoints seen so far.
        say: Gets errors and successes.
    """

    def __init__(
        self,
        window: QWidget,
        session: Session,
        sources: Sources,
        panels: Panels,
        trajectory: Trajectory,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(tr("Export"), window)
        self._window = window
        self._session = session
        self._sources = sources
        self._trajectory = trajectory
        self._say = say
        self.setToolTipsVisible(True)
        for title, name, panel in (
            ("Live view", "Live view as picture…", panels.live),
            ("Plots", "Plots as picture…", panels.plots),
            ("Affinity", "Affinity as picture…", panels.affinity),
            ("Reconstruction", "Reconstruction as picture…", panels.reconstruction),
            ("KeypointGAN", "KeypointGAN as picture…", panels.keypoint_gan),
        ):
            self._add(
                name,
                tr("Write the panel {panel} as it is now, as PNG or SVG", panel=tr(title)),
                lambda title=title, panel=panel: self._ask_picture(title, panel),  # type: ignore[misc]
            )
        self.addSeparator()
        self._add(
            "Keypoints as CSV…",
            "Write the keypoints of all frames of this source so far, a row per frame",
            self._ask_csv,
        )
        self._add(
            "Keypoints as COCO JSON…",
            "Write the keypoints of all frames of this source so far",
            self._ask_coco,
        )
        self.addSeparator()
        self._add(
            "Network as ONNX…",
            "Write the network, personalized as it is now, for other programs",
            self._ask_onnx,
        )

    def _add(self, name: str, tip: str, handler: Callable[[], None]) -> None:
        self.addAction(make_action(self._window, name, tip, lambda _=False: handler()))

    def _ask_picture(self, title: str, panel: QWidget) -> None:
        path = self._ask(tr("Export: {panel}", panel=tr(title)), f"{title.lower()}.png", _PICTURES)
        if path is not None:
            self._telling(path, lambda: write_picture(panel, path))

    def _ask_csv(self) -> None:
        path = self._ask(tr("Export keypoints"), "keypoints.csv", _CSV)
        if path is not None:
            self._telling(path, lambda: self._trajectory.write_csv(path, self._size()))

    def _ask_coco(self) -> None:
        path = self._ask(tr("Export keypoints"), "keypoints.coco.json", _JSON)
        if path is not None:
            name = self._sources.title()
            self._telling(path, lambda: self._trajectory.write_coco(path, self._size(), name))

    def _ask_onnx(self) -> None:
        path = self._ask(tr("Export the network"), "pose.onnx", _ONNX)
        if path is not None:
            self._session.export_onnx(path)
            self._say(tr("The network is being written; this takes a while."))

    def _size(self) -> tuple[int, int]:
        """Width and height of the frames."""
        frame = self._session.latest_frame()
        return (0, 0) if frame is None else (frame.image.shape[1], frame.image.shape[0])

    def _ask(self, title: str, name: str, kinds: str) -> Path | None:
        """Where to write; the ending that belongs to the kind is added if it is missing."""
        chosen, kind = QFileDialog.getSaveFileName(self._window, title, name, tr(kinds))
        if not chosen:
            return None
        path = Path(chosen)
        ending = (kind or kinds).partition("(*")[2].partition(")")[0]
        return path if path.suffix else path.with_name(path.name + ending)

    def _telling(self, path: Path, write: Callable[[], None]) -> None:
        try:
            write()
        except UserError as error:
            self._say(str(error))
        else:
            self._say(tr("Written to {path}", path=path))


def write_picture(widget: QWidget, path: Path) -> None:
    """Write what a widget shows, as a drawing if ``path`` ends in ``.svg``, as a picture for .png.

    Raises UserError for another ending, and when the file cannot be written.
    """
    kinds = {".svg": _svg, ".png": _png}
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise UserError(
            tr(
                "The picture cannot be written to {path}: its name ends in neither .png nor .svg. "
                "Give it one of these endings.",
                path=path,
            )
        )
    with whole_file(path) as temporary:
        temporary.write_bytes(kind(widget))


def _png(widget: QWidget) -> bytes:
    written = QBuffer()
    written.open(QIODevice.OpenModeFlag.WriteOnly)
    widget.grab().save(written, "PNG")
    return written.data().data()


def _svg(widget: QWidget) -> bytes:
    written = QBuffer()
    written.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(written)
    generator.setSize(widget.size())
    generator.setViewBox(widget.rect())
    generator.setTitle(widget.accessibleName())
    painter = QPainter(generator)
    widget.render(painter)
    painter.end()
    return written.data().data()


_COPIED = (
    "The diagnostics are in the clipboard. Paste them into your report; no picture is in them."
)


class Diagnostics(QObject):
    """Gathers them beside the window, which takes seconds; ``say`` hears when they are there."""

    _gathered = pyqtSignal(str)

    def __init__(self, parent: QObject, say: Callable[[str], None]) -> None:
        super().__init__(parent)
        self._say = say
        self._gathered.connect(self._take)

    def copy(self) -> None:
        """Put them into the clipboard, soon."""
        self._say("Looking at this machine …")
        Task("app-diagnostics", lambda: self._gathered.emit(_text())).start()

    def _take(self, text: str) -> None:
        if (clipboard := QApplication.clipboard()) is not None:
            clipboard.setText(text)
        self._say(_COPIED)


def _text() -> str:
    log = newest_log(log_path()).strip()
    return f"{as_text(diagnose())}\n\nThe newest errors:\n{log or 'none'}\n"
