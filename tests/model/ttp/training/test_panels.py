from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.core.panels import (
    ZOOM,
    PanelRow,
    Picture,
    distinct_colours,
    draw_points,
    draw_skeleton,
    enlarge,
    tile,
    training_panel,
)
from model.core.skeleton import BBC7, PENN13

_ORANGE, _SKY_BLUE, _GREEN = (230, 159, 0), (86, 180, 233), (0, 158, 115)
_GREY = np.full((128, 128, 3), 100, np.uint8)
_PLAIN = draw_skeleton(_GREY, np.full((7, 2), np.nan), BBC7)


def _flat(*colour: int, size: int = 16) -> Picture:
    return np.full((size, size, 3), colour, np.uint8)


def _row(seed: int = 0) -> PanelRow:
    rng = np.random.default_rng(seed)
    return PanelRow(
        source=_flat(200, 0, 0, size=128),
        target=_GREY,
        reconstruction=_flat(0, 0, 200, size=128),
        self_points=rng.uniform(0, 128, (30, 2)),
        contribution=rng.uniform(0, 1, 30),
        points=rng.uniform(0, 128, (13, 2)),
        truth=rng.uniform(0, 128, (13, 2)),
        weights=np.ones(13),
    )


def _count(picture: Picture, colour: tuple[int, ...]) -> int:
    return int((picture == np.array(colour)).all(axis=-1).sum())


def _centre(picture: Picture) -> NDArray[np.float64]:
    """The middle (x, y) of what is drawn over the grey crop, in the crop's pixels."""
    drawn = np.abs(picture.astype(float) - _PLAIN).sum(axis=-1)
    rows, columns = np.mgrid[: len(picture), : len(picture)]
    middle = np.array([(drawn * columns).sum(), (drawn * rows).sum()]) / drawn.sum()
    return (middle + 0.5) / ZOOM - 0.5


def _cells(panel: Picture, rows: int, columns: int, size: int) -> list[list[Picture]]:
    """The pictures of a panel, which lie against its margin of 16 at the right and the bottom."""
    height, width = panel.shape[:2]
    step = size + 8
    tops = [height - 16 - size - step * i for i in reversed(range(rows))]
    lefts = [width - 16 - size - step * i for i in reversed(range(columns))]
    return [[panel[y : y + size, x : x + size] for x in lefts] for y in tops]


def test_pictures_lie_in_titled_columns() -> None:
    red, green, blue = _flat(200, 0, 0), _flat(0, 200, 0), _flat(0, 0, 200)
    panel = tile({"first": [red, green], "nothing": [None, None], "second": [None, blue]})
    assert panel.shape == (32 + 28 + 16 + 8 + 16, 32 + 16 + 8 + 16, 3)
    (a, empty), (b, c) = _cells(panel, 2, 2, 16)
    for cell, picture in ((a, red), (b, green), (c, blue)):
        np.testing.assert_array_equal(cell, picture)
    assert empty.min() > 230
    title_band = panel[:44]
    assert title_band.min() < 100
    assert panel[44:, :16].min() == 255


def test_titles_start_where_their_columns_do() -> None:
    wide = [_flat(255, 255, 255, size=256)]
    panel = tile({"HHH": wide, "H": wide})
    ink = np.flatnonzero((panel[:44] < 128).any(axis=(0, 2)))
    second = 16 + 256 + 8
    assert 0 <= ink.min() - 16 <= 3
    assert 0 <= ink[ink > 200].min() - second <= 3


def test_a_panel_without_pictures_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a picture"):
        tile({"nothing": [None]})
    with pytest.raises(ValueError, match="needs a picture"):
        training_panel([], PENN13)


def test_a_training_panel_shows_all_that_there_is() -> None:
    rows = [_row(0), replace(_row(1), reconstruction=None)]
    panel = training_panel(rows, PENN13)
    cells = _cells(panel, 2, 6, 256)
    assert panel.shape[1] == 32 + 6 * 256 + 5 * 8
    np.testing.assert_array_equal(cells[0][0], enlarge(rows[0].source))
    np.testing.assert_array_equal(cells[0][1], enlarge(rows[0].target))
    np.testing.assert_array_equal(cells[0][2], enlarge(_flat(0, 0, 200, size=128)))
    assert cells[1][2].min() > 230
    for row, (*_, keypoints, prediction, truth) in zip(rows, cells, strict=True):
        assert row.self_points is not None
        expected = draw_points(row.target, row.self_points, row.contribution)
        np.testing.assert_array_equal(keypoints, expected)
        np.testing.assert_array_equal(prediction, draw_skeleton(row.target, row.points, PENN13))
        np.testing.assert_array_equal(truth, draw_skeleton(row.target, row.truth, PENN13))


def test_a_network_without_the_self_supervised_task_has_fewer_columns() -> None:
    bare = replace(_row(), reconstruction=None, self_points=None, contribution=None)
    assert training_panel([bare], PENN13).shape[1] == 32 + 4 * 256 + 3 * 8


def test_pictures_given_are_left_as_they_are() -> None:
    row = _row()
    before = row.target.copy()
    training_panel([row], PENN13)
    np.testing.assert_array_equal(row.target, before)


@given(x=st.floats(10, 118), y=st.floats(10, 118))
def test_points_are_drawn_where_they_are(x: float, y: float) -> None:
    discs = draw_points(_GREY, np.array([[x, y]]))
    np.testing.assert_allclose(_centre(discs), [x, y], atol=0.1)
    points = np.full((7, 2), np.nan)
    points[0] = x, y
    np.testing.assert_allclose(_centre(draw_skeleton(_GREY, points, BBC7)), [x, y], atol=0.1)


def test_the_area_of_a_keypoint_follows_its_contribution() -> None:
    points = np.array([[30, 30], [60, 60], [90, 90], [30, 90]])
    picture = draw_points(_GREY, points, np.array([0.0, 0.3, 1.0, np.pi]))
    areas = [_count(picture, colour) for colour in distinct_colours(4)]
    assert 10 < areas[0] < areas[1] < areas[2] < areas[3]
    assert _count(draw_points(_GREY, points, np.full(4, 50.0)), distinct_colours(4)[0]) < 300


def test_a_small_keypoint_lies_on_a_large_one() -> None:
    points = np.array([[60, 60], [60, 60]])
    for contribution in ([0, 2], [2, 0]):
        picture = draw_points(_GREY, points, np.array(contribution))
        assert all(_count(picture, colour) > 10 for colour in distinct_colours(2))


def test_limbs_have_the_colour_of_their_side() -> None:
    # head, right and left wrist, elbow, shoulder
    points = np.array([[64, 10], [20, 90], [108, 90], [20, 60], [108, 60], [40, 30], [88, 30]])
    picture = draw_skeleton(_GREY, points, BBC7)
    middles = {_SKY_BLUE: (20, 75), _ORANGE: (108, 75), _GREEN: (64, 30)}
    for colour, (x, y) in middles.items():
        np.testing.assert_array_equal(picture[ZOOM * y, ZOOM * x], colour)


def test_joints_without_weight_are_left_out_with_their_limbs() -> None:
    points = np.array([[64, 10], [20, 90], [108, 90], [20, 60], [108, 60], [40, 30], [88, 30]])
    weights = np.ones(7)
    weights[5] = 0  # the right shoulder: no upper arm and no line to the other shoulder
    picture = draw_skeleton(_GREY, points, BBC7, weights)
    for x, y in ((40, 30), (30, 45), (64, 30)):
        np.testing.assert_array_equal(picture[ZOOM * y, ZOOM * x], _PLAIN[ZOOM * y, ZOOM * x])
    np.testing.assert_array_equal(picture[ZOOM * 75, ZOOM * 20], _SKY_BLUE)
    np.testing.assert_array_equal(draw_skeleton(_GREY, points, BBC7, np.zeros(7)), _PLAIN)


def test_what_is_no_number_or_outside_is_not_seen() -> None:
    outside = np.array([[np.nan, 3], [np.inf, 3], [-50, -50], [1e30, -1e30]])
    np.testing.assert_array_equal(draw_points(_GREY, outside), _PLAIN)


@pytest.mark.parametrize("count", [0, 1, 30, 60])
def test_keypoints_have_colours_that_differ(count: int) -> None:
    colours = distinct_colours(count)
    assert len(set(colours)) == count
    rgb = np.array([*colours, (27, 31, 39)], np.float32) / 255
    lab = cv2.cvtColor(rgb[None], cv2.COLOR_RGB2Lab)[0]
    distances = np.linalg.norm(lab[:, None] - lab, axis=-1)[~np.eye(count + 1, dtype=bool)]
    assert (distances > (25 if count <= 30 else 15)).all()
