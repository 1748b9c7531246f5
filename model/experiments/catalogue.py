"""The experiments by name. Light to import: what they compute with is imported when one is run."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.experiments.context import Study
    from model.experiments.gan_study import GanStudy
    from model.experiments.result import ExperimentResult

ROLES = ("baseline", "rotation", "keypoint", "transformer", "reference", "rendered", "real")
"""What a network is in an experiment: a variant of Table 1, or what Table 6 trained it on."""


@dataclass(frozen=True)
class Experiment:
    """A table or figure of a paper; ``name`` is the command's word.

    ``module`` has what runs it in ``RUNS``, by its name.
    """

    name: str
    title: str
    help: str
    module: str

    def run(self, study: Study | GanStudy) -> ExperimentResult:
        """Measure. ``UserError`` says what the experiment needs and was not given."""
        module = importlib.import_module(f"model.experiments.{self.module}")
        result: ExperimentResult = module.RUNS[self.name](study)
        return result


EXPERIMENTS: Mapping[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "table1",
            "Table 1: four networks, three ways of going through people",
            "the four networks, without, with online and with offline personalization",
            "comparisons",
        ),
        Experiment(
            "table2",
            "Table 2: update iterations",
            "1, 2, 3 and 4 optimiser steps on each frame's batch",
            "ablations",
        ),
        Experiment(
            "table3",
            "Table 3: joint by joint, beside methods that look at several frames",
            "baseline and offline personalization in the columns of the limbs",
            "comparisons",
        ),
        Experiment(
            "table4",
            "Table 4: frames without labels as well",
            "online personalization, also on the frames that have no labels (BBC Pose)",
            "ablations",
        ),
        Experiment(
            "table5",
            "Table 5: smoothing over time",
            "Savitzky-Golay smoothing on top of each way; needs --development",
            "ablations",
        ),
        Experiment(
            "table6",
            "Table 6: from one data set to another",
            "networks trained on another data set, or on rendered people, and personalized to this",
            "comparisons",
        ),
        Experiment(
            "figure3",
            "Figure 3: gain against the frame number",
            "the gain of online personalization after ever more frames",
            "figures",
        ),
        Experiment(
            "figure4",
            "Figure 4: score against the number of unlabelled frames",
            "online personalization that starts anew after every N frames",
            "figures",
        ),
        Experiment(
            "figure5",
            "Figure 5: what the network sees",
            "pictures: reconstruction, self-supervised keypoints and pose of a few people",
            "figures",
        ),
    )
}


GAN_EXPERIMENTS: Mapping[str, Experiment] = {
    words[0]: Experiment(*words, module="gan_tables")
    for words in (
        (
            "keypointgan-table1",
            "KeypointGAN, Table 1: points without labelled pairs",
            "the error of points, activity by activity",
        ),
        (
            "keypointgan-table2",
            "KeypointGAN, Table 2: Human3.6M, in pixels",
            "the error in pixels, also with another data set's prior",
        ),
        (
            "keypointgan-table3",
            "KeypointGAN, Table 3: supervised post-processing",
            "the error with and without a linear map fitted to labels; needs --labelled",
        ),
        (
            "keypointgan-table4",
            "KeypointGAN, Table 4: ablations",
            "CycleGAN, the conditional generator, the bottleneck, the second cycle",
        ),
        (
            "keypointgan-table5",
            "KeypointGAN, Table 5: size of the prior",
            "networks that saw all, or few, unpaired poses",
        ),
        (
            "keypointgan-figures",
            "KeypointGAN's figures: geometry and appearance apart",
            "people found, redrawn in each other's poses, and with a point moved",
        ),
        (
            "keypointgan-leaks",
            "KeypointGAN, Figure 4: what an unconstrained cycle leaks",
            "people redrawn from a CycleGAN's skeleton images, and from the same skeletons drawn "
            "anew",
        ),
        (
            "keypointgan-failures",
            "KeypointGAN, Figure 6: failures",
            "the pictures with the largest errors, and whether left was taken for right",
        ),
    )
}
