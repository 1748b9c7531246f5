from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QColor, QImage, QPainter

from app.gui import colours
from app.gui.painting import Highlight, paint_result, shown_arrows
from app.runtime.live.results import NetworkInfo, PoseResult
from app.settings import Overlays
from model.core.crop import SquareBox

NOTHING = Overlays(*[False] * 8)
GREY = QColor("#808080")


def draw(
    result: PoseResult,
    network: NetworkInfo,
    overlays: Overlays,
    highlight: Highlight | None = None,
    zoom: float = 1.0,
) -> QImage:
    image = QImage(int(640 * zoom), int(480 * zoom), QImage.Format.Format_RGB32)
    image.fill(GREY)
    painter = QPainter(image)
    painter.scale(zoom, zoom)
    paint_result(painter, result, network, overlays, highlight)
    painter.end()
    return image


def changed(image: QImage) -> int:
    """How many pixels were drawn on."""
    bits = image.constBits()
    assert bits is not None
    pixels = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint32)
    return int((pixels != np.uint32(GREY.rgb())).sum())


def between(result: PoseResult, first: int, second: int) -> tuple[int, int]:
    x, y = result.keypoints[[first, second]].mean(axis=0)
    return round(float(x)), round(float(y))


def test_limbs_have_the_colour_of_their_side(pose: PoseResult, network: NetworkInfo) -> None:
    image = draw(pose, network, replace(NOTHING, skeleton=True))
    assert image.pixelColor(*between(pose, 1, 3)) == QColor(colours.SIDES["left"])
    assert image.pixelColor(*between(pose, 2, 4)) == QColor(colours.SIDES["right"])
    assert image.pixelColor(*between(pose, 7, 8)) == QColor(colours.SIDES["middle"])


def test_joints_have_the_colour_of_their_side(pose: PoseResult, network: NetworkInfo) -> None:
    image = draw(pose, network, replace(NOTHING, keypoints=True))
    head, left, right = pose.keypoints[[0, 5, 6]].astype(int).tolist()
    assert image.pixelColor(*head) == QColor(colours.SIDES["middle"])
    assert image.pixelColor(*left) == QColor(colours.SIDES["left"])
    assert image.pixelColor(*right) == QColor(colours.SIDES["right"])


def test_a_network_without_known_sides_is_drawn_neutral(
    pose: PoseResult, network: NetworkInfo
) -> None:
    image = draw(pose, replace(network, sides=()), replace(NOTHING, skeleton=True, keypoints=True))
    assert image.pixelColor(*between(pose, 1, 3)) == QColor(colours.SIDES["middle"])


@pytest.mark.usefixtures("qapp")  # there is no text without
@pytest.mark.parametrize("name", Overlays.__dataclass_fields__)
def test_each_overlay_draws_by_itself(pose: PoseResult, network: NetworkInfo, name: str) -> None:
    shown = replace(pose, unpersonalized=pose.keypoints + 10)
    assert changed(draw(shown, network, NOTHING)) == 0
    assert changed(draw(shown, network, replace(NOTHING, **{name: True}))) > 100


@pytest.mark.usefixtures("qapp")
def test_angles_stand_beside_their_joints_and_not_where_a_joint_is_unsure(
    pose: PoseResult, network: NetworkInfo
) -> None:
    only = replace(NOTHING, angles=True)
    for zoom in (1.0, 2.0):
        image = draw(pose, network, only, zoom=zoom)
        # The left elbow's label lies on the far side from the body, on a dark ground.
        x, y = (pose.keypoints[3] * zoom).astype(int).tolist()
        ground = [image.pixelColor(x + offset, y) for offset in range(20, 60)]
        assert any(colour.lightness() < 60 for colour in ground)
        x, y = (pose.keypoints[0] * zoom).astype(int).tolist()  # the head has no angle
        assert image.pixelColor(x, y) == GREY
    unsure = pose.confidence.copy()
    unsure[1:5] = 0.05
    fewer = draw(replace(pose, confidence=unsure), network, only)
    assert fewer.pixelColor(*pose.keypoints[3].astype(int).tolist()) == GREY
    assert 0 < changed(fewer) < changed(draw(pose, network, only))


def test_confidence_is_opacity(pose: PoseResult, network: NetworkInfo) -> None:
    x, y = pose.keypoints[5].astype(int).tolist()
    seen = []
    for confidence in (0.2, 0.5, 0.9):
        sure = np.full(13, confidence, np.float32)
        image = draw(replace(pose, confidence=sure), network, replace(NOTHING, keypoints=True))
        seen.append(image.pixelColor(x, y).red())
    assert GREY.red() < seen[0] < seen[1] < seen[2] <= QColor(colours.SIDES["left"]).red()


def test_joints_of_low_confidence_are_not_drawn(pose: PoseResult, network: NetworkInfo) -> None:
    unsure = pose.confidence.copy()
    unsure[5] = 0.09
    image = draw(replace(pose, confidence=unsure), network, Overlays(self_keypoints=False))
    assert image.pixelColor(*pose.keypoints[5].astype(int).tolist()) == GREY
    assert image.pixelColor(*between(pose, 3, 5)) == GREY
    assert image.pixelColor(*between(pose, 1, 3)) == QColor(colours.SIDES["left"])


def test_strokes_grow_with_the_person(pose: PoseResult, network: NetworkInfo) -> None:
    limbs = replace(NOTHING, skeleton=True)
    small = changed(draw(replace(pose, box=SquareBox(320, 240, 480)), network, limbs))
    large = changed(draw(replace(pose, box=SquareBox(320, 240, 960)), network, limbs))
    assert large > 1.5 * small


def test_strokes_of_a_tiny_person_are_two_pixels_wide(
    pose: PoseResult, network: NetworkInfo
) -> None:
    far = replace(pose, box=SquareBox(320, 240, 10), keypoints=pose.keypoints.round())
    x, y = between(far, 7, 8)  # a level limb: its width is a column of pixels
    for zoom in (0.5, 1.0):
        image = draw(far, network, replace(NOTHING, skeleton=True), zoom=zoom)
        column = [image.pixelColor(int(x * zoom), int(y * zoom) + d) for d in range(-4, 5)]
        assert sum(c.name() != GREY.name() for c in column) in (
            4,
            5,
        )  # two, and one of halo on each side


def test_the_ghost_is_grey_and_thinner_than_the_limbs(
    pose: PoseResult, network: NetworkInfo
) -> None:
    shown = replace(pose, unpersonalized=pose.keypoints)
    ghost = draw(shown, network, replace(NOTHING, unpersonalized=True), zoom=3)
    limbs = draw(shown, network, replace(NOTHING, skeleton=True), zoom=3)
    x, y = between(pose, 7, 8)
    assert ghost.pixelColor(3 * x, 3 * y) == QColor(colours.GHOST)
    assert changed(ghost) < 0.6 * changed(limbs)


def test_self_keypoints_have_the_colour_of_their_contribution(
    pose: PoseResult, network: NetworkInfo
) -> None:
    contribution = np.zeros(30, np.float32)
    contribution[5] = colours.CONTRIBUTION_MAX
    shown = replace(pose, contribution=contribution)
    image = draw(shown, network, replace(NOTHING, self_keypoints=True))
    low, high = pose.self_keypoints[[6, 5]].astype(int).tolist()
    assert image.pixelColor(*high) == QColor(*colours.viridis()[255].tolist())
    assert image.pixelColor(*low) == QColor(*colours.viridis()[0].tolist())


def test_arrows_are_drawn_above_a_tenth_and_strongest_last(pose: PoseResult) -> None:
    affinity = np.zeros((13, 30), np.float32)
    affinity[2, 7], affinity[2, 8], affinity[4, 1] = 0.5, 0.1, 0.2
    arrows = shown_arrows(replace(pose, affinity=affinity), None)
    assert [(j, k) for j, k, _ in arrows] == [(4, 1), (2, 7)]
    assert [round(w, 3) for _, _, w in arrows] == [0.2, 0.5]


def test_no_arrow_goes_to_a_joint_that_is_not_drawn(pose: PoseResult) -> None:
    unsure = pose.confidence.copy()
    unsure[3] = 0.0
    joints = {joint for joint, _, _ in shown_arrows(replace(pose, confidence=unsure), None)}
    assert joints == set(range(13)) - {3}


def test_a_highlighted_joint_shows_its_arrows_alone(pose: PoseResult, network: NetworkInfo) -> None:
    assert {j for j, _, _ in shown_arrows(pose, Highlight(4))} == {4}
    lit = draw(pose, network, NOTHING, Highlight(4))
    key, other = pose.self_keypoints[[4, 3]].astype(int).tolist()
    fill = QColor(*colours.contribution_rgb(pose.contribution)[4].tolist())
    assert lit.pixelColor(*key) == fill
    assert lit.pixelColor(*other) != fill


def test_a_highlighted_cell_shows_its_arrow_whatever_its_weight(pose: PoseResult) -> None:
    ((joint, keypoint, weight),) = shown_arrows(pose, Highlight(4, 20))
    assert (joint, keypoint) == (4, 20)
    assert weight == pytest.approx(0.4 / 29)


def test_an_arrow_has_the_colour_of_its_weight(pose: PoseResult, network: NetworkInfo) -> None:
    affinity = np.zeros((13, 30), np.float32)
    affinity[11, 0] = 0.4
    shown = replace(pose, affinity=affinity)
    image = draw(shown, network, replace(NOTHING, arrows=True), zoom=3)
    ends = QPointF(*shown.self_keypoints[0].tolist()), QPointF(*shown.keypoints[11].tolist())
    found = image.pixelColor((1.5 * (ends[0] + ends[1])).toPoint())
    assert found == QColor(*colours.weight_rgb(np.array(0.4)).tolist())


def test_a_frame_without_a_person_is_left_as_it_is(pose: PoseResult, network: NetworkInfo) -> None:
    empty, none = np.zeros((0, 2), np.float32), np.zeros(0, np.float32)
    nobody = replace(
        pose,
        box=None,
        keypoints=empty,
        confidence=none,
        self_keypoints=empty,
        affinity=np.zeros((0, 0), np.float32),
        contribution=none,
    )
    assert changed(draw(nobody, network, Overlays(box=True))) == 0


@pytest.mark.parametrize("keypoints", [0, 30])
def test_variants_without_affinity_are_drawn(
    pose: PoseResult, network: NetworkInfo, keypoints: int
) -> None:
    shown = replace(
        pose,
        self_keypoints=pose.self_keypoints[:keypoints],
        affinity=np.zeros((0, 0), np.float32),
        contribution=np.zeros(0, np.float32),
    )
    image = draw(shown, network, Overlays(skeleton=False, keypoints=False, others=False))
    assert (changed(image) > 0) == (keypoints > 0)
    assert changed(draw(shown, network, Overlays(), Highlight(3))) > 0


def test_other_people_are_thin_and_of_one_colour(pose: PoseResult, network: NetworkInfo) -> None:
    image = draw(pose, network, replace(NOTHING, others=True), zoom=2)
    limb = [image.pixelColor(2 * 60, y).name() for y in (2 * 130, 2 * 260)]  # shoulders, hips
    muted, thick = QColor(colours.OTHERS), draw(pose, network, replace(NOTHING, skeleton=True))
    for name in limb:
        found = QColor(name)
        assert abs(found.hue() - muted.hue()) < 20 and found.saturation() > 0
    assert 0 < changed(image) < changed(thick)  # although it is four times as large
    unsure = replace(pose.others[0], keypoint_scores=np.full(17, 0.1, np.float32))
    alone = replace(pose, others=(unsure,))
    assert changed(draw(alone, network, replace(NOTHING, others=True))) == 0
    boxed = changed(draw(alone, network, replace(NOTHING, others=True, box=True)))
    assert boxed > changed(draw(alone, network, replace(NOTHING, box=True)))


_HEADLESS = """
import numpy as np
from PyQt6.QtGui import QImage, QPainter
from app.runtime.live.results import NetworkInfo, PoseResult
from app.settings import Overlays
from app.gui.painting import paint_result
from model.core.crop import SquareBox
f = np.float32
result = PoseResult(0, 0, 0.0, SquareBox(50, 50, 80), f([[30, 30], [70, 70]]), f([1, 1]),
                    f([[30, 70]]), f([[1], [1]]), f([2]), 0, 0.0, f([[35, 30], [75, 70]]))
network = NetworkInfo("n", "transformer", "resnet18", ("a", "b"), ((0, 1),), ("left", "left"), 1)
image = QImage(100, 100, QImage.Format.Format_RGB32)
image.fill(0)
painter = QPainter(image)
paint_result(painter, result, network, Overlays(box=True), None)
painter.end()
print(image.pixelColor(50, 50).name())
"""


def test_it_draws_without_a_gui_application() -> None:
    run = subprocess.run([sys.executable, "-c", _HEADLESS], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == QColor(colours.SIDES["left"]).name()
