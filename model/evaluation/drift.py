"""A long session before one camera: does personalization stay good, hour after hour?

People sit still, move, leave, come back, others come, and the light changes; nothing is ever
reset, as nobody is there to do it. The session is made of a data set's clips, whose joints are
known, so that every moment can be scored with and without personalization. Not in the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model.adaptation import PersonalizationSettings, Personalizer
from model.adaptation.guard import Check
from model.adaptation.memory import LIVE_VIEWS
from model.core.errors import UserError, check_number
from model.data.records import Clip, DataSet, Frames
from model.evaluation.accuracy import Predictions, gathered
from model.evaluation.personalized import PersonPredictions, Progress, Protocol, predict_person
from model.evaluation.tables import figure, known, markdown_table, write_report
from model.ttp.networks import PoseNetwork

Kind = Literal["moves", "sits still", "comes back", "light changes", "another comes"]

_ROUND: tuple[Kind, ...] = ("moves", "sits still", "comes back", "light changes", "another comes")
_SECONDS = 3600.0
_NOISE = 2.0  # grey values: a camera that looks at somebody who sits still
_DARKEST, _BRIGHTEST = 0.35, 1.5
_CSV_HEADER = ("method", "scene", "hour", "kind", "person", "frames", "without", "with")


@dataclass(frozen=True)
class Plan:
    """How long a session is, and how closely it is looked at.

    Attributes:
        hours: how long.
        interval: seconds between two frames that are learnt from and predicted.
        scene_minutes: how long each scene is.
        seed: of the people's order, noise and light.
    """

    hours: float = 12.0
    interval: float = 20.0
    scene_minutes: float = 12.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("hours", "interval", "scene_minutes"):
            value = getattr(self, name)
            check_number(name, value, 0 < value < float("inf"), "a number above 0")
        check_number("interval", self.interval, self.frames >= 1, "no longer than a scene")

    @property
    def frames(self) -> int:
        """Of each scene."""
        return int(60 * self.scene_minutes / self.interval)

    @property
    def scenes(self) -> int:
        """So many there are, at least one whole round."""
        return max(len(_ROUND), round(60 * self.hours / self.scene_minutes))


@dataclass(frozen=True)
class Scene:
    """Some minutes of the session; ``clip`` is what the camera saw."""

    kind: Kind
    person: str
    clip: Clip


@dataclass(frozen=True)
class SceneScore:
    """Joints that are right in one scene, percent, which begins at ``hour``."""

    scene: int
    hour: float
    kind: Kind
    person: str
    frames: int
    without: float
    personalized: float

    @property
    def gain(self) -> float:
        """Points won, or lost if negative."""
        return self.personalized - self.without


@dataclass(frozen=True)
class Intervention:
    """The guard undid updates: when, in which scene, and what it saw (32nds of the crop)."""

    hour: float
    scene: int
    updates: int
    trained: float
    personalized: float


@dataclass(frozen=True)
class Drift:
    """One method's session."""

    method: str
    settings: PersonalizationSettings
    scores: tuple[SceneScore, ...]
    interventions: tuple[Intervention, ...]

    def gain(self, part: slice = slice(None)) -> float:
        """Mean gain in points over scenes, each counting by its frames."""
        scores = self.scores[part]
        return float(np.average([s.gain for s in scores], weights=[s.frames for s in scores]))

    @property
    def without(self) -> float:
        """Joints that are right without personalization, percent, over all frames."""
        weights = [score.frames for score in self.scores]
        return float(np.average([score.without for score in self.scores], weights=weights))

    @property
    def worst(self) -> SceneScore:
        """The scene that lost most."""
        return min(self.scores, key=lambda score: score.gain)

    def thirds(self) -> tuple[float, float, float]:
        """The gain in the first, middle and last third: drift is what it loses on the way."""
        cuts = [round(len(self.scores) * part / 3) for part in range(4)]
        first, middle, last = (slice(cuts[k], cuts[k + 1]) for k in range(3))
        return self.gain(first), self.gain(middle), self.gain(last)


def session_of(people: DataSet, plan: Plan) -> list[Scene]:
    """The scenes of a session, made of the frames of a data set.

    One person is the main one and comes back in every round; the others take turns.
    ``UserError`` if there are fewer than two people.
    """
    names = list(people.persons)
    if len(names) < 2:
        raise UserError(
            f"A session needs two people or more; {people.name} has {len(names)}. Give more data."
        )
    rng = np.random.default_rng(plan.seed)
    order = [names[k] for k in rng.permutation(len(names))]
    main, others = order[0], order[1:]
    scenes = []
    for number in range(plan.scenes):
        turn, place = divmod(number, len(_ROUND))
        kind = _ROUND[place]
        person = others[turn % len(others)] if kind == "another comes" else main
        clips = people.persons[person]
        seed = int(rng.integers(2**31))
        scenes.append(Scene(kind, person, _shown(clips, kind, plan.frames, seed, f"{number:04d}")))
    return scenes


def measure_drift(
    network: PoseNetwork,
    people: DataSet,
    scenes: Sequence[Scene],
    plan: Plan,
    methods: Mapping[str, Callable[[], Personalizer]],
    *,
    autocast: bool = False,
    micro_batch: int | None = None,
    progress: Progress | None = None,
) -> list[Drift]:
    """Go through a session once without personalization and once with each method.

    Args:
        network: as trained.
        people: the data set that the scenes are of.
        scenes: of one session, see ``session_of``.
        plan: that they were made by.
        methods: what makes the personalizer of each, of this very network, by name.
        autocast: predict in bfloat16.
        micro_batch: pairs computed at a time.
        progress: hears how many more frames are done.

    Raises:
        UserError: no frame can be used.
    """
    clips = [scene.clip for scene in scenes]
    plain = predict_person(network, None, clips, Protocol(), autocast=autocast, progress=progress)
    without = _scores(people, clips, plain, network)
    found = []
    for name, make in methods.items():
        personalizer = make()
        checks: list[tuple[Check, int]] = []

        def note(check: Check, predicted: int, into: list[tuple[Check, int]] = checks) -> None:
            into.append((check, predicted))

        predictions = predict_person(
            network,
            personalizer,
            clips,
            Protocol("online", personalizer.settings),
            autocast=autocast,
            micro_batch=micro_batch,
            capacity=LIVE_VIEWS,
            progress=progress,
            on_check=note,
        )
        personalized = _scores(people, clips, predictions, network)
        scores = tuple(
            SceneScore(
                number,
                number * plan.scene_minutes / 60,
                scene.kind,
                scene.person,
                int((predictions.rows[:, 0] == number).sum()),
                without[scene.clip.person],
                personalized[scene.clip.person],
            )
            for number, scene in enumerate(scenes)
            if scene.clip.person in without and scene.clip.person in personalized
        )
        interventions = tuple(
            Intervention(
                predicted * plan.interval / _SECONDS,
                int(predictions.rows[min(predicted, len(predictions.rows) - 1), 0]),
                check.updates,
                check.trained,
                check.personalized,
            )
            for check, predicted in checks
            if check.verdict == "undone"
        )
        found.append(Drift(name, personalizer.settings, scores, interventions))
    return found


def _scores(
    people: DataSet, clips: Sequence[Clip], found: PersonPredictions, network: PoseNetwork
) -> dict[str, float]:
    """The score of each scene, by the name that its clip has for a person."""
    if not len(found.rows):
        raise UserError(f"No frame of {people.name} can be used. {found.skipped[0]}")
    rows = [(clips[clip], int(frame)) for clip, frame in found.rows]
    predictions: Predictions = gathered(people, rows, found.points, network.spec.joint_set)
    return {name: score.mean for name, score in predictions.by_person().items()}


def _shown(clips: Sequence[Clip], kind: Kind, count: int, seed: int, name: str) -> Clip:
    """``count`` frames of a person as a camera sees them in a scene; its person is the scene."""
    rng = np.random.default_rng(seed)
    frames = [(number, frame) for number, clip in enumerate(clips) for frame in range(len(clip))]
    start = int(rng.integers(len(frames)))
    step = 0 if kind == "sits still" else 1
    chosen = [frames[(start + step * k) % len(frames)] for k in range(count)]
    light = np.ones(count)
    if kind == "light changes":
        # From bright to dark and back, as over a day, from a phase by chance.
        phase = rng.uniform(0, 2 * np.pi) + np.linspace(0, 2 * np.pi, count)
        light = _DARKEST + (_BRIGHTEST - _DARKEST) * (1 + np.cos(phase)) / 2
    elif kind in ("comes back", "another comes"):
        light[:] = rng.uniform(0.7, 1.2)
    return Clip(
        name=f"{name} {kind}",
        person=name,
        frames=_SeenFrames([clip.frames for clip in clips], chosen, light, seed),
        boxes=np.stack([clips[number].boxes[frame] for number, frame in chosen]),
        joints=np.stack([clips[number].joints[frame] for number, frame in chosen]),
        visible=np.stack([clips[number].visible[frame] for number, frame in chosen]),
    )


class _SeenFrames:
    """Chosen frames of several clips, in a light (1: as they are) and with a sensor's noise."""

    def __init__(
        self,
        sources: Sequence[Frames],
        chosen: Sequence[tuple[int, int]],
        light: NDArray[np.float64],
        seed: int,
    ) -> None:
        self._sources = sources
        self._chosen = chosen
        self._light = light
        self._seed = seed

    def __len__(self) -> int:
        return len(self._chosen)

    def read(self, index: int) -> NDArray[np.uint8]:
        number, frame = self._chosen[index]
        image = self._sources[number].read(frame).astype(np.float32)
        noise = np.random.default_rng((self._seed, index)).normal(0, _NOISE, image.shape)
        lit = self._light[index] * image + noise.astype(np.float32)
        return lit.clip(0, 255).round().astype(np.uint8)

    def describe(self, index: int) -> str:
        number, frame = self._chosen[index]
        return self._sources[number].describe(frame)


@dataclass(frozen=True)
class DriftReport:
    """What the network in the file ``weights`` did in a session made of ``data``."""

    weights: str
    data: str
    plan: Plan
    drifts: tuple[Drift, ...]

    def markdown(self) -> str:
        """The report as Markdown that can be read as it is."""
        plan = self.plan
        rows = [
            [
                drift.method,
                figure(drift.without),
                f"{drift.gain():+.2f}",
                *(f"{gain:+.2f}" for gain in drift.thirds()),
                f"{drift.worst.gain:+.2f}",
                str(len(drift.interventions)),
            ]
            for drift in self.drifts
        ]
        header = ["", "without", "gain", "first third", "middle", "last third", "worst scene",
                  "undone by the guard"]  # fmt: skip
        parts = [
            f"# Drift in a session of {plan.hours:g} hours on {self.data}",
            f"{self.weights}; {plan.scenes} scenes of {plan.scene_minutes:g} minutes, a frame "
            f"every {plan.interval:g} s ({plan.frames} in each), updated on and then predicted; "
            f"nothing is reset. PCK in percent, gains in points, seed {plan.seed}.",
            markdown_table(header, rows),
        ]
        for drift in self.drifts:
            parts.append(f"## {drift.method}, scene by scene")
            parts.append(markdown_table(_SCENE_HEADER, [_scene_row(s) for s in drift.scores]))
            told = [
                f"- hour {i.hour:.2f}, scene {i.scene}, after {i.updates} updates: "
                f"{i.personalized:.2f} against {i.trained:.2f} of the trained network"
                for i in drift.interventions
            ]
            parts.append("\n".join(told) if told else "The guard undid nothing.")
        return "\n\n".join(parts) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "weights": self.weights,
            "data": self.data,
            "plan": asdict(self.plan),
            "methods": {
                drift.method: {
                    "gain": known(drift.gain()),
                    "thirds": [known(gain) for gain in drift.thirds()],
                    "worst": asdict(drift.worst),
                    "interventions": [asdict(i) for i in drift.interventions],
                    "scenes": [asdict(score) for score in drift.scores],
                    "settings": asdict(drift.settings),
                }
                for drift in self.drifts
            },
        }

    def write(self, folder: Path) -> None:
        """Write ``drift.md`` and ``drift.csv``, a row for each scene; ``UserError`` if not."""
        write_report(folder, "drift", self.markdown(), _CSV_HEADER, self._rows())

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for drift in self.drifts:
            for s in drift.scores:
                yield (
                    drift.method, str(s.scene), f"{s.hour:.3f}", s.kind, s.person, str(s.frames),
                    f"{s.without:.4f}", f"{s.personalized:.4f}",
                )  # fmt: skip


_SCENE_HEADER = ["hour", "scene", "person", "without", "with", "gain"]


def _scene_row(score: SceneScore) -> list[str]:
    return [
        f"{score.hour:.2f}",
        score.kind,
        score.person,
        figure(score.without),
        figure(score.personalized),
        f"{score.gain:+.2f}",
    ]
