"""KeypointGAN's published numbers (method 4.2); figures nobody has handed down are left out."""

from __future__ import annotations

from collections.abc import Mapping

ACTIVITIES = ("waiting", "posing", "greeting", "directions", "discussion", "walking")
"""The columns of Table 1, in its order."""

TABLE1: Mapping[str, tuple[float, ...]] = {
    "Newell et al. (supervised)": (2.16, 1.88, 1.92, 2.15, 1.62, 1.88, 2.21),
    "Thewlis et al. + post-processing": (7.51, 7.54, 8.56, 7.26, 6.47, 7.93, 5.40),
    "Zhang et al. + post-processing": (4.14, 5.01, 4.61, 4.76, 4.45, 4.91, 4.61),
    "Lorenz et al. + post-processing": (2.79,),
    "KeypointGAN": (2.73, 2.66, 2.27, 2.73, 2.35, 2.35, 4.00),
}
"""Percent of the image's side on Simplified Human3.6M: all, then the activities."""

TABLE2: Mapping[str, float] = {
    "hourglass (supervised), train": 14.61,
    "hourglass (supervised), test": 19.52,
    "KeypointGAN, train": 13.79,
    "KeypointGAN, test": 14.46,
    "KeypointGAN, prior of MPI-INF-3DHP": 18.94,
}
"""Pixels on Human3.6M, 17 joints, as the paper's prose has them."""

TABLE3: Mapping[str, float] = {
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

TABLE4: Mapping[str, tuple[float, float]] = {
    "cyclegan": (3.54, 11.89),
    "conditional": (3.60, float("nan")),
    "bottleneck": (2.86, 9.64),
    "keypointgan": (2.73, 8.67),
    "cyclegan-one-cycle": (3.39, 11.36),
}
"""Ablations: Simplified Human3.6M (% of the image's side), 300-W (% of the pupils' distance)."""
