"""How IMM is measured: labelled landmarks, regressed from the points it found (method 3.5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.core.crop import crop_matrix, transform
from model.core.errors import UserError, check_number
from model.data.records import ABSENT, BadDataError, Clip, DataSet
from model.evaluation.metrics import LinearMap, fit_linear_map
from model.imm.data import cut
from model.imm.networks import Imm

PICTURE = 128
HELD_OUT = 0.1

Points = NDArray[np.floating]


@dataclass(frozen=True)
class LandmarkResult:
    """``error`` is the mean distance over that of the eyes, times 100, on the test pictures.

    Where there are no eyes, it is over the picture's side. ``held_out`` is the same on the last
    tenth of the training pictures, which were not fitted to, None if there was no such part.
    ``landmarks`` (N, L, 2), (x, y) in pixels, are the predicted.
    """

    error: float
    held_out: float | None
    landmarks: NDArray[np.float64]
    regression: LinearMap


@dataclass(frozen=True)
class LabelCount:
    """The error with ``labelled`` pictures: mean and standard deviation over ``draws`` of them."""

    labelled: int
    error: float
    deviation: float
    draws: int


@torch.no_grad()
def points_of(network: Imm, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The points (N, K, 2), in [-1, 1], of pictures (N, S, S, 3); the network is in eval mode."""
    images = torch.from_numpy(pictures).to(network.device).permute(0, 3, 1, 2).float()
    return network.points(images).double().cpu().numpy()


def found_and_labelled(
    network: Imm, people: DataSet, batch_size: int = 100
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The network's points (N, K, 2), in [-1, 1], and the labels (N, L, 2), frame by frame.

    Labels are (x, y) in pixels of the S x S picture that the network sees, uncut and unwarped but
    for the frame's own square. Frames that lack a label are left out: the regression needs all.
    The network is put in evaluation mode. ``BadDataError`` for a frame that cannot be read, or if
    none has all its labels.
    """
    size = network.spec.size
    network.eval()
    places = _labelled_frames(people)
    if not places:
        raise BadDataError(
            f"No frame of {people.name} has a label for every landmark, and the regression needs "
            "all. Choose other data."
        )
    points = []
    for start in range(0, len(places), batch_size):
        cuts = [cut(clip, frame, frame, size) for clip, frame in places[start : start + batch_size]]
        points.append(points_of(network, np.stack(cuts)))
    labels = [_labels(clip, frame, size) for clip, frame in places]
    return np.concatenate(points), np.stack(labels)


def landmark_features(points: Points, size: int = PICTURE) -> NDArray[np.float64]:
    """Points (N, K, 2) in [-1, 1] as the regression's features: (N, 2K), pixels of the picture.

    (p + 1) / 2 * size. The released code has (y, x) and so another order of the features, which
    makes no difference to the fit.
    """
    return ((np.asarray(points, np.float64) + 1) / 2 * size).reshape(len(points), -1)


def fitting_rows(count: int, held_out: float = HELD_OUT) -> tuple[slice, slice]:
    """The rows of a training list to fit on, and those kept out: its last tenth, rounded.

    ``UserError`` if the share is not in [0, 1) or leaves nothing to fit on.
    """
    if not 0 <= held_out < 1:
        raise UserError(f"The share kept out was {held_out}; it must be from 0 to below 1.")
    kept = math.floor(held_out * count + 0.5)
    if count <= kept:
        raise UserError(
            f"Of {count} training pictures {kept} would be kept out, which leaves none to fit on. "
            "Give more pictures, or a smaller share."
        )
    return slice(0, count - kept), slice(count - kept, count)


def eye_distance_errors(
    predicted: Points, truth: Points, eyes: tuple[int, int]
) -> NDArray[np.float64]:
    """The distance of each landmark over that of the labelled eyes, times 100: (N, L).

    ``predicted`` and ``truth`` (N, L, 2); ``eyes`` are the landmarks of the left and the right eye.
    ``BadDataError`` if both are at one place in some picture.
    """
    found, wanted = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    if found.shape != wanted.shape or not all(0 <= eye < wanted.shape[1] for eye in eyes):
        raise UserError(
            f"Landmarks of shape {found.shape} cannot be compared with labels of shape "
            f"{wanted.shape} and the eyes {eyes}. Give as many of both, and eyes among them."
        )
    left, right = eyes
    between = np.linalg.norm(wanted[:, left] - wanted[:, right], axis=-1)
    if not (between > 0).all():
        raise BadDataError(
            f"In {int((~(between > 0)).sum())} of {len(wanted)} pictures (first: number "
            f"{int(np.argmin(between > 0))}) both eyes are labelled at one place, so no error can "
            "be given in units of their distance. Leave those pictures out."
        )
    return 100 * np.linalg.norm(found - wanted, axis=-1) / between[:, None]


def evaluate_landmarks(
    train: tuple[Points, Points],
    test: tuple[Points, Points],
    eyes: tuple[int, int] | None,
    *,
    alpha: float = 0.0,
    intercept: bool = False,
    held_out: float = HELD_OUT,
    size: int = PICTURE,
) -> LandmarkResult:
    """IMM's protocol: fit on the training list without its last tenth, measure on the test list.

    ``train`` and ``test`` are each the network's points (N, K, 2) in [-1, 1] and the labelled
    landmarks (N, L, 2), (x, y) in pixels of the ``size`` x ``size`` picture. Without ``eyes``
    errors are in percent of that side, which is for landmarks other than faces. The released
    regression has no ``intercept`` and a ridge of 0 (``alpha``). ``UserError`` for what does not
    fit together.
    """
    features, labels = landmark_features(train[0], size), np.asarray(train[1], np.float64)
    fitted, kept = fitting_rows(len(labels), held_out)
    flat = labels.reshape(len(labels), -1)
    regression = fit_linear_map(features[fitted], flat[fitted], alpha=alpha, intercept=intercept)
    predicted = regression(landmark_features(test[0], size)).reshape(np.shape(test[1]))
    aside: float | None = None
    if kept.stop > kept.start:
        tried = regression(features[kept]).reshape(labels[kept].shape)
        aside = _error(tried, labels[kept], eyes, size)
    error = _error(predicted, test[1], eyes, size)
    return LandmarkResult(error, aside, predicted, regression)


def errors_by_labels(
    train: tuple[Points, Points],
    test: tuple[Points, Points],
    eyes: tuple[int, int] | None,
    counts: Sequence[int],
    *,
    draws: int = 10,
    seed: int = 0,
    alpha: float = 0.0,
    intercept: bool = False,
    held_out: float = HELD_OUT,
    size: int = PICTURE,
) -> list[LabelCount]:
    """How many labelled pictures are needed: the protocol with only so many of those fitted to.

    Each of ``counts`` is drawn ``draws`` times, without replacement; a count that is not below the
    number of pictures means all of them, once. The rest as in ``evaluate_landmarks``.
    """
    check_number("draws", draws, draws >= 1, "1 or more")
    rng = np.random.default_rng(seed)
    fitted, _ = fitting_rows(len(train[1]), held_out)
    points, labels = np.asarray(train[0])[fitted], np.asarray(train[1])[fitted]
    results = []
    for count in counts:
        check_number("labels", count, count >= 1, "1 or more pictures each")
        whole = count >= len(labels)
        chosen = (
            [np.arange(len(labels))]
            if whole
            else [rng.choice(len(labels), count, replace=False) for _ in range(draws)]
        )
        errors = [
            evaluate_landmarks(
                (points[rows], labels[rows]),
                test,
                eyes,
                alpha=alpha,
                intercept=intercept,
                held_out=0.0,
                size=size,
            ).error
            for rows in chosen
        ]
        spread = float(np.std(errors, ddof=1)) if len(errors) > 1 else 0.0
        results.append(LabelCount(len(chosen[0]), float(np.mean(errors)), spread, len(errors)))
    return results


def in_frames(people: DataSet, landmarks: Points, size: int = PICTURE) -> NDArray[np.float64]:
    """Landmarks (N, L, 2) of the frames of ``found_and_labelled`` in pixels of the stored frames.

    Only how far they lie from each other is right: all squares are moved to one corner.
    """
    sides = np.array([clip.box(frame).side for clip, frame in _labelled_frames(people)])
    return np.asarray(landmarks, np.float64) * (sides / size)[:, None, None]


def _labelled_frames(people: DataSet) -> list[tuple[Clip, int]]:
    return [
        (clip, int(frame))
        for clip in people
        for frame in np.flatnonzero((clip.visible != ABSENT).all(axis=1))
    ]


def _error(predicted: Points, truth: Points, eyes: tuple[int, int] | None, size: int) -> float:
    if eyes is not None:
        return float(eye_distance_errors(predicted, truth, eyes).mean())
    distance = np.linalg.norm(np.asarray(predicted) - np.asarray(truth), axis=-1)
    return float(100 * distance.mean() / size)


def _labels(clip: Clip, frame: int, size: int) -> NDArray[np.float64]:
    return transform(clip.joints[frame], crop_matrix(clip.box(frame), size))
