"""Do the two losses pull the same way? The angle between their gradients, person by person.

Personalization follows the gradient of the self-supervised loss and hopes that the supervised one
falls with it. To first order it does where the cosine between their gradients is above zero.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.adaptation import PersonalizationSettings, Personalizer, PersonView, SourceMemory
from model.core.crop import crop_matrix, to_tensor, transform
from model.core.masking import Masker
from model.core.perceptual import PerceptualLoss
from model.data.records import ABSENT, Clip, DataSet, converted
from model.evaluation.personalized import Progress
from model.evaluation.tables import PeopleMean, known, mean_over_people, write_report
from model.ttp.networks import PoseNetwork
from model.ttp.objective import pose_loss

# Pairs whose mean gradient is taken, and labelled frames.
_PAIRS = 32
_FRAMES = 16
_AT_A_TIME = 8


def gradient_agreement(
    network: PoseNetwork,
    perceptual: PerceptualLoss,
    people: DataSet,
    settings: PersonalizationSettings,
    *,
    masker: Masker | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, float]:
    """The cosine between the gradients of both losses for each person.

    Args:
        network: as trained; it is left in eval mode, its weights as they are.
        perceptual: the self-supervised loss.
        people: with labels. Their frames that cannot be used end the call.
        settings: whose task and scope are looked at.
        masker: finds the person; for a network that is ``masked``.
        seed: of pairs.
        progress: hears how many more people are done.

    Returns:
        -1 to 1 by person, for 32 pairs of all of the person's frames, drawn as offline
        personalization draws them, and up to 16 labelled frames spread over them.

    Raises:
        UserError: no joint of the people is one of the network's.
        BadDataError: a frame cannot be used.
    """
    personalizer = Personalizer(network, perceptual, settings, masker=masker)
    found = {}
    for person, clips in converted(people, network.spec.joint_set).persons.items():
        memory = SourceMemory(capacity=2**20, seed=seed, crop_size=network.spec.crop_size)
        places = [(clip, index) for clip in clips for index in range(len(clip))]
        for number, (clip, index) in enumerate(places):
            clip.check(index)
            frame = clip.frames.read(index)
            memory.add(PersonView.of_frame(frame, clip.box(index), number))
        pairs = personalizer.sampler(seed).offline(memory, _PAIRS)
        assert pairs is not None
        for part in pairs.split(_AT_A_TIME):
            personalizer.accumulate(part, _PAIRS)
        unsupervised = _gradient(personalizer, network)
        personalizer.discard()
        chosen = np.linspace(0, len(places) - 1, min(_FRAMES, len(places))).round().astype(int)
        _add_supervised(network, [places[number] for number in chosen])
        supervised = _gradient(personalizer, network)
        personalizer.reset()
        cosine = torch.nn.functional.cosine_similarity(unsupervised, supervised, dim=0)
        found[person] = float(cosine)
        if progress is not None:
            progress(1)
    return found


@dataclass(frozen=True)
class AgreementReport:
    """What was found, for people and for programs.

    Attributes:
        weights: the network's file.
        data: the data set.
        settings: whose task and scope were looked at.
        cosines: by person.
    """

    weights: str
    data: str
    settings: PersonalizationSettings
    cosines: dict[str, float]

    @property
    def over_people(self) -> PeopleMean:
        """The mean cosine and its interval."""
        return mean_over_people(self.cosines.values())

    @property
    def positive(self) -> float:
        """The share (0..1) of the people whose cosine is above zero."""
        return float(np.mean([value > 0 for value in self.cosines.values()]))

    def markdown(self) -> str:
        """The report as Markdown that can be read as it is."""
        over = self.over_people
        settings = ", ".join(f"{name} {value}" for name, value in asdict(self.settings).items())
        return (
            f"# Do the losses pull the same way on {self.data}?\n\n{self.weights}, {over.people} "
            "people. The cosine between the gradients of the loss that personalization minimises "
            f"and of the supervised one is {over.mean:+.3f} on average ({over.low:+.3f} to "
            f"{over.high:+.3f}, 95 % over people), and above zero for {100 * self.positive:.0f} % "
            f"of the people.\n\nSettings: {settings}.\n"
        )

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        over = self.over_people
        return {
            "data": self.data,
            "weights": self.weights,
            "mean": known(over.mean),
            "low": known(over.low),
            "high": known(over.high),
            "positive": self.positive,
            "by_person": self.cosines,
            "settings": asdict(self.settings),
        }

    def write(self, folder: Path) -> None:
        """Write ``gradients.md`` and ``gradients.csv``, a row for each person."""
        rows = [(person, f"{cosine:.4f}") for person, cosine in self.cosines.items()]
        write_report(folder, "gradients", self.markdown(), ("person", "cosine"), rows)


def _add_supervised(network: PoseNetwork, places: list[tuple[Clip, int]]) -> None:
    """Add the supervised loss's gradient for labelled frames, as they are."""
    size = network.spec.crop_size
    crops, joints, weights = [], [], []
    for clip, index in places:
        box = clip.box(index)
        matrix = crop_matrix(box, size)
        view = PersonView.of_frame(clip.frames.read(index), box, 0)
        crops.append(view.crop(matrix, size))
        seen = clip.visible[index] != ABSENT
        where = np.where(seen[:, None], clip.joints[index], 0)
        joints.append(transform(where, matrix).astype(np.float32))
        weights.append(seen.astype(np.float32))
    images = to_tensor(crops, bgr=network.spec.bgr)
    points, counts = torch.from_numpy(np.stack(joints)), torch.from_numpy(np.stack(weights))
    for start in range(0, len(images), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        features = network.encoder(images[part].to(network.device))
        maps = network.self_head(features) if network.spec.reconstructs else None
        scores = network.scores(features, maps)[0].float()
        device = network.device
        loss = pose_loss(network.spec, scores, points[part].to(device), counts[part].to(device))
        (loss * (len(images[part]) / len(images))).backward()


def _gradient(personalizer: Personalizer, network: PoseNetwork) -> Tensor:
    """The gradient that the personalized parameters have, as one vector."""
    named = dict(network.named_parameters())
    parts = []
    for name in personalizer.parameter_names:
        if name.startswith(("reconstruction.", "rotation_head.")):
            continue  # no label says anything to them
        gradient = named[name].grad
        parts.append(torch.zeros(named[name].numel()) if gradient is None else gradient.flatten())
    return torch.cat([part.float().cpu() for part in parts])
