from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtGui import QColor

from app.gui import colours
from app.gui.colours import Hue


def test_maps_are_viridis_and_plasma() -> None:
    # Ends and middle as published with the maps (matplotlib 1.5).
    assert colours.viridis()[[0, 255]].tolist() == [[68, 1, 84], [253, 231, 37]]
    assert colours.plasma()[[0, 255]].tolist() == [[13, 8, 135], [240, 249, 33]]
    np.testing.assert_allclose(colours.viridis()[128], [33, 145, 140], atol=2)


def test_amounts_beyond_a_scale_take_its_end() -> None:
    contributions = np.array([-1.0, 0.0, colours.CONTRIBUTION_MAX, 5.0])
    first, zero, end, beyond = colours.contribution_rgb(contributions).tolist()
    assert first == zero == colours.viridis()[0].tolist()
    assert end == beyond == colours.viridis()[255].tolist()


def test_a_higher_weight_is_warmer() -> None:
    reds = colours.weight_rgb(np.linspace(0, colours.WEIGHT_MAX, 6))[:, 0].astype(int)
    assert (np.diff(reds[:5]) > 0).all()


def test_contrast_of_black_on_white_is_the_largest() -> None:
    black, white = QColor("black"), QColor("white")
    assert colours.contrast_ratio(black, white) == pytest.approx(21)
    assert colours.contrast_ratio(white, black) == pytest.approx(21)
    assert colours.contrast_ratio(white, white) == pytest.approx(1)


def test_sides_have_three_colours_that_nothing_else_has() -> None:
    sides = [QColor(side) for side in colours.SIDES.values()]
    others = [hue.colour(dark=dark) for hue in Hue for dark in (False, True)]
    assert len({side.name() for side in sides}) == 3
    assert not {side.name() for side in sides} & {other.name() for other in others}
