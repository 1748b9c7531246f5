"""Everything that the worker is handed: network, loss, follower, machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from app.assets import DETECTOR, PERCEPTUAL_WEIGHTS, PERSON_MASK, WEIGHTS
from app.runtime.live.results import NetworkInfo
from app.runtime.live.schedules import Machine
from model.adaptation import DEFAULT_PRESET, PersonalizationSettings, Personalizer
from model.adaptation.profile import ProfileBase
from model.core.device import ServingPrecision, choose_device, prefers_bfloat16
from model.core.files import sha256_of
from model.core.perceptual import PerceptualLoss, load_perceptual_loss
from model.core.weights import read_metadata
from model.tracking import PersonDetector, PersonFollower, PersonMasker
from model.ttp import onnx_int8, weights
from model.ttp.networks import VARIANT_TITLES, NetworkSpec, PoseNetwork
from model.ttp.onnx_int8 import Range
from model.ttp.onnx_pose import OnnxHeads
from model.ttp.trunk import FrozenTrunk


@dataclass(frozen=True)
class Engine:
    """What the worker owns from the moment it starts.

    Checksum and metadata are those of the network's file.
    """

    network: PoseNetwork
    perceptual: PerceptualLoss
    follower: PersonFollower
    settings: PersonalizationSettings
    machine: Machine
    device_text: str
    weights_name: str
    masker: PersonMasker | None = None
    weights_sha256: str = ""
    weights_metadata: Mapping[str, str] = field(default_factory=dict)
    #: Of the values in the trunk, with which it may be computed in whole numbers.
    ranges: tuple[Range, ...] | None = None
    #: Asked for; None: what is fastest.
    precision: ServingPrecision | None = None

    @property
    def profile_base(self) -> ProfileBase:
        """What profiles of people must belong to."""
        return ProfileBase.of(self.network, self.weights_name, self.weights_sha256)

    def personalizer(
        self,
        settings: PersonalizationSettings,
        trunk: FrozenTrunk,
        trained_heads: OnnxHeads | None = None,
    ) -> Personalizer:
        """What learns with the network; ``trunk`` and heads are as a ``Personalizer`` has them."""
        return Personalizer(
            self.network,
            self.perceptual,
            settings,
            autocast=self.machine.low_precision,
            trunk=trunk,
            trained_heads=trained_heads,
            masker=self.masker,
        )


def load_engine(
    weights_path: Path | None = None,
    device: str | None = None,
    settings: PersonalizationSettings = DEFAULT_PRESET.settings,
    precision: ServingPrecision | None = None,
) -> Engine:
    """Load all that is needed to predict and to personalize.

    ``weights_path`` None is the network in the box, ``device`` None the best one that works,
    ``precision`` None what is fastest on it. ``UserError`` if a file or the device cannot be used.
    """
    choice = choose_device(device)
    machine = machine_for(choice.device, precision)
    path = weights_path or WEIGHTS
    network = weights.load(path, choice.device)
    network.to(memory_format=torch.channels_last)
    perceptual = load_perceptual_loss(PERCEPTUAL_WEIGHTS).to(choice.device)
    perceptual.to(memory_format=torch.channels_last)
    spec, digest = network.spec, sha256_of(path)
    masker = PersonMasker(PERSON_MASK) if network.spec.masked else None
    follower = PersonFollower(PersonDetector(DETECTOR), spec.joint_set, spec.crop_shift)
    name = "CPU" if choice.device.type == "cpu" else choice.reason.split(" is ")[0]
    return Engine(
        network,
        perceptual,
        follower,
        settings,
        machine,
        name,
        path.stem,
        masker,
        digest,
        read_metadata(path),
        onnx_int8.ranges_for(path, precision, digest),
        precision,
    )


def machine_for(device: torch.device, precision: ServingPrecision | None = None) -> Machine:
    """The share of the CPU's cores for each lane, one of several being left to the window."""
    cores = _usable_cores()
    working = max(2, cores - 1)
    predicting = max(1, working // 3)
    low_precision = prefers_bfloat16(device) if precision is None else precision == "bfloat16"
    return Machine(device, low_precision, predicting, max(1, working - predicting))


def describe_network(spec: NetworkSpec, name: str) -> NetworkInfo:
    """What the window must know to draw the network's results."""
    joints = spec.joint_set
    return NetworkInfo(
        name=name,
        variant=VARIANT_TITLES[spec.variant],
        backbone=spec.backbone,
        joint_names=joints.names,
        limbs=joints.limbs,
        sides=tuple(joints.side(i) for i in range(len(joints))),
        self_keypoints=spec.k_self if spec.reconstructs else 0,
        personalizable=spec.personalizable,
    )


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
