"""Minutes are recorded while the network is personalized, on whatever cores there are."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from app.assets import demo
from app.runtime.capture.files import VideoSource
from app.runtime.capture.ring import FrameRing, RingReader
from app.runtime.live.engine import load_engine
from app.runtime.live.session import LiveSession

_CLIP_RATE = 25.0


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("seconds", "rate"), [(120.0, _CLIP_RATE), (600.0, 30.0)], ids=["two-minutes", "ten-minutes"]
)
def test_no_frame_is_lost_and_each_has_its_own_time(
    seconds: float, rate: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_in: list[float] = []
    put = FrameRing.put

    def note(
        ring: FrameRing,
        image: NDArray[np.uint8],
        timestamp: float,
        media_index: int | None = None,
    ) -> int:
        index = put(ring, image, timestamp, media_index)
        assert index == len(taken_in)
        taken_in.append(timestamp)
        return index

    begins: list[int] = []
    make_reader = FrameRing.reader

    def note_beginning(ring: FrameRing) -> RingReader:
        reader = make_reader(ring)
        begins.append(reader._wanted)
        return reader

    monkeypatch.setattr(FrameRing, "put", note)
    monkeypatch.setattr(FrameRing, "reader", note_beginning)
    session = LiveSession(lambda: load_engine(device="cpu"))
    try:
        session.open(VideoSource(demo("webcam").video), loop=True)
        session.set_speed(rate / _CLIP_RATE)
        session.set_personalizing(True)
        deadline = time.perf_counter() + 300
        while session.status().updates < 1:
            assert time.perf_counter() < deadline, "nothing is learnt"
            time.sleep(0.1)
        session.start_recording(tmp_path)
        time.sleep(seconds)
        session.stop_recording()
        updates = session.status().updates
    finally:
        session.close()
    (folder,) = tmp_path.iterdir()
    about = json.loads((folder / "take.json").read_text("utf-8"))
    with av.open(folder / "video.mkv") as video:
        stream = video.streams.video[0]
        base = stream.time_base or Fraction()
        times = [float((frame.pts or 0) * base) for frame in video.decode(stream)]
    expected = np.array(taken_in[begins[0] : begins[0] + len(times)])
    print(f"{len(times)} frames, {about['frames_lost']} lost, {updates} updates")
    assert about["frames_lost"] == 0 and about["frames"] == len(times)
    assert len(times) > 0.95 * rate * seconds
    assert times[-1] > 0.95 * seconds
    np.testing.assert_allclose(times, expected - expected[0], atol=1e-3)
