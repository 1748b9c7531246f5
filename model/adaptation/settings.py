"""Every knob of test-time personalization, with the paper's values as defaults.

Its scope names what personalization may change: parameters are chosen by name, and checked (method
1.9).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

from torch import nn

from model.core.errors import UserError, check_choices, check_number
from model.ttp.networks import PoseNetwork
from model.ttp.networks.encoder import LAST, NECKS
from model.ttp.networks.variants import VARIANT_TITLES

Scope = Literal["all", "features", "deconvolutions", "last"]
Targets = Literal["current", "random"]
Sources = Literal["all", "recent"]
SourceBox = Literal["target", "own"]
Augmentations = Literal["published", "mild"]
Teacher = Literal["average", "trained"]
Views = Literal["whole", "compact"]
Rotations = Literal["four", "one"]
RunningMeans = Literal["restarted", "carried"]
Mode = Literal["none", "online", "offline"]
"""Not at all, from each frame before it is predicted, or from all frames before the first."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "scope": get_args(Scope),
    "targets": get_args(Targets),
    "sources": get_args(Sources),
    "source_box": get_args(SourceBox),
    "augmentations": get_args(Augmentations),
    "teacher": get_args(Teacher),
    "views": get_args(Views),
    "rotations": get_args(Rotations),
    "running_means": get_args(RunningMeans),
}


@dataclass(frozen=True)
class PersonalizationSettings:
    """Settings of online and offline personalization (method 1.9 to 1.11).

    The defaults are those of the released code, from which the paper's numbers come; what they
    switch off is not in the paper.
    """

    #: Adam's learning rate, fixed.
    learning_rate: float = 1e-4
    #: Target-source pairs per update.
    batch_size: int = 32
    #: Optimiser steps on each batch (the paper's "update iterations", Table 2).
    iterations: int = 1
    #: What is updated: ``all`` that the released code updates (encoder, self-supervised head,
    #: appearance and keypoint encoders, renderer), ``features`` (encoder and self-supervised
    #: head, as the paper's text says), ``deconvolutions`` (the encoder's last three layers,
    #: or MoveNet's neck, and the self-supervised head), or ``last`` (of these the last layer, or
    #: of MoveNet's neck what has no filters between the deeper taps).
    scope: Scope = "all"
    #: The target of each pair: the ``current`` frame, or a ``random`` one seen so far.
    targets: Targets = "current"
    #: Sources come from ``all`` frames seen so far or from the ``recent`` ones only.
    sources: Sources = "all"
    #: The source is cropped with the ``target``'s box (as published) or with its ``own``.
    source_box: SourceBox = "target"
    #: What is kept of frames to learn from: the ``whole`` frame, as published, so that crops are
    #: warped once and show what is beside the person too, or the person's surroundings alone,
    #: ``compact`` and a little softer; always so live, and where frames would not fit into 512 MB.
    views: Views = "whole"
    #: Pairs are turned, scaled and flipped as ``published``, or turned and scaled a third as much.
    augmentations: Augmentations = "published"
    #: Share of the sources that are augmented independently of their targets.
    independent_sources: float = 0.0
    #: Weight of the self-supervised task in what is minimised; 0: it is not computed.
    self_weight: float = 1.0
    #: Weight of the agreement with the mirror image (``ConsistencyTask``), whose loss is that of
    #: supervised training; 0: it is not computed.
    consistency: float = 0.0
    #: Who says where the keypoints are that pictures and mirror images come to agree on: the
    #: ``average`` of the weights as they are, or the network as ``trained``.
    teacher: Teacher = "average"
    #: How many frames before and after a frame the teacher is asked of too, its answers carried
    #: along by optical flow (``model.core.motion``); 0: none. They must be remembered.
    neighbours: int = 0
    #: What is known of the frames before counts this much beside a frame's own answer, carried
    #: along by optical flow (``model.core.motion.MotionFusion``); 0: each frame is answered alone.
    #: Nothing is learnt by it.
    carry: float = 0.0
    #: The learning rate rises linearly over so many updates.
    warm_up: int = 0
    #: Decay of the moving average of the weights, which predicts and teaches; 0: no average.
    average: float = 0.0
    #: Where the loss that is told is below this, a step is shorter in proportion: Adam's steps are
    #: as long where there is hardly anything to learn as where there is much, and who is answered
    #: well already could only lose by them. 0: all are whole.
    whole_step_loss: float = 0.0
    #: How much the answer of the network as trained counts beside that of what was learnt: where
    #: the two are joined, learning harms fewer people. 0: not at all.
    trained_share: float = 0.0
    #: After each update the weights go this share of the way back to the trained ones.
    anchor: float = 0.0
    #: Hold frames out and undo updates that make them worse (``Guard``).
    guard: bool = False
    #: Restore the trained weights after this many predicted frames; 0 is never.
    reset_every: int = 0
    #: Restore them, and forget the frames, when the picture cuts to another scene.
    reset_on_cut: bool = False
    #: Offline: updates per frame of the recording.
    offline_updates_per_frame: float = 1.0
    #: Offline: share of the pairs that are turned. Published: 0.6 on Penn Action; on BBC Pose and
    #: Human3.6M all of them (``Preset.settings_for``). Online all are.
    offline_rotation: float = 0.6
    #: The rotation variant turns each target in all ``four`` directions, four times the batch, or
    #: in ``one``, target by target, as it is trained. No code of it was released.
    rotations: Rotations = "four"
    #: What the reconstruction's errors are divided by starts again with the trained weights, so
    #: that a person's result depends on nobody else, or is ``carried`` on to the next person, as
    #: published.
    running_means: RunningMeans = "restarted"

    def __post_init__(self) -> None:
        check_choices(self, _CHOICES)
        check_number("learning_rate", self.learning_rate, 0 < self.learning_rate <= 1, "in (0, 1]")
        check_number("batch_size", self.batch_size, 1 <= self.batch_size <= 1024, "from 1 to 1024")
        check_number("iterations", self.iterations, 1 <= self.iterations <= 100, "from 1 to 100")
        for name in ("independent_sources", "trained_share", "anchor", "offline_rotation"):
            value = getattr(self, name)
            check_number(name, value, 0 <= value <= 1, "in [0, 1]")
        for name in ("self_weight", "consistency", "whole_step_loss"):
            value = getattr(self, name)
            check_number(name, value, 0 <= value < math.inf, "0 or more")
        if not self.self_weight + self.consistency > 0:
            raise UserError(
                "The settings self_weight and consistency were both 0, and nothing would be "
                "learnt. Give at least one of them a weight."
            )
        check_number("neighbours", self.neighbours, 0 <= self.neighbours <= 8, "from 0 to 8")
        check_number("warm_up", self.warm_up, self.warm_up >= 0, "0 or more")
        for name in ("average", "carry"):
            value = getattr(self, name)
            check_number(name, value, 0 <= value < 1, "in [0, 1)")
        check_number("reset_every", self.reset_every, self.reset_every >= 0, "0 or more")
        check_number(
            "offline_updates_per_frame",
            self.offline_updates_per_frame,
            0 < self.offline_updates_per_frame <= 100,
            "in (0, 100]",
        )


@dataclass(frozen=True)
class Preset:
    """A named choice of settings, with words for the menu."""

    name: str
    title: str
    description: str
    settings: PersonalizationSettings

    def settings_for(self, data: str) -> PersonalizationSettings:
        """The settings on the data set that the command line calls ``data``.

        The released readers of BBC Pose and Human3.6M turn every offline pair, Penn Action's six
        in ten; ``paper`` follows them.
        """
        if self.name == "paper" and data.partition("-")[0] in _ALWAYS_ROTATED:
            return replace(self.settings, offline_rotation=1.0)
        return self.settings


# Data sets by the first word of their names.
_ALWAYS_ROTATED = ("bbc", "human36m")

_STEADY = PersonalizationSettings(
    learning_rate=2e-4,
    batch_size=4,
    iterations=2,
    scope="last",
    targets="random",
    source_box="own",
    views="compact",
    self_weight=0.0,
    consistency=1.0,
    teacher="trained",
    neighbours=2,
    carry=0.8,
    whole_step_loss=0.12,
    trained_share=0.5,
    guard=True,
)

PRESETS: tuple[Preset, ...] = (
    Preset(
        "steady",
        "Steady",
        "Carries answers along from frame to frame, and learns to agree with its mirror image and "
        "with the frames around; a guard undoes harm",
        _STEADY,
    ),
    Preset(
        "fast",
        "Fast",
        "As Steady, with a quarter of the work: from one frame at a time instead of four",
        replace(_STEADY, batch_size=1),
    ),
    Preset(
        "gentle",
        "Gentle",
        "The paper's task with small steps on the last layers only",
        PersonalizationSettings(
            learning_rate=1e-5,
            batch_size=8,
            scope="deconvolutions",
            source_box="own",
            views="compact",
        ),
    ),
    Preset(
        "paper",
        "As published",
        "The paper's setting: everything at 1e-4, 32 pairs per update; makes the network in the "
        "box worse",
        PersonalizationSettings(),
    ),
)
DEFAULT_PRESET = PRESETS[0]


def preset_name(settings: PersonalizationSettings) -> str:
    """The preset that has these settings; empty if none has."""
    return next((candidate.name for candidate in PRESETS if candidate.settings == settings), "")


def preset(name: str | None) -> Preset:
    """The preset called ``name``, None: the default; ``UserError`` lists the names there are."""
    if name is None:
        return DEFAULT_PRESET
    for candidate in PRESETS:
        if candidate.name == name:
            return candidate
    names = ", ".join(p.name for p in PRESETS)
    raise UserError(f"There is no personalization preset {name!r}. Choose one of: {names}.")


def method_of(settings: PersonalizationSettings, data: str = "") -> str:
    """In words: the preset that the ``settings`` are nearest to on a data set, and what differs."""
    own = asdict(settings)

    def other(candidate: Preset) -> dict[str, object]:
        base = asdict(candidate.settings_for(data))
        return {name: value for name, value in own.items() if value != base[name]}

    nearest = min(reversed(PRESETS), key=lambda candidate: len(other(candidate)))
    changes = ", ".join(f"{name}={value}" for name, value in other(nearest).items())
    words = f"preset {nearest.name} ({nearest.title[0].lower()}{nearest.title[1:]})"
    return f"{words}, but {changes}" if changes else words


# How the supervised keypoints are read off the self-supervised ones is never changed.
_FROZEN = ("affinity.", "supervised_head.")
_SCOPES: dict[Scope, tuple[str, ...]] = {
    "all": ("encoder.", "self_head.", "rotation_head.", "reconstruction."),
    "features": ("encoder.", "self_head.", "rotation_head."),
    "deconvolutions": (*NECKS, "self_head.", "rotation_head."),
    "last": (*LAST, "self_head.", "rotation_head."),
}


def configure(network: PoseNetwork, scope: Scope) -> dict[str, nn.Parameter]:
    """Prepare the network and return the parameters to update, by name.

    The whole network goes to eval mode (stored BatchNorm statistics, no dropout). Gradients are
    wanted for ``scope`` alone, never for the affinity transformer, the supervised head and the
    affine parameters of BatchNorm and LayerNorm. ``UserError`` if the variant cannot personalize.
    """
    if not network.spec.personalizable:
        raise UserError(
            f"The variant {VARIANT_TITLES[network.spec.variant]!r} has no self-supervised task "
            "and cannot be personalized. Choose weights of another variant, or do without."
        )
    network.eval()
    chosen = personalized(network, scope)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in chosen)
    check(network, chosen)
    return chosen


def personalized(network: PoseNetwork, scope: Scope) -> dict[str, nn.Parameter]:
    """The parameters that ``scope`` means, by name; nothing is changed."""
    norms = _normalisation_parameters(network)
    return {
        name: parameter
        for name, parameter in network.named_parameters()
        if name.startswith(_SCOPES[scope]) and name not in norms
    }


def covers(scope: Scope, names: Iterable[str]) -> bool:
    """Whether ``scope`` means all parameters of these names."""
    return all(name.startswith(_SCOPES[scope]) for name in names)


def check(network: PoseNetwork, chosen: dict[str, nn.Parameter]) -> None:
    """Refuse a configuration that would corrupt the network (``ValueError``: a programming error).

    The network is in eval mode throughout; exactly the chosen parameters want a gradient; none
    of them is frozen by name or belongs to a normalisation layer; there is at least one.
    """
    training = [name for name, module in network.named_modules() if module.training]
    if training:
        raise ValueError(f"modules in training mode: {training[:3]}")
    wanting = {name for name, p in network.named_parameters() if p.requires_grad}
    if wanting != set(chosen):
        raise ValueError(f"gradients wanted by others: {sorted(wanting ^ set(chosen))[:3]}")
    if not chosen:
        raise ValueError("no parameter to update")
    forbidden = [name for name in chosen if name.startswith(_FROZEN)]
    forbidden += sorted(_normalisation_parameters(network) & set(chosen))
    if forbidden:
        raise ValueError(f"parameters that must stay frozen: {forbidden[:3]}")


def _normalisation_parameters(network: nn.Module) -> set[str]:
    return {
        f"{module_name}.{name}"
        for module_name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm)
        for name, _ in module.named_parameters(recurse=False)
    }
