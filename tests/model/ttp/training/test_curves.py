from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.errors import UserError
from model.engine.metrics import MetricLogger, plot_curves

_BLUE, _VERMILLION = (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)


def _write(folder: Path, rows: list[tuple[int, dict[str, float]]]) -> Path:
    with MetricLogger(folder) as metric_logger:
        for step, values in rows:
            metric_logger.scalars(step, values)
    return folder / "log.csv"


def _read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image[..., ::-1], np.uint8)


def _height_of(path: Path) -> int:
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    assert width == 1200
    return int(height)


def _rows_of(image: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.intp]:
    return np.flatnonzero((image == colour).all(axis=-1).any(axis=1))


def test_every_group_has_a_plot_and_every_loss_too(tmp_path: Path) -> None:
    one = _write(tmp_path / "one", [(s, {"PCK/val": s, "PCK/held": 2 * s}) for s in range(1, 9)])
    values = {"loss/supervised": 1.0, "loss/self": 6.0, "PCK/val": 50.0, "gain": 1.0}
    four = _write(tmp_path / "four", [(step, values) for step in range(1, 9)])
    plot_curves(one, tmp_path / "one.png")
    plot_curves(four, tmp_path / "new" / "four.png")
    height = _height_of(tmp_path / "one.png")
    assert _height_of(tmp_path / "new" / "four.png") == height + 3 * round(2.1 * 150)
    assert not list(tmp_path.rglob("*.part"))


def test_curves_lie_where_their_numbers_do(tmp_path: Path) -> None:
    log = _write(tmp_path, [(s, {"PCK/low": 10 + s, "PCK/high": 80 + s}) for s in range(60)])
    plot_curves(log, tmp_path / "curves.png")
    image = _read(tmp_path / "curves.png")[:, :900]  # without the legend
    low, high = _rows_of(image, _BLUE), _rows_of(image, _VERMILLION)
    assert len(low) > 20
    assert high.mean() < low.mean()


def test_only_a_curve_that_its_title_does_not_name_has_a_legend(tmp_path: Path) -> None:
    right_edges = []
    for name in ("learning rate", "PCK/jhmdb-val"):
        log = _write(tmp_path, [(0, {name: 1.0}), (100, {name: 1.0})])
        plot_curves(log, tmp_path / "curves.png")
        ink = _read(tmp_path / "curves.png").max(axis=-1) < 100
        right_edges.append(np.flatnonzero(ink.any(axis=0)).max() - _bottom_axis_end(ink))
    assert right_edges[0] < 30 < right_edges[1]


def _bottom_axis_end(ink: NDArray[np.bool_]) -> int:
    longest_row = ink.sum(axis=1).argmax()
    return int(np.flatnonzero(ink[longest_row]).max())


def test_a_loss_is_drawn_smooth_over_its_noise(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.3, 500)
    log = _write(tmp_path, [(s, {"loss/self": float(np.exp(n))}) for s, n in enumerate(noise)])
    plot_curves(log, tmp_path / "curves.png")
    image = _read(tmp_path / "curves.png")
    strong = _rows_of(image, _BLUE)
    coloured = np.flatnonzero(((image.max(-1).astype(int) - image.min(-1)) > 20).any(axis=1))
    assert len(strong) < 0.5 * np.ptp(coloured)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0])
def test_a_loss_with_a_strange_number_is_drawn(tmp_path: Path, value: float) -> None:
    losses = [1.0, 2.0, value, 3.0, 2.0]
    log = _write(tmp_path, [(step, {"loss/self": loss}) for step, loss in enumerate(losses)])
    plot_curves(log, tmp_path / "curves.png")
    assert len(_rows_of(_read(tmp_path / "curves.png"), _BLUE)) > 20


def test_the_only_number_is_drawn(tmp_path: Path) -> None:
    log = _write(tmp_path, [(100, {"PCK/val": 20.0})])
    plot_curves(log, tmp_path / "curves.png")
    assert len(_rows_of(_read(tmp_path / "curves.png"), _BLUE)) > 2


def test_no_numbers_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no numbers yet"):
        plot_curves(_write(tmp_path, []), tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()
