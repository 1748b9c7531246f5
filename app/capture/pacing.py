"""When each frame of a file is due, so that a clip runs at its own speed."""

from __future__ import annotations

# Later than this (the computer slept, a disk hung) the clip goes on from where it is.
_HOPELESS = 1.0


class Pacer:
    """Turns a file's times into moments of ``time.perf_counter``; it never waits itself.

    A frame that is late by no more than one frame's ``interval`` is shown at once; later ones are
    dropped until the clip is back on time. Where dropping does not help, as reading is slower than
    the clip, at least every other frame is shown and the clip runs slower.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._offset: float | None = None  # moment = time in the file + offset
        self._last_time = 0.0
        self._dropped_late = 0.0  # how late the frame before was, if it was dropped

    def restart(self) -> None:
        """The next frame is due at once (after a pause)."""
        self._offset = None

    def delay(self, media_time: float, now: float) -> float | None:
        """Seconds until the frame at ``media_time`` is due, 0 for at once, None to drop it.

        A ``media_time`` before the last one means that the clip began again: its first frame is
        due one interval after the last.
        """
        if self._offset is not None and media_time < self._last_time:
            self._offset += self._last_time + self._interval - media_time
        self._last_time = media_time
        if self._offset is None:
            self._offset = now - media_time
        late = now - (media_time + self._offset)
        if late <= self._interval:
            self._dropped_late = 0.0
            return max(0.0, -late)
        if late > _HOPELESS or 0 < self._dropped_late <= late:
            self._offset = now - media_time
            self._dropped_late = 0.0
            return 0.0
        self._dropped_late = late
        return None
