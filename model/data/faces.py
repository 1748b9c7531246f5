"""Faces, and heads of cats, with their landmarks, each data set in its owners' layout.

- AFLW as IMM's authors give it out (method 3.6), cut faces with 5 landmarks:
  ``output/image00002_00001.jpg``, ``aflw_train_images.txt`` with a name per line, and
  ``aflw_train_keypoints.mat`` with ``gt`` (N, 5, 2), row and column in pixels, and ``hw`` (N, 2),
  the pictures' heights and widths; the same for ``test``.
- CelebA and its part MAFL, for method 3, aligned faces of 178 x 218 pixels with 5 landmarks:
  ``img_align_celeba/000001.jpg`` with ``list_landmarks_align_celeba.txt`` and
  ``list_eval_partition.txt``, also in the folders ``Img``, ``Anno`` and ``Eval`` that the archives
  come with; MAFL's lists are ``MAFL/training.txt`` and ``MAFL/testing.txt``.
- Faces with 68 landmarks in ``.pts`` files: 300-W, and MultiPIE as the prior of method 2.8.
- Cat heads (Zhang, Sun and Tang, ECCV 2008): ``CAT_00/00000001_000.jpg`` and ``....jpg.cat``. A
  label is one line: 9, then x and y of the left eye, the right eye, the mouth, three points of the
  left ear and three of the right one, both from the picture's left to its right.
- VoxCeleb2 as extracted frames, faces that speak: ``id00012/<video>/<clip>/<frame>.jpg``. The
  release has videos of 224 x 224 pixels, in ``dev`` and ``test``; their frames are to be extracted
  in the same tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE
from model.core.errors import UserError
from model.core.skeleton import CAT7, CELEBA5, FACES68
from model.data.files import Half, Part, half_of, read_lines, read_mat, read_text, training_part
from model.data.frames import NamedImages, resized_points, still_clips
from model.data.poses import head_clip, head_squares
from model.data.records import VISIBLE, BadDataError, Clip, DataSet, Split

_AFLW = (
    "Get AFLW from http://www.robots.ox.ac.uk/~vgg/research/unsupervised_landmarks/resources/"
    "aflw_release-2.zip (for research)."
)


def read_aflw(root: Path, part: Part) -> DataSet:
    """AFLW's training faces without their last 10 %, these, or the test faces; stills.

    Pictures are resized to 128 x 128, whatever that does to their proportions, and are used whole.
    Landmarks are taken as given and all are visible. ``BadDataError`` names what is missing or
    damaged.
    """
    file = "test" if part == "test" else "train"
    names = read_lines(root / f"aflw_{file}_images.txt", _AFLW)
    path = root / f"aflw_{file}_keypoints.mat"
    labels = read_mat(path, ("gt", "hw"), _AFLW)
    count = len(names)
    try:
        marks = labels["gt"].astype(np.float64).reshape(count, len(CELEBA5), 2)
        sizes = labels["hw"].astype(np.float64).reshape(count, 1, 2)
        if not (sizes > 0).all():
            raise ValueError("a picture has no size")
    except (TypeError, ValueError) as error:
        raise BadDataError(
            f"{path} does not have 5 points and a size for each of the {count} pictures listed "
            f"({error}). {_AFLW}"
        ) from error
    size = (CROP_SIZE, CROP_SIZE)
    joints = resized_points(marks[..., ::-1], sizes[..., ::-1], size)
    rows = training_part(count, part)
    clips = still_clips(
        root / "output",
        names[rows],
        np.tile([CROP_SIZE / 2, CROP_SIZE / 2, float(CROP_SIZE)], (count, 1))[rows],
        joints[rows],
        np.full((count, len(CELEBA5)), VISIBLE, np.uint8)[rows],
        size=size,
    )
    return DataSet(f"AFLW ({part})", CELEBA5, tuple(clips))


_CELEBA = (
    "Get CelebA's aligned images, landmarks and partition from "
    "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, and MAFL's training.txt and testing.txt "
    "from https://github.com/zhzhanp/TCDCN-face-alignment; or all of it from "
    "http://www.robots.ox.ac.uk/~vgg/research/unsupervised_landmarks/resources/celeba.zip."
)
_IMAGES = (
    "img_align_celeba", "Img/img_align_celeba", "img_align_celeba_hq", "Img/img_align_celeba_hq"
)  # fmt: skip
_ALIGNED = (178, 218)
_RESIZED = 160
_TRAINING = "0"


def read_celeba(root: Path, split: Split) -> DataSet:
    """What IMM trains on without labels, or MAFL's test faces; stills (method 3.6).

    Training is the official training partition without MAFL's test faces and the last 10 % of its
    training faces. Pictures are resized to 160 x 160, whatever that does to their proportions, and
    squares are the 128 pixels in the middle. Landmarks are multiplied by the same ratios, as in the
    released code, and all are visible.

    ``BadDataError`` names what is missing or damaged.
    """
    if split == "test":
        return read_mafl(root, "test")
    names, joints = _landmarks(root)
    partition = _partition(root)
    left_out = set(_mafl(root, names, "test")) | set(_mafl(root, names, "train10"))
    chosen = [
        row
        for row, name in enumerate(names)
        if partition.get(name) == _TRAINING and row not in left_out
    ]
    return _data_set(root, "CelebA (train)", names, joints, chosen)


def read_mafl(root: Path, part: Part) -> DataSet:
    """MAFL's faces to fit landmarks on ("train"), held out of these ("train10"), or to test on.

    The last 10 % are those with the highest numbers (method 3.5). Otherwise as ``read_celeba``.
    """
    names, joints = _landmarks(root)
    return _data_set(root, f"MAFL ({part})", names, joints, _mafl(root, names, part))


def _mafl(root: Path, names: list[str], part: Part) -> list[int]:
    """The rows of a part of MAFL in CelebA's list."""
    path = _found(root, ("MAFL", "mafl", "."), "testing.txt" if part == "test" else "training.txt")
    listed = set(read_lines(path, _CELEBA))
    rows = [row for row, name in enumerate(names) if name in listed]
    if len(rows) != len(listed):
        raise BadDataError(
            f"{path} lists {len(listed)} pictures, of which CelebA has {len(rows)}. {_CELEBA}"
        )
    return rows[training_part(len(rows), part)]


def _landmarks(root: Path) -> tuple[list[str], NDArray[np.float32]]:
    """All pictures by name, and their landmarks (N, 5, 2) in the resized picture."""
    path = _found(root, (".", "Anno"), "list_landmarks_align_celeba.txt")
    rows = [line.split() for line in read_lines(path, _CELEBA)[2:]]
    try:
        joints = np.array([row[1:] for row in rows], np.float32).reshape(len(rows), 5, 2)
    except ValueError as error:
        raise BadDataError(
            f"{path} is no list of landmarks ({error}): a number, names, then for each picture its "
            f"name and 10 numbers are expected. {_CELEBA}"
        ) from error
    # As released: multiplied by the sizes' ratio, wherever pixels have their centres.
    ratio = np.float32(_RESIZED) / np.array(_ALIGNED, np.float32)
    return [row[0] for row in rows], joints * ratio


def _partition(root: Path) -> dict[str, str]:
    """To which part each picture belongs: 0 training, 1 validation, 2 test."""
    path = _found(root, (".", "Eval"), "list_eval_partition.txt")
    rows = [line.split() for line in read_lines(path, _CELEBA)]
    if any(len(row) != 2 for row in rows):
        raise BadDataError(f"{path} does not have a name and a number in each line. {_CELEBA}")
    return dict(rows)


def _data_set(
    root: Path, title: str, names: list[str], joints: NDArray[np.float32], rows: list[int]
) -> DataSet:
    folder = next((root / name for name in _IMAGES if (root / name).is_dir()), None)
    if folder is None:
        raise BadDataError(f"There is no folder of images {root / _IMAGES[0]}. {_CELEBA}")
    square = [_RESIZED / 2, _RESIZED / 2, float(CROP_SIZE)]
    clips = still_clips(
        folder,
        [names[row] for row in rows],
        np.tile(square, (len(rows), 1)),
        joints[rows],
        np.full((len(rows), len(CELEBA5)), VISIBLE, np.uint8),
        size=(_RESIZED, _RESIZED),
    )
    return DataSet(title, CELEBA5, tuple(clips))


def _found(root: Path, folders: tuple[str, ...], name: str) -> Path:
    places = [root / folder / name for folder in folders]
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise BadDataError(f"There is no list {' or '.join(map(str, places))}. {_CELEBA}")
    return found


_COUNT = re.compile(r"n_points:\s*(\d+)\s*$")


def read_pts(path: Path, where: str) -> NDArray[np.float32]:
    """The points (N, 2) of a file, (x, y) in pixels, the centre of the first pixel at (0, 0).

    ``where`` is a sentence that says how to get the data set. ``BadDataError`` names a file that is
    missing or damaged.
    """
    head, _, rest = read_text(path, where).partition("{")
    body, closed, _ = rest.partition("}")
    announced = _COUNT.search(head)
    try:
        points = np.array(body.split(), np.float64).reshape(-1, 2)
    except ValueError:
        points = np.empty((0, 2))
    whole = announced is not None and closed and len(points) == int(announced[1]) > 0
    if not whole or not np.isfinite(points).all():
        raise BadDataError(
            f"{path} is no whole landmark file: 'n_points: N', then N pairs of numbers between "
            f"braces are expected. {where}"
        )
    return (points - 1).astype(np.float32)


_300W = (
    "Get 300-W (AFW, HELEN, LFPW and IBUG) from "
    "https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/."
)
_MULTIPIE = (
    "Get MultiPIE's landmarks from https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/."
)
_300W_FOLDERS = {
    "train": ("afw", "helen/trainset", "lfpw/trainset"),
    "test": ("helen/testset", "lfpw/testset", "ibug"),
}
_PICTURES = (".jpg", ".png", ".jpeg", ".JPG", ".PNG")


def read_300w(root: Path, split: Split) -> DataSet:
    """300-W's 3,148 training or 689 test faces, stills, in Faces-68 landmarks.

    The test faces are the protocol's full set; clips are called ``folder/name``, so that its
    challenging subset is those that begin with ``ibug/``. Squares are about the landmarks
    (``head_squares``), which are counted from 0 here and all count as visible.

    ``UserError`` names folders that are missing, ``BadDataError`` a file.
    """
    folders = [root / name for name in _300W_FOLDERS[split]]
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise UserError(f"300-W's {split} faces lack the folders {', '.join(missing)}. {_300W}")
    clips = [
        clip
        for folder, name in zip(folders, _300W_FOLDERS[split], strict=True)
        for clip in _stills(folder, name)
    ]
    return DataSet(f"300-W ({split})", FACES68, tuple(clips))


def read_multipie(root: Path) -> DataSet:
    """MultiPIE's 68 landmarks without pictures, one clip per subject.

    Faces in profile have 39 landmarks and are left out. Squares are about the landmarks
    (``head_squares``), which all count as visible.

    ``UserError`` if there are none; ``BadDataError`` names a damaged file.
    """
    subjects: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("[!.]*.pts")):
        subjects.setdefault(path.stem.partition("_")[0], []).append(path)
    clips = [_subject(subject, paths) for subject, paths in subjects.items()]
    kept = tuple(clip for clip in clips if len(clip))
    if not kept:
        raise UserError(
            f"{root} does not hold MultiPIE's landmarks: files '*.pts' with 68 points are "
            f"expected in it or below. {_MULTIPIE}"
        )
    return DataSet("MultiPIE", FACES68, kept)


def _stills(folder: Path, name: str) -> list[Clip]:
    paths = sorted(folder.glob("[!.]*.pts"))
    if not paths:
        raise BadDataError(f"There are no landmarks {folder}/*.pts. {_300W}")
    marks = [read_pts(path, _300W) for path in paths]
    for path, points in zip(paths, marks, strict=True):
        if len(points) != len(FACES68):
            raise BadDataError(f"{path} has {len(points)} points, not {len(FACES68)}. {_300W}")
    joints = np.stack(marks)
    visible = np.full(joints.shape[:2], VISIBLE, np.uint8)
    pictures = [_picture(path) for path in paths]
    boxes = head_squares(joints, visible)
    return list(still_clips(folder, pictures, boxes, joints, visible, prefix=f"{name}/"))


def _picture(path: Path) -> str:
    for suffix in _PICTURES:
        if path.with_suffix(suffix).is_file():
            return path.stem + suffix
    raise BadDataError(
        f"There is no picture {path.with_suffix('.jpg')} or .png beside its .pts file. {_300W}"
    )


def _subject(subject: str, paths: list[Path]) -> Clip:
    found = (read_pts(path, _MULTIPIE) for path in paths)
    marks = [points for points in found if len(points) == len(FACES68)]
    joints = np.array(marks, np.float32).reshape(-1, len(FACES68), 2)
    visible = np.full(joints.shape[:2], VISIBLE, np.uint8)
    return head_clip(subject, subject, joints, visible, f"MultiPIE's subject {subject}")


_CATS = (
    "Get the cat head data set, folders CAT_00 to CAT_06, from "
    "https://academictorrents.com/details/c501571c29d16d7f41d159d699d0e7fb37092cbd."
)
_CAT_FOLDERS = {"train": tuple(f"CAT_{i:02d}" for i in range(6)), "test": ("CAT_06",)}
_POINTS = 9
# CAT-7's order. Of each ear the inner end of its base is left out: the third point of the left
# ear and the first of the right one.
_KEPT = (0, 1, 2, 3, 4, 7, 8)


def read_cat_heads(root: Path, split: Split, *, half: Half | None = None) -> DataSet:
    """The cats of the folders 00 to 05 for training, or of 06 for the test; stills, CAT-7 points.

    The owners' random division is not given out, and which 7 of the 9 points the paper used is not
    known: both are our choice, as told above. ``half`` keeps one half of the list, as pictures and
    prior come from different ones (method 2.8). Squares are about the points (``head_squares``),
    which are taken as given and all count as visible.

    ``UserError`` if ``root`` is no such folder; ``BadDataError`` names a damaged label.
    """
    paths = [
        path for name in _CAT_FOLDERS[split] for path in sorted((root / name).glob("[!.]*.jpg.cat"))
    ]
    if not paths:
        raise UserError(
            f"{root} does not hold cat heads: '{_CAT_FOLDERS[split][0]}/*.jpg.cat' are expected. "
            f"{_CATS}"
        )
    clips = [_cat(path) for path in half_of(paths, half)]
    return DataSet(f"cat heads ({split})", CAT7, tuple(clips))


def _cat(path: Path) -> Clip:
    joints = _cat_points(path)[None, _KEPT]
    visible = np.full(joints.shape[:2], VISIBLE, np.uint8)
    boxes = head_squares(joints, visible)
    folder, picture = path.parent, path.name.removesuffix(".cat")
    (clip,) = still_clips(folder, [picture], boxes, joints, visible, prefix=f"{folder.name}/")
    return clip


def _cat_points(path: Path) -> NDArray[np.float32]:
    try:
        numbers = np.array(read_text(path, _CATS).split(), np.float32)
        points = numbers[1:].reshape(_POINTS, 2)
        if int(numbers[0]) != _POINTS:
            raise ValueError(f"it announces {numbers[0]:g} points")
    except (IndexError, ValueError) as error:
        raise BadDataError(
            f"{path} is no label of a cat ({error}): the number {_POINTS} and {_POINTS} pairs of "
            f"numbers are expected. {_CATS}"
        ) from error
    return points


_VOXCELEB = (
    "Get VoxCeleb2 from https://www.robots.ox.ac.uk/~vgg/data/voxceleb/ and extract each video's "
    "frames, for example: ffmpeg -i 00001.mp4 -r 1 00001/%06d.jpg"
)
_PART = {"train": "dev", "test": "test"}


def read_voxceleb2(root: Path, split: Split) -> DataSet:
    """The development or test people of VoxCeleb2, a clip per utterance, without any labels.

    ``root`` holds ``dev`` and ``test``, or the people themselves, which then are for training. The
    joint set is Faces-68, as of the prior that goes with these pictures; all landmarks are absent.
    Pictures are resized to 128 x 128 and are used whole.

    ``UserError`` if ``root`` is no such folder.
    """
    part = root / _PART[split]
    folder = root if split == "train" and not part.is_dir() else part
    clips = tuple(_utterances(folder))
    if not clips:
        raise UserError(
            f"{folder} does not hold frames of VoxCeleb2: 'id*/VIDEO/CLIP/*.jpg' are expected. "
            f"{_VOXCELEB}"
        )
    return DataSet(f"VoxCeleb2 ({split})", FACES68, clips)


def _utterances(folder: Path) -> Iterator[Clip]:
    middle, side = CROP_SIZE / 2, float(CROP_SIZE)
    for place in sorted(path for path in folder.glob("id*/*/*") if path.is_dir()):
        # By number, though it be written without zeros before it.
        names = sorted((p.name for p in place.glob("[!.]*.jpg")), key=lambda n: (len(n), n))
        if not names:
            continue
        person, video, clip = place.parts[-3:]
        yield Clip(
            name=f"{person}/{video}/{clip}",
            person=person,
            frames=NamedImages(place, names, (CROP_SIZE, CROP_SIZE)),
            boxes=np.tile([middle, middle, side], (len(names), 1)),
            joints=np.full((len(names), len(FACES68), 2), np.nan, np.float32),
            visible=np.zeros((len(names), len(FACES68)), np.uint8),
        )
