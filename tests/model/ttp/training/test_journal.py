from __future__ import annotations

import logging
import math
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from model.core.errors import UserError
from model.engine.metrics import LogRow, MetricLogger, read_log

_PICTURE = np.zeros((8, 12, 3), np.uint8)
_PICTURE[:, :4] = 255, 0, 0


def _board(folder: Path) -> EventAccumulator:
    board = EventAccumulator(str(folder / "tensorboard"))
    board.Reload()
    return board


def _train(folder: Path, steps: range, resume_step: int = 0, loss: float = 1.0) -> None:
    with MetricLogger(folder, resume_step) as metric_logger:
        for step in steps:
            metric_logger.scalars(step, {"loss/supervised": loss / step})


def test_numbers_are_in_the_table_and_in_tensorboard(tmp_path: Path) -> None:
    with MetricLogger(tmp_path / "new" / "run") as metric_logger:
        metric_logger.scalars(1, {"loss/supervised": 0.5, "loss/self": 6})
        metric_logger.scalars(2, {"PCK/jhmdb-val, all": 12.25, "gain": math.nan})
    rows = read_log(tmp_path / "new" / "run" / "log.csv")
    assert rows[:3] == [
        LogRow(1, "loss/supervised", 0.5),
        LogRow(1, "loss/self", 6.0),
        LogRow(2, "PCK/jhmdb-val, all", 12.25),
    ]
    assert math.isnan(rows[3].value)
    events = _board(tmp_path / "new" / "run").Scalars("loss/supervised")
    assert [(event.step, event.value) for event in events] == [(1, 0.5)]


def test_rows_are_on_disk_before_the_run_ends(tmp_path: Path) -> None:
    metric_logger = MetricLogger(tmp_path)
    metric_logger.scalars(3, {"loss/supervised": 0.5})
    assert read_log(tmp_path / "log.csv") == [LogRow(3, "loss/supervised", 0.5)]
    metric_logger.close()


def test_pictures_are_rgb_in_tensorboard(tmp_path: Path) -> None:
    with MetricLogger(tmp_path) as metric_logger:
        metric_logger.picture(7, "panel", _PICTURE)
    (event,) = _board(tmp_path).Images("panel")
    assert event.step == 7
    encoded = np.frombuffer(event.encoded_image_string, np.uint8)
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert decoded is not None
    np.testing.assert_array_equal(decoded[..., ::-1], _PICTURE)


def test_a_continued_run_has_one_curve(tmp_path: Path) -> None:
    _train(tmp_path, range(1, 8))
    _train(tmp_path, range(6, 10), resume_step=5, loss=100.0)
    expected = [1 / step for step in range(1, 6)] + [100 / step for step in range(6, 10)]
    rows = read_log(tmp_path / "log.csv")
    assert [row.step for row in rows] == list(range(1, 10))
    assert [row.value for row in rows] == expected
    events = _board(tmp_path).Scalars("loss/supervised")
    assert [event.step for event in events] == list(range(1, 10))
    np.testing.assert_allclose([event.value for event in events], expected, rtol=1e-6)


def test_a_run_that_starts_anew_forgets_the_one_before(tmp_path: Path) -> None:
    _train(tmp_path, range(1, 8))
    _train(tmp_path, range(1, 3), loss=100.0)
    assert [row.value for row in read_log(tmp_path / "log.csv")] == [100, 50]
    assert [event.value for event in _board(tmp_path).Scalars("loss/supervised")] == [100, 50]


def test_a_run_continued_without_its_table_starts_one(tmp_path: Path) -> None:
    _train(tmp_path, range(6, 8), resume_step=5)
    assert [row.step for row in read_log(tmp_path / "log.csv")] == [6, 7]


def test_a_line_cut_off_by_a_kill_is_dropped(tmp_path: Path) -> None:
    _train(tmp_path, range(1, 4))
    table = tmp_path / "log.csv"
    table.write_bytes(table.read_bytes()[:-4])
    assert [row.step for row in read_log(table)] == [1, 2]
    _train(tmp_path, range(4, 5), resume_step=3)
    assert [row.step for row in read_log(table)] == [1, 2, 4]


@given(
    values=st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1, max_size=12),
        st.floats(allow_nan=False),
        min_size=1,
        max_size=4,
    )
)
def test_any_number_comes_back_as_it_was(
    values: Mapping[str, float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    metric_logger = MetricLogger(folder)
    metric_logger.close()
    metric_logger.scalars(1, values)
    assert read_log(folder / "log.csv") == [LogRow(1, *item) for item in values.items()]


# TensorBoard's writing thread ends with the error that the metric_logger tells of.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_folder_that_goes_away_does_not_end_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "run"
    before = set(threading.enumerate())
    with MetricLogger(folder) as metric_logger:
        shutil.rmtree(folder)
        with caplog.at_level(logging.WARNING):
            for step in range(1, 40):
                metric_logger.scalars(step, {"loss/supervised": 1.0})
                metric_logger.picture(step, "panel", _PICTURE)
        folder.mkdir()
        shutil.copyfile(_empty_table(tmp_path), folder / "log.csv")
        metric_logger.scalars(40, {"loss/supervised": 2.0})
    for thread in set(threading.enumerate()) - before:
        thread.join(10)  # or its error would be found in the next test
    assert len(caplog.records) == 1
    assert str(folder) in caplog.text and "goes on without" in caplog.text
    assert read_log(folder / "log.csv") == [LogRow(40, "loss/supervised", 2.0)]


def _empty_table(tmp_path: Path) -> Path:
    MetricLogger(tmp_path / "empty").close()
    return tmp_path / "empty" / "log.csv"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_does_not_end_the_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with MetricLogger(tmp_path) as metric_logger:
        table = tmp_path / "log.csv"
        table.unlink()
        table.symlink_to("/dev/full")
        with caplog.at_level(logging.WARNING):
            for step in (1, 2):
                metric_logger.scalars(step, {"loss/supervised": 1.0})
    assert [record.getMessage().count("No space left") for record in caplog.records] == [1]
    assert [event.step for event in _board(tmp_path).Scalars("loss/supervised")] == [1, 2]


def test_a_row_that_did_not_fit_leaves_no_half(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="needs a limit on the size of files")
    signal = pytest.importorskip("signal")
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    metric_logger = MetricLogger(tmp_path)
    metric_logger.close()
    metric_logger.scalars(1, {"loss/supervised": 1.0})
    size = (tmp_path / "log.csv").stat().st_size
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5, before[1]))
        metric_logger.scalars(2, {"loss/supervised": 2.0})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    metric_logger.scalars(3, {"loss/supervised": 3.0})
    assert [row.step for row in read_log(tmp_path / "log.csv")] == [1, 3]


def test_a_folder_that_cannot_be_one_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        MetricLogger(tmp_path / "file" / "run")


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"step,name,value\n1,loss\n", b"step,name,value\nx,loss,1\n",
                b"step,name,value\n1,\xff,1\n", b"step,name,value\n\0\0\0\0\n"]
)  # fmt: skip
def test_something_else_than_a_log_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"log\.csv is not the log of a training run"):
        read_log(path)


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.csv cannot be read"):
        read_log(tmp_path / "nowhere.csv")
