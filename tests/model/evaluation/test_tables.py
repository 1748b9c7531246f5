from __future__ import annotations

import math

from model.evaluation.tables import figure, markdown_table


def test_columns_are_padded_and_figures_stand_to_the_right() -> None:
    table = markdown_table(["Joint", "PCK"], [["head", "97.25"], ["left wrist", "5.00"]])
    assert table.splitlines() == [
        "| Joint      |   PCK |",
        "| ---------- | ----: |",
        "| head       | 97.25 |",
        "| left wrist |  5.00 |",
    ]


def test_what_is_unknown_is_a_dash() -> None:
    assert (figure(math.nan), figure(0), figure(86.155)) == ("–", "0.00", "86.16")
