from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QFont, QFontMetricsF
from PyQt6.QtWidgets import QApplication

from app.gui.painting import Label, place

_INSIDE = QRectF(0, 0, 800, 600)
_POINTS = st.lists(st.tuples(st.integers(300, 500), st.integers(200, 400)), min_size=1, max_size=6)


def _labels(points: list[tuple[int, int]]) -> list[Label]:
    joint = QPointF(400, 300)
    return [Label("0.42", QPointF(x, y), joint) for x, y in points]


@given(points=_POINTS)
def test_labels_cover_neither_each_other_nor_a_point(
    qapp: QApplication, points: list[tuple[int, int]]
) -> None:
    labels = _labels(points)
    placed = place(labels, QFontMetricsF(QFont()), _INSIDE, clearance=10)
    assert len(placed) == len(labels)
    assert not any(a.intersects(b) for a, b in combinations(placed, 2))
    assert not any(rect.contains(label.point) for rect in placed for label in labels)
    assert all(_INSIDE.contains(rect) for rect in placed)


def test_a_label_turns_away_from_the_joint(qapp: QApplication) -> None:
    left, right = _labels([(300, 300), (500, 300)])
    (first, second) = place([left, right], QFontMetricsF(QFont()), _INSIDE, clearance=10)
    assert first.right() < 300
    assert second.left() > 500


def test_a_label_at_the_border_stays_inside(qapp: QApplication) -> None:
    label = Label("left shoulder", QPointF(798, 300), QPointF(400, 300))
    (rect,) = place([label], QFontMetricsF(QFont()), _INSIDE, clearance=10)
    assert _INSIDE.contains(rect)
