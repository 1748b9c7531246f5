"""The Qt application: made once, and not ended by an error nobody expected; what it is made of."""

from __future__ import annotations

import functools
import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import platformdirs
from PyQt6.QtCore import QCoreApplication, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QIcon
from PyQt6.QtWidgets import QApplication, QMessageBox, QWidget

from app.assets import ASSETS
from app.gui.language import tr
from app.gui.theme import apply_theme
from app.settings import APP_ID
from model.core.errors import UserError

_PAPER = (
    "Li, Hao, Di, Gundavarapu, Wang: <i>Test-Time Personalization with a Transformer for Human "
    "Pose Estimation</i>, NeurIPS 2021"
)
_KEYPOINT_GAN_PAPER = (
    "Jakab, Gupta, Bilen, Vedaldi: <i>Self-supervised Learning of Interpretable Keypoints from "
    "Unlabelled Videos</i>, CVPR 2020"
)

_PARTS = (
    ("Qt and PyQt6", "GPL-3.0"),
    ("PyTorch", "BSD-3-Clause"),
    ("OpenCV", "Apache-2.0"),
    ("NumPy, SciPy", "BSD-3-Clause"),
    ("pyqtgraph, ONNX Runtime, platformdirs", "MIT"),
    ("safetensors", "Apache-2.0"),
    ("python-osc", "Unlicense"),
    ("Person detector: MoveNet by Google", "Apache-2.0, package MIT"),
    ("Person mask: MediaPipe Selfie Segmentation by Google", "Apache-2.0, package MIT"),
    ("Perceptual network: VGG-16", "weights CC BY 4.0, torchvision BSD-3-Clause"),
    ("Clip “gymnast”: Pose2Sim, D. Pagnon", "BSD-3-Clause"),
    ("Rendered demo clips", "CC0"),
    ("Icons: Lucide", "ISC"),
)


def show_about(parent: QWidget, name: str) -> None:
    """Open the about box of the program called ``name``; returns while it is open."""
    rows = "".join(
        f"<tr><td>{tr(part)}</td><td>{tr(licence)}</td></tr>" for part, licence in _PARTS
    )
    what = tr(
        "A human pose estimator that learns, while it runs, from the person in front of it. After "
        "{paper}. Its KeypointGAN is after {second}.",
        paper=_PAPER,
        second=_KEYPOINT_GAN_PAPER,
    )
    licence = tr("This program's own licence is in the file LICENSE. It is built with")
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(tr("About {name}", name=name))
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setText(
        f'<h3>{name}</h3><p>{what}</p><p>{licence}</p><table cellspacing="4">{rows}</table>'
    )
    box.open()


APP_NAME = "Pose Personalizer"

_SET_BY_OPENCV = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_LOG_BYTES = 1_000_000

logger = logging.getLogger(__name__)


class Problems(QObject):
    """Errors that nothing else caught, as sentences for the user; the window listens."""

    happened = pyqtSignal(str)

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log

    def report(
        self,
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        """Log the traceback and say what happened; serves as ``sys.excepthook``.

        Ctrl+C in the terminal closes the window as its close button does.
        """
        if issubclass(kind, KeyboardInterrupt):
            QApplication.closeAllWindows()
        elif isinstance(error, UserError):
            self.happened.emit(str(error))
        else:
            logger.error("unexpected error", exc_info=(kind, error, traceback))
            self.happened.emit(
                tr(
                    "Something went wrong in the window ({error}). You can go on; the details are "
                    "in {log}.",
                    error=f"{kind.__name__}: {error}",
                    log=self._log,
                )
            )


def log_path() -> Path:
    """The log file in the user's state folder."""
    return platformdirs.user_state_path(APP_ID) / "window.log"


def create_application(log: Path | None = None) -> tuple[QApplication, Problems]:
    """The application with its theme, and the reporter of unexpected errors, already installed.

    PyQt ends the process on an exception in a slot unless ``sys.excepthook`` is replaced, which
    this does. Tracebacks go to ``log`` (by default ``log_path()``) and to the terminal.
    """
    # OpenCV's wheels point Qt at their own plugins, which PyQt cannot load.
    for name in _SET_BY_OPENCV:
        os.environ.pop(name, None)
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName(APP_ID)
    app.setApplicationDisplayName(APP_NAME)
    app.setDesktopFileName(APP_ID)
    app.setWindowIcon(QIcon(str(ASSETS / "pose-personalizer.svg")))
    apply_theme(app)
    path = log or log_path()
    _log_to(path)
    problems = Problems(path)
    sys.excepthook = problems.report
    return app, problems


@functools.cache  # it must not go before what draws
def application_without_screen() -> QCoreApplication:
    """What Qt needs to draw text into pictures: the running application, or one off the screen."""
    for name in _SET_BY_OPENCV:
        os.environ.pop(name, None)
    return QApplication.instance() or QApplication([APP_ID, "-platform", "offscreen"])


def newest_log(path: Path, size: int = 20_000) -> str:
    """The end of the log, so many bytes of it at most; nothing if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _log_to(path: Path) -> None:
    """Send what this program logs to ``path`` as well as to the terminal, within bounded space."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
    except OSError as error:
        complaint: OSError | None = error
    else:
        complaint = None
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        handlers.append(file)
    for name in ("app", "model"):
        program = logging.getLogger(name)
        for handler in program.handlers[:]:  # of an application before, in the same process
            program.removeHandler(handler)
            handler.close()
        for handler in handlers:
            program.addHandler(handler)
    if complaint is not None:
        logger.warning("There is no log file: %s", complaint)
