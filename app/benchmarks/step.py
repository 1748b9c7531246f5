"""One online step, update and prediction, beside the released loop, organised as it is there."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from app.assets import DETECTOR, PERCEPTUAL_WEIGHTS, PERSON_MASK, WEIGHTS
from app.benchmarks.timing import (
    Peak,
    Ratio,
    Sight,
    found_people,
    measure_peak,
    milliseconds,
    synchronized,
)
from model.adaptation import (
    DEFAULT_PRESET,
    PersonalizationSettings,
    Personalizer,
    PersonView,
    SourceMemory,
    preset,
)
from model.adaptation.guard import HOLD_EVERY, Guard
from model.adaptation.memory import Pairs
from model.adaptation.settings import configure
from model.core.crop import CROP_SIZE
from model.core.device import ServingPrecision, choose_device
from model.core.errors import UserError
from model.core.perceptual import PerceptualLoss, load_perceptual_loss
from model.tracking import PersonDetector, PersonFollower, PersonMasker
from model.ttp import onnx_int8
from model.ttp import weights as weight_files
from model.ttp.networks import NetworkSpec, PoseNetwork
from model.ttp.onnx_int8 import Range
from model.ttp.prediction import crop_tensor
from model.ttp.trunk import FrozenTrunk, fastest_engine, keys_of


@dataclass(frozen=True)
class ReleasedResult:
    """``loss`` before the step, ``logged`` after it, and the batch's ``heatmaps`` (B, K, H, H)."""

    loss: float
    logged: float
    heatmaps: Tensor


class ReleasedStep:
    """Update on a batch of pairs, then predict the same batch, in float32 and all at once.

    As in the released code, the loss is computed a second time after the step, to be logged, for
    which the VGG sees all targets and all reconstructions again (pitfall 5); and the whole batch is
    predicted, though only its first sample is the frame itself (pitfall 6). The loss that is logged
    has running means of its own here, so that it changes nothing.

    Args:
        network: is updated in place, by Adam.
        perceptual: the loss; its running means move.
        learning_rate: the published 1e-4.
    """

    def __init__(
        self, network: PoseNetwork, perceptual: PerceptualLoss, learning_rate: float = 1e-4
    ) -> None:
        self._network = network
        self._perceptual = perceptual
        self._logging = PerceptualLoss(perceptual.features).to(network.device)
        parameters = configure(network, "all").values()
        self._optimiser = torch.optim.Adam(parameters, lr=learning_rate)

    def __call__(self, target: Tensor, source: Tensor) -> ReleasedResult:
        """One step on targets (B, 3, S, S) and sources (B, 3, 128, 128), normalised."""
        loss = self._perceptual(self._network(target, source).reconstruction, target)
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        with torch.no_grad():
            output = self._network(target, source)
            logged = self._logging(output.reconstruction, target)
        return ReleasedResult(float(loss.detach()), float(logged), output.heatmaps)


LOSS_TOLERANCE = 1e-4
"""How far the loss may be from the released loop's, as a share of it."""
HEATMAP_TOLERANCE = 5e-2
"""The same of the frame's heatmaps after the update, as a share of their largest value.

Adam's first step moves every weight by the learning rate, whichever sign its gradient has: those of
the tiny ones are a matter of rounding."""

_WAYS = ("exact", "gentle", "default", "fast")
_FRAMES = 24
_CPU_MICRO_BATCH = 2
_TRIALS = 3
_GPU_TRIAL = 64


@dataclass(frozen=True)
class Way:
    """One way to take the step: faster than the released loop by ``ratio``.

    ``gflop`` is what PyTorch computes in a step (10^9 additions and multiplications; a trunk in
    ONNX Runtime is not counted), ``seconds`` the median. To draw its pairs takes ``drawing``
    seconds more, in which nothing else is computed.
    """

    ratio: Ratio
    gflop: float
    seconds: float
    drawing: float

    @property
    def waited(self) -> float:
        """The share of the time in which learning waits for its pairs."""
        return self.drawing / (self.drawing + self.seconds)


@dataclass(frozen=True)
class NetworkFigures:
    """One network: ``exact`` computes what the released loop computes, the others our presets.

    ``gentle`` has as many pairs; ``default`` (*Steady*) and ``fast`` are as shipped, with fewer.
    ``precision`` is theirs. Errors are relative, see ``LOSS_TOLERANCE`` and ``HEATMAP_TOLERANCE``.
    """

    name: str
    released_gflop: float
    released_seconds: float
    exact: Way
    gentle: Way
    default: Way
    fast: Way
    loss_error: float
    heatmap_error: float
    precision: ServingPrecision

    def rounded(self, peak: Peak, prefix: str = "") -> dict[str, float | int | str]:
        """For ``--json``; every name begins with ``prefix``."""
        values: dict[str, float | int | str] = {"network": self.name}
        for name in _WAYS:
            values |= getattr(self, name).ratio.rounded(f"ratio_{name}")
        values["loss_error"] = float(f"{self.loss_error:.1e}")
        values["heatmap_error"] = float(f"{self.heatmap_error:.1e}")
        rates = {
            "share_of_peak": self.exact.gflop / self.exact.seconds,
            "share_of_peak_released": self.released_gflop / self.released_seconds,
        }
        values |= {name: round(rate / peak.gflops, 3) for name, rate in rates.items()}
        for name in _WAYS:
            values[f"data_wait_share_{name}"] = round(getattr(self, name).waited, 4)
        values["gflop_released"] = round(self.released_gflop, 1)
        for name in _WAYS:
            values[f"gflop_{name}"] = round(getattr(self, name).gflop, 1)
        values["precision_fast"] = self.precision
        return {prefix + name: value for name, value in values.items()}


@dataclass(frozen=True)
class StepFigures:
    """What was measured: the paper's network or another, and the embedded one beside it."""

    network: NetworkFigures
    embedded: NetworkFigures | None
    peak: Peak
    batch: int
    threads: int
    device: str

    def rounded(self) -> dict[str, float | int | str]:
        """For ``--json``."""
        beside = {} if self.embedded is None else self.embedded.rounded(self.peak, "embedded_")
        return {
            **self.network.rounded(self.peak),
            **beside,
            "peak_gflops": round(self.peak.gflops, 1),
            "copy_gb_per_second": round(self.peak.copied_gb_per_second, 1),
            "batch": self.batch,
            "threads": self.threads,
            "device": self.device,
        }


def measure_step(
    *,
    batch: int = 32,
    repeats: int = 5,
    weights: Path | None = None,
    backbone: str = "resnet18",
    precision: ServingPrecision | None = None,
    device: str | None = None,
    demo: str = "webcam",
) -> StepFigures:
    """Take steps on frames of an embedded clip in turns with the released loop.

    Args:
        batch: pairs of an update.
        repeats: steps that count.
        weights: a network to measure instead of the paper's and the embedded one.
        backbone: of the paper's network, which has random weights here.
        precision: of our presets; None: whatever is faster here. In ``int8`` is the trunk of a
            network whose ranges are known, of others nothing.
        device: ``None``: the best there is.
        demo: the clip's name.

    Raises:
        UserError: the network cannot rebuild pictures, int8 is asked for and cannot be, or the
            results are not those of the released loop.
    """
    place = choose_device(device).device
    perceptual = load_perceptual_loss(PERCEPTUAL_WEIGHTS)
    if weights is not None:
        network, embedded = weight_files.load(weights), None
    else:
        network, embedded = random_network(backbone), weight_files.load(WEIGHTS)
    spec = network.spec
    if not spec.reconstructs:
        raise UserError(
            f"The network in {weights} does not rebuild pictures, as the released loop does. "
            "Choose weights of the variant keypoint or transformer."
        )
    low = faster_in_bfloat16(place) if precision is None else precision == "bfloat16"
    follower = PersonFollower(PersonDetector(DETECTOR), spec.joint_set, spec.crop_shift)
    sights = found_people(demo, follower, _FRAMES)

    def figures(one: PoseNetwork, path: Path | None) -> NetworkFigures:
        return compare(
            spec.backbone if path is None else path.stem,
            one,
            perceptual,
            sights,
            batch=batch,
            repeats=repeats,
            low=low,
            device=place,
            ranges=None if path is None else onnx_int8.ranges_for(path, precision),
        )

    before = measure_peak(place)
    return StepFigures(
        network=figures(network, weights),
        embedded=None if embedded is None else figures(embedded, WEIGHTS),
        peak=before.better(measure_peak(place)),
        batch=batch,
        threads=torch.get_num_threads(),
        device=str(place),
    )


def random_network(backbone: str) -> PoseNetwork:
    """The paper's network with random weights that tell pictures apart."""
    torch.manual_seed(0)
    network = PoseNetwork(NetworkSpec(backbone=backbone))
    for name, parameter in network.named_parameters():
        # As the paper begins, with 0.001, all maps would be flat.
        if name.startswith("encoder.deconv") and parameter.dim() > 1:
            nn.init.kaiming_normal_(parameter)
    return network.eval()


def as_published(network: PoseNetwork) -> PoseNetwork:
    """A copy with the same weights that rebuilds whole pictures of 128 pixels."""
    whole = PoseNetwork(replace(network.spec, mask="none", rebuilt=CROP_SIZE))
    whole.load_state_dict(network.state_dict())
    return whole.eval()


@torch.no_grad()
def faster_in_bfloat16(device: torch.device) -> bool:
    """Whether a convolution of the usual size is, measured on ``device``."""
    times = {}
    images = 1 if device.type == "cpu" else _GPU_TRIAL  # or the start of a kernel is all there is
    for dtype in (torch.float32, torch.bfloat16):
        image = torch.ones(images, 64, 64, 64, dtype=dtype, device=device)
        kernel = torch.ones(64, 64, 3, 3, dtype=dtype, device=device)
        way = synchronized(lambda i=image, k=kernel: functional.conv2d(i, k), device)  # type: ignore[misc]
        times[dtype] = min(milliseconds({"": way}, _TRIALS, warm_up=1)[""])
    return times[torch.bfloat16] < times[torch.float32]


def compare(
    name: str,
    network: PoseNetwork,
    perceptual: PerceptualLoss,
    sights: Sequence[Sight],
    *,
    batch: int,
    repeats: int,
    low: bool,
    device: torch.device,
    ranges: Sequence[Range] | None = None,
) -> NetworkFigures:
    """One network's steps on the people in ``sights``, ours (in bfloat16 if ``low``) and theirs.

    With ``ranges`` of its trunk's values our presets compute it in int8 where that is faster.

    The released loop, and so ``exact``, rebuilds whole pictures of 128 pixels, whatever the network
    was trained to rebuild. The presets rebuild what it was.
    """
    ours = _Ours(network, perceptual, sights, device, low, ranges)
    paper = replace(preset("paper").settings, batch_size=batch)
    exact = ours.step(paper, exact=True)
    steps = {
        "exact": exact,
        "gentle": ours.step(replace(preset("gentle").settings, batch_size=batch)),
        "default": ours.step(DEFAULT_PRESET.settings),
        "fast": ours.step(preset("fast").settings),
    }
    released = ReleasedStep(
        as_published(network).to(device), copy.deepcopy(perceptual).to(device), paper.learning_rate
    )
    # Both get the same pairs, turn by turn.
    turns, drawing = dict[str, list[_Turn]](), dict[str, float]()
    for kind, step in steps.items():
        # The first finds the masks of all that was seen before; later on, each finds its frame's.
        turns[kind] = [step.draw()]
        begun = time.perf_counter()
        turns[kind] += [step.draw() for _ in range(repeats)]
        drawing[kind] = (time.perf_counter() - begun) / repeats
    first = turns["exact"][0]
    with FlopCounterMode(display=False) as counter:
        theirs = released(*first.on(device))
    released_gflop = counter.get_total_flops() / 1e9
    gflop, loss_error, heatmap_error = {}, 0.0, 0.0
    for kind, step in steps.items():
        with FlopCounterMode(display=False) as counter:
            loss, heatmaps = step.take(turns[kind][0])
        gflop[kind] = counter.get_total_flops() / 1e9
        if step is exact:
            loss_error = abs(loss - theirs.loss) / theirs.loss
            wanted = theirs.heatmaps[0]
            heatmap_error = float((heatmaps[0] - wanted).abs().max() / wanted.abs().max())
            _check(loss_error, heatmap_error)
    for_released = iter(turns["exact"][1:])
    ways: dict[str, Callable[[], object]] = {
        "released": synchronized(lambda: released(*next(for_released).on(device)), device)
    }
    for kind, step in steps.items():
        ways[kind] = synchronized(partial(_take_next, step, iter(turns[kind][1:])), device)
    taken = milliseconds(ways, repeats, warm_up=0)
    seconds = {kind: statistics.median(times) / 1000 for kind, times in taken.items()}
    return NetworkFigures(
        name=name,
        released_gflop=released_gflop,
        released_seconds=seconds["released"],
        loss_error=loss_error,
        heatmap_error=heatmap_error,
        precision=steps["fast"].precision,
        **{
            kind: Way(
                Ratio.of(taken["released"], taken[kind]), gflop[kind], seconds[kind], drawing[kind]
            )
            for kind in steps
        },
    )


def _take_next(step: _Step, turns: Iterator[_Turn]) -> None:
    step.take(next(turns))


def _check(loss_error: float, heatmap_error: float) -> None:
    if loss_error < LOSS_TOLERANCE and heatmap_error < HEATMAP_TOLERANCE:  # so that NaN is not
        return
    raise UserError(
        f"The step does not compute what the released loop does: its loss is {loss_error:.1e} "
        f"away (at most {LOSS_TOLERANCE:.0e} was expected) and its heatmaps {heatmap_error:.1e} "
        f"(at most {HEATMAP_TOLERANCE:.0e}). No ratio is given; report this."
    )


@dataclass(frozen=True)
class _Turn:
    """A new frame, and the pairs to learn from before it is predicted."""

    view: PersonView
    pairs: Pairs

    def on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        return self.pairs.target.to(device), self.pairs.source.to(device)


class _Ours:
    """Makes steps of our own, each with a network to itself, in the layout of the application."""

    def __init__(
        self,
        network: PoseNetwork,
        perceptual: PerceptualLoss,
        sights: Sequence[Sight],
        device: torch.device,
        low: bool,
        ranges: Sequence[Range] | None,
    ) -> None:
        self._network = network
        self._ranges = ranges
        features = copy.deepcopy(perceptual.features)
        self._features = features.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._sights = sights
        self._device = device
        self._low = low

    def step(self, settings: PersonalizationSettings, *, exact: bool = False) -> _Step:
        """A step with these settings; ``exact``: in float32 whatever is faster."""
        network = as_published(self._network) if exact else copy.deepcopy(self._network)
        network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        low = self._low and not exact
        fastest = fastest_engine(
            network,
            torch.get_num_threads(),
            low_precision=low,
            ranges=None if exact else self._ranges,
        )
        personalizer = Personalizer(
            network,
            PerceptualLoss(self._features),
            settings,
            autocast=low,
            trunk=FrozenTrunk(network.encoder, fastest.engine),
            trained_heads=fastest.heads,
            masker=PersonMasker(PERSON_MASK) if network.spec.masked else None,
        )
        precision: ServingPrecision = "bfloat16" if low else "float32"
        return _Step(personalizer, self._sights, "int8" if fastest.in_int8 else precision)


class _Step:
    """Update and prediction of a new frame, after all ``sights`` have been seen."""

    def __init__(
        self, personalizer: Personalizer, sights: Sequence[Sight], precision: ServingPrecision
    ) -> None:
        settings = personalizer.settings
        self.precision = precision
        self._personalizer = personalizer
        self._memory = SourceMemory(
            hold_every=HOLD_EVERY if settings.guard else 0,
            crop_size=personalizer.network.spec.crop_size,
        )
        self._guard = Guard(personalizer, self._memory) if settings.guard else None
        self._micro_batch = _CPU_MICRO_BATCH if personalizer.device.type == "cpu" else None
        self._sampler = personalizer.sampler()
        self._new = (
            PersonView.of_frame(image, box, index)
            for index, (image, box) in enumerate(cycle(sights))
        )
        for view in islice(self._new, len(sights)):
            self._memory.add(view)
            self._predict(view)

    def draw(self) -> _Turn:
        """The next frame that is not held out, and the pairs to learn from."""
        view = next(view for view in self._new if self._memory.add(view))
        size = self._personalizer.settings.batch_size
        return _Turn(view, self._sampler.online(view, self._memory, size))

    def take(self, turn: _Turn) -> tuple[float, Tensor]:
        """The loss before the update, and the frame's heatmaps (1, K, H, H) after it."""
        report = self._personalizer.update(turn.pairs, self._micro_batch)
        if self._guard is not None:
            self._guard.check()
        return report.loss, self._predict(turn.view)

    def _predict(self, view: PersonView) -> Tensor:
        crop = crop_tensor(view.image, view.box, self._personalizer.network.spec)
        return self._personalizer.answer(crop, keys_of([view.index]), fresh=True).heatmaps
