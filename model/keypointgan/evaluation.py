"""What a trained KeypointGAN is worth: its points scored, geometry and appearance apart.

The published measures of the points that it finds; and what can be done with it: read a picture's
points, move them, redraw the person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.core.crop import CROP_SIZE, crop_matrix, transform
from model.core.errors import UserError
from model.core.heatmaps import marginal_mean_points
from model.core.panels import resized
from model.core.skeleton import JointSet
from model.data.records import ABSENT, BadDataError, Clip, DataSet
from model.keypointgan.data import cut
from model.keypointgan.networks import KeypointGan, Translation, to_pixels, to_unit


def corrected(
    network: KeypointGan, translation: Translation, used: list[int] | None = None
) -> tuple[Tensor, Tensor]:
    """The points with left and right as the offline regressor has them.

    The offline regressor, frozen since its pre-training, reads the drawn skeleton; a prediction
    that comes closer to it (mean distance over the ``used`` points; None: all) with all left and
    right points swapped is swapped; the release uses the ``drawn_points``. Returns points (N, K, 2)
    and which were swapped (N,).
    """
    offline = marginal_mean_points(network.offline_regressor(translation.clean))
    order = torch.from_numpy(network.spec.skeleton.joint_set.flip_order).to(network.device)
    plain, swapped = translation.points, translation.points[:, order]
    rows = slice(None) if used is None else used

    def distance(points: Tensor) -> Tensor:
        return (points - offline)[:, rows].norm(dim=-1).mean(dim=-1)

    swap = distance(swapped) < distance(plain)
    return torch.where(swap[:, None, None], swapped, plain), swap


def drawn_points(network: KeypointGan) -> list[int]:
    """The points that a network's skeleton images show: of Human3.6M's 32 the published 17."""
    limbs = network.spec.skeleton.limbs
    return sorted({point for limb in limbs for group in limb for point in group})


# Of what is no person, the sides are not exchanged: faces and cats are seen from the front.
_NO_PEOPLE = ("faces68", "cat7")

Unit = Literal["image", "pixels", "inter-ocular", "inter-pupil"]
UNITS: dict[Unit, str] = {
    "image": "% of the image's side",
    "pixels": "pixels of the original picture",
    "inter-ocular": "% of the distance between the outer corners of the eyes",
    "inter-pupil": "% of the distance between the pupils",
}
_EYES: dict[Unit, dict[str, tuple[list[int], list[int]]]] = {
    "inter-ocular": {"faces68": ([36], [45]), "cat7": ([0], [1])},
    # A pupil is the mean of the six points around its eye.
    "inter-pupil": {
        "faces68": (list(range(36, 42)), list(range(42, 48))),
        "cat7": ([0], [1]),
    },
}


@dataclass(frozen=True)
class Found:
    """Points found in N pictures, beside where they are.

    ``points`` and ``truth`` (N, K, 2) float64, (x, y) in -1..1 across the crop; ``marked`` (N, K)
    bool: what the labels mark; ``sides`` (N,): of the crops, in pixels of the original pictures;
    ``groups`` (N,): what is averaged over first; ``swapped`` (N,) bool: whose left and right were
    exchanged. ``skipped`` names frames that could not be used; ``places`` are the clip's number in
    the data set and the frame of each picture.
    """

    joint_set: JointSet
    points: NDArray[np.float64]
    truth: NDArray[np.float64]
    marked: NDArray[np.bool_]
    sides: NDArray[np.float64]
    groups: NDArray[np.str_]
    swapped: NDArray[np.bool_]
    skipped: tuple[str, ...] = ()
    places: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        return len(self.points)

    def with_points(self, points: NDArray[np.floating]) -> Found:
        """The same pictures with other points (N, K, 2), or one pose (K, 2) for all."""
        whole = np.broadcast_to(np.asarray(points, np.float64), self.truth.shape)
        return replace(self, points=whole, swapped=np.zeros(len(self), bool))


@dataclass(frozen=True)
class PointScore:
    """Mean errors: of every group, over the groups, and over the pictures.

    ``either`` is what is left if left and right may be exchanged in each picture's labels;
    ``right_way`` the share (0..1) of pictures that come no closer to their labels by it, of every
    group and then over the groups. NaN where the points have no left and right.
    """

    macro: float
    mean: float
    groups: dict[str, float]
    either: float
    right_way: float
    pictures: int


def find_points(
    network: KeypointGan,
    data_set: DataSet,
    *,
    every: int = 1,
    batch: int = 64,
    correct: bool = True,
    autocast: bool = False,
    group: Callable[[Clip], str] = lambda clip: "all",
    progress: Callable[[int], object] = lambda count: None,
) -> Found:
    """Find the points of every ``every``-th picture; the labels are only carried along.

    ``correct`` exchanges left and right of people where the offline regressor says so. ``group``
    names the group of a clip. The data set has the network's joint set; frames that cannot be read
    are named in the result.
    """
    joint_set = network.spec.skeleton.joint_set
    if data_set.joint_set != joint_set:
        raise UserError(
            f"The network finds {joint_set.name}, {data_set.name} is labelled with "
            f"{data_set.joint_set.name}. Choose data with the network's points, or convert it."
        )
    swapped: list[NDArray[np.bool_]] = []

    def read(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
        points, swap = _read(network, pictures, correct, autocast)
        swapped.append(swap)
        return points

    found = read_points(
        read,
        lambda clip, frame: cut(clip, frame, network.spec.size),
        data_set,
        every=every,
        batch=batch,
        group=group,
        progress=progress,
    )
    return replace(found, swapped=np.concatenate(swapped))


def read_points(
    read: Callable[[NDArray[np.uint8]], NDArray[np.float64]],
    picture: Callable[[Clip, int], NDArray[np.uint8]],
    data_set: DataSet,
    *,
    every: int = 1,
    batch: int = 64,
    group: Callable[[Clip], str] = lambda clip: "all",
    progress: Callable[[int], object] = lambda count: None,
) -> Found:
    """What any network finds in every ``every``-th picture, beside the labels.

    ``picture`` gives a frame as the network sees it, and ``read`` the points (N, K, 2) in pictures
    (N, S, S, 3), as many as it has. The rest as in ``find_points``.
    """
    places = [(n, i) for n, clip in enumerate(data_set) for i in range(len(clip))][::every]
    used: list[tuple[int, int]] = []
    rows: list[tuple[NDArray[np.float64], NDArray[np.bool_], float, str]] = []
    points, skipped = [], []
    for start in range(0, len(places), batch):
        pictures = []
        chunk = places[start : start + batch]
        for number, frame in chunk:
            clip = data_set.clips[number]
            try:
                clip.check(frame)
                pictures.append(picture(clip, frame))
            except BadDataError as error:
                skipped.append(str(error))
                continue
            used.append((number, frame))
            box = clip.box(frame)
            truth = 2 * transform(clip.joints[frame], crop_matrix(box)) / CROP_SIZE - 1
            rows.append((truth, clip.visible[frame] != ABSENT, box.side, group(clip)))
        if pictures:
            points.append(read(np.stack(pictures)))
        progress(len(chunk))
    if not rows:
        raise UserError(f"No picture of {data_set.name} can be read: {skipped[0]}")
    truths, marked, sides, groups = zip(*rows, strict=True)
    return Found(
        data_set.joint_set,
        np.concatenate(points),
        np.stack(truths),
        np.stack(marked),
        np.array(sides),
        np.array(groups),
        np.zeros(len(used), bool),
        tuple(skipped),
        tuple(used),
    )


def score(found: Found, unit: Unit = "image", used: Sequence[int] | None = None) -> PointScore:
    """Errors of the ``used`` points (None: all), each picture's being the mean of those marked.

    Pictures without a marked point do not count; ``UserError`` if none has one.
    """
    plain, other = errors(found, unit, used)
    counts = np.isfinite(plain)
    if not counts.any():
        raise UserError("None of the pictures has a marked point to measure by. Choose others.")
    plain, other, groups = plain[counts], other[counts], found.groups[counts]
    by_group = {str(name): float(plain[groups == name].mean()) for name in np.unique(groups)}
    sided = bool(found.joint_set.flip_pairs)
    either = np.fmin(plain, other)
    return PointScore(
        macro=float(np.mean(list(by_group.values()))),
        mean=float(plain.mean()),
        groups=by_group,
        either=float(np.mean([either[groups == name].mean() for name in by_group]))
        if sided
        else float("nan"),
        right_way=float(np.mean([(plain <= other)[groups == name].mean() for name in by_group]))
        if sided
        else float("nan"),
        pictures=len(plain),
    )


def errors(
    found: Found, unit: Unit = "image", used: Sequence[int] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The error of each picture (N,), and what it is with its labels' left and right exchanged.

    Over the ``used`` points (None: all) that are marked; NaN for a picture without any.
    """
    rows = list(range(len(found.joint_set))) if used is None else list(used)
    size, order = _unit_sizes(found, unit), found.joint_set.flip_order
    plain = _errors(found, found.truth, found.marked, rows) / size
    return plain, _errors(found, found.truth[:, order], found.marked[:, order], rows) / size


def check_unit(unit: Unit, joint_set: JointSet) -> None:
    """``UserError`` if errors of these points cannot be given in the unit."""
    if unit in _EYES and joint_set.name not in _EYES[unit]:
        raise UserError(
            f"The points of {joint_set.name} have no eyes to measure by. Choose the unit image or "
            "pixels."
        )


def _errors(
    found: Found, truth: NDArray[np.float64], marked: NDArray[np.bool_], rows: list[int]
) -> NDArray[np.float64]:
    """Mean distance of each picture's marked points, crops being 2 wide; NaN without any."""
    distance = np.linalg.norm(found.points - truth, axis=-1)[:, rows]
    weight = marked[:, rows]
    total = np.where(weight, distance, 0).sum(axis=1)
    count = weight.sum(axis=1)
    return np.divide(total, count, out=np.full(len(found), np.nan), where=count > 0)


def _unit_sizes(found: Found, unit: Unit) -> NDArray[np.float64]:
    """What to divide distances by, in crops of width 2: to percent, or to pixels."""
    if unit == "image":
        return np.full(len(found), 2 / 100)
    if unit == "pixels":
        return 2 / found.sides
    check_unit(unit, found.joint_set)
    eyes = _EYES[unit][found.joint_set.name]
    left, right = (found.truth[:, eye].mean(axis=1) for eye in eyes)
    distance = np.linalg.norm(left - right, axis=-1) / 100
    return np.where(distance > 0, distance, np.nan)  # else nothing can be measured by it


@torch.inference_mode()
def _read(
    network: KeypointGan, pictures: NDArray[np.uint8], correct: bool, autocast: bool
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    images = to_unit(torch.from_numpy(pictures).permute(0, 3, 1, 2).to(network.device))
    with torch.autocast(network.device.type, torch.bfloat16, enabled=autocast):
        translation = network.translate(images)
        if correct and network.spec.skeleton.name not in _NO_PEOPLE:
            points, swapped = corrected(network, translation, drawn_points(network))
        else:
            points = translation.points
            swapped = torch.zeros(len(points), dtype=torch.bool)
    return points.double().cpu().numpy(), swapped.cpu().numpy()


@dataclass(frozen=True)
class Reading:
    """What a network sees in a picture.

    ``points`` (K, 2) float32, (x, y) in -1..1 across the picture; ``skeleton_image`` and
    ``clean`` (S, S) uint8: the skeleton as it was predicted, and as it is drawn from the points.
    """

    points: NDArray[np.float32]
    skeleton_image: NDArray[np.uint8]
    clean: NDArray[np.uint8]


class Factorization:
    """Reads and redraws people with one network, in eval mode, on the network's device.

    Pictures are square RGB uint8 (any side, 3) and come out in the network's size.
    """

    def __init__(self, network: KeypointGan) -> None:
        self.network = network.eval()

    @property
    def size(self) -> int:
        """Side of the pictures that come out, pixels."""
        return self.network.spec.size

    @torch.inference_mode()
    def read(self, picture: NDArray[np.uint8]) -> Reading:
        """The points of a picture and the skeletons on the way to them."""
        translation = self.network.translate(self._tensor(picture))
        return Reading(
            points=translation.points[0].cpu().numpy(),
            skeleton_image=_grey(translation.skeleton_image),
            clean=_grey(translation.clean),
        )

    @torch.inference_mode()
    def redraw(
        self, points: NDArray[np.floating], appearance: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """The person of the picture ``appearance`` in the pose ``points`` (K, 2)."""
        pose = torch.from_numpy(np.array(points, np.float32))[None].to(self.network.device)
        return self._redrawn(self.network.draw(pose), appearance)

    @torch.inference_mode()
    def cycle(self, picture: NDArray[np.uint8], appearance: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture redrawn from its skeleton image as it was predicted, hidden traces and all.

        For networks without a bottleneck this is their cycle.
        """
        return self._redrawn(self.network.G_A(self._tensor(picture)), appearance)

    def _redrawn(self, skeleton: Tensor, appearance: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = self.network.G_B(skeleton, self._tensor(appearance))
        return np.ascontiguousarray(to_pixels(image)[0].permute(1, 2, 0).cpu().numpy())

    def transfer(self, pose: NDArray[np.uint8], appearance: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The person of ``appearance`` in the pose of whoever is in the picture ``pose``."""
        return self.redraw(self.read(pose).points, appearance)

    def skeleton(self, points: NDArray[np.floating]) -> NDArray[np.uint8]:
        """The skeleton image (S, S) uint8 of ``points`` (K, 2) in -1..1."""
        pose = torch.from_numpy(np.array(points, np.float32))[None]
        return _grey(self.network.draw(pose))

    def _tensor(self, picture: NDArray[np.uint8]) -> Tensor:
        pixels = torch.from_numpy(resized(picture, self.size).copy())
        return to_unit(pixels.permute(2, 0, 1)[None].to(self.network.device))


def _grey(image: Tensor) -> NDArray[np.uint8]:
    return np.ascontiguousarray(to_pixels(image)[0, 0].cpu().numpy())
