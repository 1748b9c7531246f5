"""A training step in its phases, and the regressor's own training before it (methods 2.6, 2.7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from model.engine.batches import MicroBatchPlan
from model.engine.optimisation import WeightAverage, gradients_finite
from model.engine.ranks import BatchStatistics, Ranks, running
from model.engine.run import Learner
from model.keypointgan.data import GanBatch, PosePrior
from model.keypointgan.losses import RatioPerceptualLoss, discriminator_loss, least_squares
from model.keypointgan.networks import KeypointGan, to_unit
from model.keypointgan.settings import KeypointGanSettings


class ClippedAdam:
    """Adam for the parameters of ``module``, its gradient's norm cut at the settings' clip.

    ``statistics`` are what forward passes move, and ``ranks`` the processes whose losses it lowers.
    """

    def __init__(
        self,
        module: nn.Module,
        settings: KeypointGanSettings,
        statistics: BatchStatistics,
        ranks: Ranks,
    ) -> None:
        self._statistics = statistics
        self._ranks = ranks
        self._parameters = list(module.parameters())
        self._clip = settings.clip
        self._adam = torch.optim.Adam(
            self._parameters, lr=settings.learning_rate, betas=(settings.beta1, 0.999)
        )

    def step(self, losses: Iterable[Tensor], count: int) -> None:
        """Go down the mean of losses once; not at all if a gradient is not finite.

        Args:
            losses: one for each of this process's micro-batches, made one after another.
            count: how many they are.
        """
        self._adam.zero_grad(set_to_none=True)
        self._statistics.begin()
        for loss in losses:
            (loss / count).backward()
            self._statistics.collect()
        self._statistics.finish(self._ranks, count)
        self._ranks.share_gradients(self._parameters)
        if gradients_finite(self._parameters):
            nn.utils.clip_grad_norm_(self._parameters, self._clip)
            self._adam.step()

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly."""
        return self._adam.state_dict()

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self._adam.load_state_dict(state)


SIZE = 50


class ImagePool:
    """Keeps ``size`` images; once full, each query swaps half of its images for old ones.

    ``size`` 0 keeps nothing. Its draws come from a generator of its own, which is part of its
    state, so that a run can go on exactly.
    """

    def __init__(self, size: int = SIZE, seed: int = 0) -> None:
        self._size = size
        self._images: list[Tensor] = []
        self._random = torch.Generator().manual_seed(seed)

    def query(self, images: Tensor) -> Tensor:
        """As many images as were given (N, C, S, S), detached: these, or older ones."""
        images = images.detach()
        if not self._size:
            return images
        return torch.stack([self._exchanged(image) for image in images])

    def _exchanged(self, image: Tensor) -> Tensor:
        if len(self._images) < self._size:
            self._images.append(image.clone())
            return image
        if torch.rand((), generator=self._random) < 0.5:
            return image
        row = int(torch.randint(self._size, (), generator=self._random))
        old, self._images[row] = self._images[row], image.clone()
        return old

    def state(self) -> dict[str, Tensor]:
        """All that is needed to go on: the images, and the generator's state."""
        images = torch.stack(self._images) if self._images else torch.empty(0)
        return {"images": images.cpu(), "random": self._random.get_state()}

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        """Take over what ``state`` returned."""
        self._images = list(state["images"].to(device))
        self._random.set_state(state["random"])


class _Shown(NamedTuple):
    """What of a micro-batch its judges and the regressor are shown once the generators have
    learnt: the (real, made) pictures of each discriminator, the drawn poses, and the poses.
    """  # noqa: D205

    pictures: list[tuple[Tensor, Tensor]]
    real: Tensor
    pose: Tensor


class KeypointGanStep(Learner):
    """Trains the networks of a KeypointGAN in turn; its regressor has learnt before.

    ``network`` is trained in place, on its device. ``perceptual`` is the reconstruction loss.
    Every micro-batch has image pools of its own.
    """

    def __init__(
        self,
        network: KeypointGan,
        settings: KeypointGanSettings,
        perceptual: RatioPerceptualLoss,
        ranks: Ranks | None = None,
    ) -> None:
        self.network: KeypointGan = network.train()
        self.settings = settings
        self.learning_rate = settings.learning_rate
        self._ranks = ranks or Ranks()
        self._perceptual = perceptual.to(network.device)
        statistics = BatchStatistics(
            [*running(network), self._perceptual.means, self._perceptual.seen]
        )
        self._adams = {
            name: ClippedAdam(module, settings, statistics, self._ranks)
            for name, module in (
                ("generators", network.generators),
                ("discriminators", network.discriminators),
                ("regressor", network.regressor),
            )
        }
        self._average = WeightAverage.of(network, settings.average)
        judges = range(len(network.discriminators))
        self._own = MicroBatchPlan.of(settings, self._ranks).own
        self._pools = [
            [ImagePool(settings.pool, settings.seed + number * len(judges) + i) for i in judges]
            for number in self._own
        ]

    def step(self, batches: Sequence[GanBatch]) -> dict[str, float]:
        """Learn from one batch; the losses, those of the generators with their weights."""
        network, count = self.network, len(batches)
        losses: list[dict[str, Tensor]] = [{} for _ in batches]
        judges = (*network.discriminators, network.regressor)
        for judge in judges:
            judge.requires_grad_(False)  # gradients pass through, but stop at nothing in them
        shown: list[_Shown] = []
        generated = (self._generate(*pair, shown) for pair in zip(batches, losses, strict=True))
        self._adams["generators"].step(generated, count)
        for judge in judges:
            judge.requires_grad_(True)
        judged = map(self._discriminate, shown, losses, self._pools)
        self._adams["discriminators"].step(judged, count)
        if self.settings.finetune_regressor:
            self._adams["regressor"].step(map(self._finetune, shown, losses), count)
        self._average.add()
        return self._ranks.losses(losses)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the network is in eval mode, with the average of its weights if one is kept."""
        with super().averaged(), self._average.in_place():
            yield

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly."""
        pools = self._ranks.gathered([[pool.state() for pool in pools] for pools in self._pools])
        return {
            "network": self.network.state_dict(),
            "means": self._perceptual.means,
            "seen": self._perceptual.seen,
            "adams": {name: adam.state() for name, adam in self._adams.items()},
            "average": self._average.copy(),
            "averaged": self._average.steps,
            "pools": [pool for pools_of_one in pools for pool in pools_of_one],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self.network.load_state_dict(state["network"])
        self._perceptual.means.copy_(state["means"])
        self._perceptual.seen.copy_(state["seen"])
        self._average.load(state["average"], state["averaged"])
        for name, adam in self._adams.items():
            adam.load_state(state["adams"][name])
        for number, pools in zip(self._own, self._pools, strict=True):
            kept = state["pools"][number * len(pools) : (number + 1) * len(pools)]
            for pool, content in zip(pools, kept, strict=True):
                pool.load_state(content, self.network.device)

    def _generate(self, batch: GanBatch, losses: dict[str, Tensor], shown: list[_Shown]) -> Tensor:
        """The sum of the generators' weighted losses; adds them, and what the others are shown."""
        network, settings = self.network, self.settings
        image, condition = self._pictures(batch.target), self._pictures(batch.condition)
        pose = batch.pose.to(network.device)
        real = network.draw(pose)
        with self._autocast():
            translation = network.translate(image)
            rebuilt = network.rebuild(translation, condition)
            own = {
                "adversarial": settings.adversarial
                * least_squares(network.D_A(translation.skeleton_image), 1.0),
                "reconstruction": settings.reconstruction * self._perceptual(rebuilt, image),
            }
            pictures = [(real, translation.skeleton_image.detach())]
            if network.spec.second_cycle:
                made = network.G_B(real, condition)
                own["image adversarial"] = settings.image_adversarial * least_squares(
                    network.D_B(made), 1.0
                )
                back = network.G_A(made)
                cycle = functional.l1_loss(back.float(), real)
                own["skeleton cycle"] = settings.skeleton_cycle * cycle
                pictures.append((image, made.detach()))
        shown.append(_Shown(pictures, real, pose))
        return _added(losses, own)

    def _discriminate(
        self, shown: _Shown, losses: dict[str, Tensor], pools: list[ImagePool]
    ) -> Tensor:
        """The sum of the discriminators' losses; adds them."""
        own = {}
        names = ("discriminator", "image discriminator")
        for name, judge, pool, (real, made) in zip(
            names, self.network.discriminators, pools, shown.pictures, strict=False
        ):
            fake = pool.query(made.float())
            with self._autocast():
                own[name] = discriminator_loss(judge(real), judge(fake))
        return _added(losses, own)

    def _finetune(self, shown: _Shown, losses: dict[str, Tensor]) -> Tensor:
        """The regressor's weighted loss; adds its terms."""
        # The released code runs this backward through step 1's graph, whose weights have changed
        # since, which PyTorch forbids by now: the regressor sees the same picture once more.
        network, settings = self.network, self.settings
        skeleton_image = shown.pictures[0][1]
        with self._autocast():
            points = network.locate(skeleton_image)
            prior = network.locate(shown.real)
        drawn = network.draw(points, skeleton_image.shape[-1])
        image = functional.mse_loss(drawn, skeleton_image.float())
        poses = functional.mse_loss(prior, shown.pose)
        losses |= {"regressor": poses.detach(), "regressor image": image.detach()}
        return settings.regressor_image * image + settings.regressor_prior * poses

    def _pictures(self, pixels: Tensor) -> Tensor:
        return to_unit(pixels.to(self.network.device).permute(0, 3, 1, 2))

    def _autocast(self) -> AbstractContextManager[None]:
        enabled = self.settings.precision == "bfloat16"
        return torch.autocast(self.network.device.type, torch.bfloat16, enabled=enabled)


def _added(losses: dict[str, Tensor], own: dict[str, Tensor]) -> Tensor:
    """The sum of named losses, which are added to others."""
    losses |= {name: value.detach() for name, value in own.items()}
    return torch.stack(list(own.values())).sum()


class PoseExample(NamedTuple):
    """One pose of the prior, ``pose`` (K, 2) float32 in -1..1; in a batch a tensor (N, K, 2)."""

    pose: NDArray[np.float32] | Tensor


class PoseExamples:
    """Draws poses alone; no picture is looked at."""

    def __init__(self, prior: PosePrior) -> None:
        self._prior = prior

    def draw(self, rng: np.random.Generator) -> PoseExample:
        """One pose."""
        return PoseExample(self._prior.draw(rng))


class RegressorStep(Learner):
    """Teaches the regressor of ``network`` to find the points of drawn skeletons.

    When it is done, ``network.keep_regressor()`` remembers it for the test.
    """

    def __init__(
        self, network: KeypointGan, settings: KeypointGanSettings, ranks: Ranks | None = None
    ) -> None:
        self.network: KeypointGan = network.train()
        self.learning_rate = settings.learning_rate
        self._ranks = ranks or Ranks()
        statistics = BatchStatistics(running(network.regressor))
        self._adam = ClippedAdam(network.regressor, settings, statistics, self._ranks)
        self._precise = settings.precision == "float32"

    def step(self, batches: Sequence[PoseExample]) -> dict[str, float]:
        """Learn from one batch of poses: the mean squared error of the points."""
        losses: list[dict[str, Tensor]] = []
        self._adam.step((self._loss(batch, losses) for batch in batches), len(batches))
        return self._ranks.losses(losses)

    def _loss(self, batch: PoseExample, losses: list[dict[str, Tensor]]) -> Tensor:
        device = self.network.device
        pose = torch.as_tensor(batch.pose).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=not self._precise):
            found = self.network.locate(self.network.draw(pose))
        loss = functional.mse_loss(found, pose)
        losses.append({"regressor": loss.detach()})
        return loss

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly."""
        return {"regressor": self.network.regressor.state_dict(), "adam": self._adam.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self.network.regressor.load_state_dict(state["regressor"])
        self._adam.load_state(state["adam"])
