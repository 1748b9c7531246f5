from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.errors import UserError
from model.experiments.plots import COLOURS, Dots, Line, plot_dots, plot_lines


def _read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path))
    assert image is not None
    return np.asarray(image[..., ::-1], np.uint8)


def _places(image: NDArray[np.uint8], colour: str) -> NDArray[np.intp]:
    """Places (row, column) of the pixels of exactly this colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return np.argwhere((image == wanted).all(axis=-1))


def test_dots_lie_by_row_and_value(tmp_path: Path) -> None:
    rows = {"one": {"a": 1.0, "b": 3.0}, "two": {"a": 2.0}, "three": {"a": math.nan}}
    plot_dots(tmp_path / "dots.png", [Dots("ours", "percent", rows)])

    image = _read(tmp_path / "dots.png")
    image = image[: int(0.75 * len(image))]  # without the legend
    a, b = _places(image, COLOURS[0]), _places(image, COLOURS[1])
    upper, lower = (
        part.mean(axis=0) for part in (a[a[:, 0] < b[:, 0].max()], a[a[:, 0] > b[:, 0].max()])
    )
    right = b.mean(axis=0)
    assert upper[1] < lower[1] < right[1]
    assert 2 < right[0] - upper[0] < 0.3 * (lower[0] - upper[0])


def test_every_plot_of_dots_has_a_place_of_its_own(tmp_path: Path) -> None:
    one = Dots("ours", "percent", {"row": {"a": 1.0}})
    plot_dots(tmp_path / "one.png", [one])
    plot_dots(tmp_path / "two.png", [one, Dots("paper", "percent", {"row": {"a": 90.0}})])

    assert _read(tmp_path / "two.png").shape[1] > 1.4 * _read(tmp_path / "one.png").shape[1]


@pytest.mark.parametrize("logarithmic", [False, True])
def test_lines_rise_with_their_values(tmp_path: Path, logarithmic: bool) -> None:
    x = np.array([1.0, 10.0, 100.0])
    line = Line("rising", x, x, x - 1, x + 1, marked=True)
    plot_lines(
        tmp_path / "lines.png",
        [line, Line("level", x, np.full(3, 50.0), muted=True)],
        "frames",
        "gain",
        ticks={1: "1", 10: "10", 100: "all"},
        logarithmic=logarithmic,
        zero=True,
    )

    image = _read(tmp_path / "lines.png")
    image[:90, : image.shape[1] // 2] = 255  # the legend
    found = _places(image, COLOURS[0])
    left, right = found[:, 1].argmin(), found[:, 1].argmax()
    assert found[left, 0] > found[right, 0] + 50


def test_a_count_of_people_is_drawn_below(tmp_path: Path) -> None:
    x = np.arange(1, 4)
    line = Line("gain", x, np.array([0.0, np.nan, 1.0]))
    plot_lines(tmp_path / "plain.png", [line], "frame", "gain")
    plot_lines(
        tmp_path / "people.png",
        [line],
        "frame",
        "gain",
        below=Line("people", x, np.array([3, 2, 1])),
    )

    assert len(_read(tmp_path / "people.png")) > len(_read(tmp_path / "plain.png"))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UserError, match="cannot be written"):
        plot_dots(tmp_path / "file" / "dots.png", [Dots("a", "b", {"row": {"a": 1.0}})])
