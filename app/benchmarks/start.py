"""Measures how long the application takes from the command to the first skeleton on the screen."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from app.assets import demo as find_demo
from model.core.errors import UserError

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 60.0
_LOOK_MS = 5


@dataclass(frozen=True)
class StartFigures:
    """Seconds from the start of the process: of the first start, and the fastest of the others.

    The first start may read the program from the disk, the others find it in memory.
    """

    first_start_seconds: float
    later_start_seconds: float
    starts: int

    def rounded(self) -> dict[str, float | int]:
        """For ``--json``: seconds with two decimals."""
        return {
            "first_start_seconds": round(self.first_start_seconds, 2),
            "later_start_seconds": round(self.later_start_seconds, 2),
            "starts": self.starts,
        }


def measure_start(demo: str, starts: int = 3) -> StartFigures:
    """Start the application ``starts`` times (2 or more) on an embedded clip.

    ``UserError`` if there is no such clip, or no skeleton appears.
    """
    find_demo(demo)
    seconds = [_seconds(demo) for _ in range(starts)]
    return StartFigures(seconds[0], min(seconds[1:]), starts)


def _seconds(demo: str) -> float:
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", __spec__.name, demo],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        impatience = threading.Timer(_PATIENCE_SECONDS, child.kill)
        impatience.start()
        told = child.stdout.readline()
        seconds = time.perf_counter() - start
        errors = child.communicate()[1]
        impatience.cancel()
    if not told:
        last = errors.strip().splitlines()[-1] if errors.strip() else "it ended without a word"
        raise UserError(f"The application showed no skeleton: {last.removeprefix('error: ')}")
    return seconds


def show_first_skeleton(demo: str) -> int:
    """Open the window on a clip, print a line when it has painted a skeleton, and close it."""
    from PyQt6.QtCore import QTimer

    from app.gui.launch import Launch, open_window
    from app.settings import SourceChoice, SourceKind

    running = open_window(
        Launch(source=SourceChoice(SourceKind.DEMO, demo), quit_after=_PATIENCE_SECONDS)
    )

    live = running.window.panels.live

    def look() -> None:
        if live.shows_person:
            live.repaint()
            print("a skeleton is on the screen", flush=True)
            timer.stop()
            running.app.quit()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(_LOOK_MS)
    try:
        running.app.exec()
    finally:
        running.close()
    return 0


def _main() -> int:
    try:
        return show_first_skeleton(sys.argv[1])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(_main())
