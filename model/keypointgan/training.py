"""A training step in its phases, and the regressor's own training before it (methods 2.6, 2.7)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from model.engine.optimisation import WeightAverage, gradients_finite
from model.keypointgan.data import GanBatch, PosePrior
from model.keypointgan.losses import RatioPerceptualLoss, discriminator_loss, least_squares
from model.keypointgan.networks import KeypointGan, Translation, to_unit
from model.keypointgan.settings import KeypointGanSettings


class ClippedAdam:
    """Adam for the parameters of ``module``, its gradient's norm cut at the settings' clip."""

    def __init__(self, module: nn.Module, settings: KeypointGanSettings) -> None:
        self._parameters = list(module.parameters())
        self._clip = settings.clip
        self._adam = torch.optim.Adam(
            self._parameters, lr=settings.learning_rate, betas=(settings.beta1, 0.999)
        )

    def step(self, loss: Tensor) -> None:
        """Go down ``loss`` once; not at all if a gradient is not finite."""
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
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


class KeypointGanStep:
    """Trains the networks of a KeypointGAN in turn; its regressor has learnt before.

    ``network`` is trained in place, on its device. ``perceptual`` is the reconstruction loss.
    """

    def __init__(
        self, network: KeypointGan, settings: KeypointGanSettings, perceptual: RatioPerceptualLoss
    ) -> None:
        self.network = network.train()
        self.settings = settings
        self._perceptual = perceptual.to(network.device)
        self._adams = {
            "generators": ClippedAdam(network.generators, settings),
            "discriminators": ClippedAdam(network.discriminators, settings),
            "regressor": ClippedAdam(network.regressor, settings),
        }
        state = {**dict(network.named_parameters()), **dict(network.named_buffers())}
        floats = {name: tensor for name, tensor in state.items() if tensor.is_floating_point()}
        self._average = WeightAverage(floats, settings.average)
        self._pools = [
            ImagePool(settings.pool, settings.seed + i) for i in range(len(network.discriminators))
        ]

    def step(self, batch: GanBatch) -> dict[str, float]:
        """Learn from one batch; the losses, those of the generators with their weights."""
        image, condition = (self._pictures(p) for p in (batch.target, batch.condition))
        losses = self._train(image, condition, batch.pose.to(self.network.device))
        self._average.add()
        return {name: float(value) for name, value in losses.items()}

    def averaged(self) -> AbstractContextManager[None]:
        """Inside, the network has the moving average of its weights, if one is kept."""
        return self._average.in_place()

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly."""
        return {
            "network": self.network.state_dict(),
            "means": self._perceptual.means,
            "seen": self._perceptual.seen,
            "adams": {name: adam.state() for name, adam in self._adams.items()},
            "average": self._average.copy(),
            "averaged": self._average.steps,
            "pools": [pool.state() for pool in self._pools],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self.network.load_state_dict(state["network"])
        self._perceptual.means.copy_(state["means"])
        self._perceptual.seen.copy_(state["seen"])
        self._average.load(state["average"], state["averaged"])
        for name, adam in self._adams.items():
            adam.load_state(state["adams"][name])
        for pool, kept in zip(self._pools, state["pools"], strict=True):
            pool.load_state(kept, self.network.device)

    def _train(self, image: Tensor, condition: Tensor, pose: Tensor) -> dict[str, Tensor]:
        network = self.network
        real = network.draw(pose)
        for judge in (*network.discriminators, network.regressor):
            judge.requires_grad_(False)  # gradients pass through, but stop at nothing in them
        with self._autocast():
            translation = network.translate(image)
            losses, images = self._generate(translation, image, condition, real)
        self._adams["generators"].step(sum_of(losses))
        for judge in (*network.discriminators, network.regressor):
            judge.requires_grad_(True)
        losses |= self._discriminate([(real, translation.skeleton_image), *images])
        if self.settings.finetune_regressor:
            losses |= self._finetune(translation.skeleton_image.detach(), real, pose)
        return {name: value.detach() for name, value in losses.items()}

    def _generate(
        self, translation: Translation, image: Tensor, condition: Tensor, real: Tensor
    ) -> tuple[dict[str, Tensor], list[tuple[Tensor, Tensor]]]:
        """The generators' weighted losses, and the (real, fake) pictures of a second cycle."""
        network, settings = self.network, self.settings
        rebuilt = network.rebuild(translation, condition)
        losses = {
            "adversarial": settings.adversarial
            * least_squares(network.D_A(translation.skeleton_image), 1.0),
            "reconstruction": settings.reconstruction * self._perceptual(rebuilt, image),
        }
        if not network.spec.second_cycle:
            return losses, []
        made = network.G_B(real, condition)
        back = network.G_A(made)
        losses["image adversarial"] = settings.image_adversarial * least_squares(
            network.D_B(made), 1.0
        )
        losses["skeleton cycle"] = settings.skeleton_cycle * functional.l1_loss(back.float(), real)
        return losses, [(image, made)]

    def _discriminate(self, pictures: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
        network = self.network
        losses: dict[str, Tensor] = {}
        names = ("discriminator", "image discriminator")
        for name, judge, pool, (real, made) in zip(
            names, network.discriminators, self._pools, pictures, strict=False
        ):
            fake = pool.query(made.float())
            with self._autocast():
                losses[name] = discriminator_loss(judge(real), judge(fake))
        self._adams["discriminators"].step(sum_of(losses))
        return losses

    def _finetune(self, skeleton_image: Tensor, real: Tensor, pose: Tensor) -> dict[str, Tensor]:
        # The released code runs this backward through step 1's graph, whose weights have changed
        # since, which PyTorch forbids by now: the regressor sees the same picture once more.
        network, settings = self.network, self.settings
        with self._autocast():
            points = network.locate(skeleton_image)
            prior = network.locate(real)
        drawn = network.draw(points, skeleton_image.shape[-1])
        image = functional.mse_loss(drawn, skeleton_image.float())
        poses = functional.mse_loss(prior, pose)
        loss = settings.regressor_image * image + settings.regressor_prior * poses
        self._adams["regressor"].step(loss)
        return {"regressor": poses, "regressor image": image}

    def _pictures(self, pixels: Tensor) -> Tensor:
        return to_unit(pixels.to(self.network.device).permute(0, 3, 1, 2))

    def _autocast(self) -> AbstractContextManager[None]:
        enabled = self.settings.precision == "bfloat16"
        return torch.autocast(self.network.device.type, torch.bfloat16, enabled=enabled)


def sum_of(losses: dict[str, Tensor]) -> Tensor:
    """The sum of named losses."""
    return torch.stack(list(losses.values())).sum()


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


class RegressorStep:
    """Teaches the regressor of ``network`` to find the points of drawn skeletons.

    When it is done, ``network.keep_regressor()`` remembers it for the test.
    """

    def __init__(self, network: KeypointGan, settings: KeypointGanSettings) -> None:
        self.network = network.train()
        self._adam = ClippedAdam(network.regressor, settings)
        self._precise = settings.precision == "float32"

    def step(self, batch: PoseExample) -> dict[str, float]:
        """Learn from one batch of poses: the mean squared error of the points."""
        device = self.network.device
        pose = torch.as_tensor(batch.pose).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=not self._precise):
            found = self.network.locate(self.network.draw(pose))
        loss = functional.mse_loss(found, pose)
        self._adam.step(loss)
        return {"regressor": float(loss.detach())}

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly."""
        return {"regressor": self.network.regressor.state_dict(), "adam": self._adam.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self.network.regressor.load_state_dict(state["regressor"])
        self._adam.load_state(state["adam"])
