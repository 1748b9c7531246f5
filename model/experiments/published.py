"""The papers' numbers.

The first paper's (method 4.1) are percent of joints that are right, mPCK or BBC's mAcc;
KeypointGAN's (method 4.2) are errors. Figures nobody has handed down are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model.core.skeleton import BBC7, H36M16, PENN13, JointSet
from model.data.records import DataSet
from model.evaluation.metrics import mean_title
from model.evaluation.personalized import Mode
from model.ttp.networks import Variant

Method = tuple[Variant, Mode]


@dataclass(frozen=True)
class PaperData:
    """A data set of the paper: ``name`` is short, ``title`` begins the reader's own name."""

    name: str
    title: str
    joint_set: JointSet


PENN = PaperData("Penn", "Penn Action", PENN13)
HUMAN36M = PaperData("H36M", "Human3.6M", H36M16)
BBC = PaperData("BBC", "BBC Pose", BBC7)

MODES: tuple[Mode, ...] = ("none", "online", "offline")


def _with_modes(variant: Variant, *percents: float) -> dict[Method, float]:
    return {(variant, mode): value for mode, value in zip(MODES, percents, strict=False)}


TABLE1: Mapping[PaperData, Mapping[Method, float]] = {
    HUMAN36M: {
        **_with_modes("baseline", 85.42),
        **_with_modes("rotation", 87.37, 88.01, 88.26),
        **_with_modes("keypoint", 87.41, 89.43, 89.05),
        **_with_modes("transformer", 87.90, 91.70, 92.05),
    },
    PENN: {
        **_with_modes("baseline", 85.23),
        **_with_modes("rotation", 84.90, 85.86, 85.93),
        **_with_modes("keypoint", 85.78, 87.27, 88.12),
        **_with_modes("transformer", 86.16, 87.75, 88.98),
    },
    BBC: {
        **_with_modes("baseline", 88.69),
        **_with_modes("rotation", 89.07, 89.34, 88.90),
        **_with_modes("keypoint", 89.65, 91.48, 91.65),
        **_with_modes("transformer", 90.19, 92.51, 92.21),
    },
}

TABLE2: Mapping[PaperData, Mapping[int, float]] = {
    PENN: {1: 87.75, 2: 88.01, 3: 76.27, 4: 76.13},
    BBC: {1: 92.51, 2: 92.64, 3: 92.59, 4: 92.53},
}
"""Online, by update iterations."""

TABLE3_BASELINE, TABLE3_OURS = 85.2, 89.0
TABLE3_VIDEO: Mapping[str, float] = {"Iqbal et al.": 81.1, "Song et al.": 96.5, "Luo et al.": 97.7}
"""On Penn Action, methods that look at several frames at once. Only the means are at hand."""

TABLE4_BASELINE, TABLE4_OURS, TABLE4_EXTRA = 88.7, 92.5, 93.1
TABLE4_VIDEO: Mapping[str, float] = {
    "Charles et al. 2013": 79.9,
    "Pfister et al.": 88.0,
    "Charles et al. 2016": 95.6,
}
"""On BBC Pose; the first is no method for videos, and its number is that which IMM reports."""

TABLE5: Mapping[Method, tuple[float, float]] = {
    ("baseline", "none"): (85.23, 85.68),
    ("transformer", "none"): (86.16, 86.58),
    ("transformer", "online"): (87.75, 88.31),
    ("transformer", "offline"): (88.98, 89.51),
}
"""On Penn Action: as predicted, and smoothed."""

TABLE6: Mapping[Mode, float] = {"none": 56.27, "online": 60.14, "offline": 61.04}
TABLE6_BASELINE = 52.60
TABLE6_REFERENCE = TABLE1[HUMAN36M]["transformer", "none"]
"""Trained on Penn Action, tested on Human3.6M; the reference was trained on Human3.6M (Table 1)."""


@dataclass(frozen=True)
class Paper:
    """The paper's figures of ``data`` beside ours of the people called ``people``."""

    data: PaperData
    people: str

    @classmethod
    def beside(cls, people: DataSet, *choices: PaperData) -> Paper:
        """Those of the ``choices`` (at least one) that have the people's joints, else the first."""
        alike = [data for data in choices if data.joint_set == people.joint_set]
        return cls((alike or list(choices))[0], people.name)

    @property
    def same(self) -> bool:
        """Whether ours are of the same data set."""
        return self.people.startswith(self.data.title)

    @property
    def title(self) -> str:
        """What the paper's score is: mPCK, or on BBC Pose mAcc, within 6 pixels at half size."""
        return mean_title(self.data.joint_set)

    @property
    def column(self) -> str:
        """The heading of the paper's figures."""
        return "paper" if self.same else f"paper ({self.data.name})"

    @property
    def note(self) -> str:
        """What must be known to compare."""
        if self.same:
            return f"The paper's figures are of the whole test split of {self.data.title}."
        return (
            f"The paper's figures are of {self.data.title}, another data set than {self.people}: "
            "compare differences, not levels."
        )


ACTIVITIES = ("waiting", "posing", "greeting", "directions", "discussion", "walking")
"""The columns of Table 1, in its order."""

GAN_TABLE1: Mapping[str, tuple[float, ...]] = {
    "Newell et al. (supervised)": (2.16, 1.88, 1.92, 2.15, 1.62, 1.88, 2.21),
    "Thewlis et al. + post-processing": (7.51, 7.54, 8.56, 7.26, 6.47, 7.93, 5.40),
    "Zhang et al. + post-processing": (4.14, 5.01, 4.61, 4.76, 4.45, 4.91, 4.61),
    "Lorenz et al. + post-processing": (2.79,),
    "KeypointGAN": (2.73, 2.66, 2.27, 2.73, 2.35, 2.35, 4.00),
}
"""Percent of the image's side on Simplified Human3.6M: all, then the activities."""

GAN_TABLE2: Mapping[str, float] = {
    "hourglass (supervised), train": 14.61,
    "hourglass (supervised), test": 19.52,
    "KeypointGAN, train": 13.79,
    "KeypointGAN, test": 14.46,
    "KeypointGAN, prior of MPI-INF-3DHP": 18.94,
}
"""Pixels on Human3.6M, 17 joints, as the paper's prose has them."""

GAN_TABLE3: Mapping[str, float] = {
    "LBF (supervised)": 6.32,
    "CFSS (supervised)": 5.76,
    "cGPRT (supervised)": 5.71,
    "DDN (supervised)": 5.65,
    "TCDCN (supervised)": 5.54,
    "RAR (supervised)": 4.94,
    "Wing loss (supervised)": 4.04,
    "Thewlis et al. 2018 + post-processing": 9.30,
    "Thewlis et al. 2017 + post-processing": 7.97,
    "Thewlis et al. 2019, SmallNet + post-processing": 5.75,
    "Wiles et al. + post-processing": 5.71,
    "IMM + post-processing": 5.39,
    "Thewlis et al. 2019, hourglass + post-processing": 4.65,
    "KeypointGAN": 8.67,
    "KeypointGAN + post-processing": 5.12,
}
"""Percent of the distance between the pupils on 300-W."""

GAN_TABLE4: Mapping[str, tuple[float, float]] = {
    "cyclegan": (3.54, 11.89),
    "conditional": (3.60, float("nan")),
    "bottleneck": (2.86, 9.64),
    "keypointgan": (2.73, 8.67),
    "cyclegan-one-cycle": (3.39, 11.36),
}
"""Ablations: Simplified Human3.6M (% of the image's side), 300-W (% of the pupils' distance)."""
