"""What an experiment is made from: people, networks, and predictions that are kept between runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm import tqdm

from model.data.catalogue import people_aside
from model.data.records import DataSet
from model.device import choose_device
from model.errors import UserError
from model.evaluation.accuracy import Predictions
from model.evaluation.gain import first_frames
from model.evaluation.protocol import Protocol
from model.evaluation.runs import Machine, PeopleRunner
from model.experiments.request import StudyRequest
from model.files import make_folder
from model.networks import VARIANTS
from model.personalization import PersonalizationSettings
from model.ranks import joined_ranks
from model.weights import read_spec

_STORE = "predictions"


@dataclass(frozen=True)
class Study:
    """Everything an experiment may use.

    ``people`` are measured on; choices are made on ``development``, training people kept aside.
    ``weights`` has a file for each role that was given. ``settings`` are those of personalization,
    ``seeds`` at least one; online runs update on and predict every ``every``-th frame. ``mask`` is
    the file of the person mask, for networks that are ``masked``. Pictures go to ``folder``.
    ``predict`` predicts people; what it did before is read back.
    """

    people: DataSet
    development: DataSet | None
    weights: Mapping[str, Path]
    settings: PersonalizationSettings
    seeds: tuple[int, ...]
    every: int
    folder: Path
    predict: Callable[[Path, DataSet, Protocol], Predictions]
    command: str
    mask: Path
    #: Whether this process writes files and speaks to the user.
    first: bool = True

    def weight(self, role: str) -> Path:
        """The weight file of a role; ``UserError`` says which one is missing."""
        if role not in self.weights:
            raise UserError(
                f"This experiment needs the weights of the {role} network. Add --weights "
                f"{role}=FILE, or train it first: python main.py train."
            )
        return self.weights[role]


@contextmanager
def open_study(request: StudyRequest, name: str, perceptual: Path, mask: Path) -> Iterator[Study]:
    """Read the data and prepare the machine for the experiment called ``name``.

    ``perceptual`` and ``mask`` are the files of the perceptual network and the person mask. Under
    ``torchrun`` every process gets a study and they share the people out; all but the first write
    to a folder that is thrown away.
    """
    device = choose_device(request.device).device
    with joined_ranks(device) as ranks, ExitStack() as stack:
        folder = request.out / name
        if not ranks.first:
            folder = Path(stack.enter_context(TemporaryDirectory()))
        make_folder(folder)
        runner = PeopleRunner(
            perceptual,
            mask,
            request.out / _STORE,
            Machine(ranks.device(device), request.workers),
            ranks,
        )
        people, development = _read(request)
        yield Study(
            people,
            development,
            request.weights,
            request.settings,
            request.seeds,
            request.every,
            folder,
            _Predictor(runner, request.quiet or not ranks.first),
            request.command,
            mask,
            ranks.first,
        )


class _Predictor:
    """Predicts with a bar that tells the frames done, of how many, and the time left."""

    def __init__(self, runner: PeopleRunner, quiet: bool) -> None:
        self._runner = runner
        self._hidden = True if quiet else None  # None: hidden where nobody watches

    def __call__(self, weights: Path, data_set: DataSet, protocol: Protocol) -> Predictions:
        words = f"{weights.stem}, {protocol.mode}, seed {protocol.seed}"
        with tqdm(total=len(data_set), desc=words, unit="frame", disable=self._hidden) as bar:
            return self._runner.predict(weights, data_set, protocol, bar.update)


def _read(request: StudyRequest) -> tuple[DataSet, DataSet | None]:
    specs = {role: read_spec(path) for role, path in request.weights.items()}
    for role, spec in specs.items():
        if role in VARIANTS and spec.variant != role:
            raise UserError(
                f"{request.weights[role]} was given as the {role} network, but holds the variant "
                f"{spec.variant}. Give --weights {spec.variant}={request.weights[role]}."
            )
    shifts = {request.weights[role]: spec.crop_shift for role, spec in specs.items()}
    if len(set(shifts.values())) > 1:
        found = ", ".join(f"{path.name}: {shift:g}" for path, shift in shifts.items())
        raise UserError(
            "The networks of one experiment must have been trained on crops that were moved down "
            f"alike (--crop-shift), and these were not: {found}. Measure them one by one."
        )
    shift = next(iter(shifts.values()))
    people = request.data.read(request.split, shift)
    development = None
    if request.development is not None:
        development = people_aside(request.development, request.aside, shift)
        development = first_frames(development, request.people, request.frames)
    return first_frames(people, request.people, request.frames), development
