"""One training step in its phases (method 2.6), and the ablations' (method 2.11)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from model.average import WeightAverage
from model.keypoint_gan.clipped_adam import ClippedAdam
from model.keypoint_gan.image_pool import ImagePool
from model.keypoint_gan.losses import RatioPerceptualLoss, discriminator_loss, least_squares
from model.keypoint_gan.network import KeypointGan, Translation, to_unit
from model.keypoint_gan.pairs import GanBatch
from model.keypoint_gan.settings import GanSettings


class GanLearner:
    """Trains the networks of a KeypointGAN in turn; its regressor has learnt before.

    ``network`` is trained in place, on its device. ``perceptual`` is the reconstruction loss.
    """

    def __init__(
        self, network: KeypointGan, settings: GanSettings, perceptual: RatioPerceptualLoss
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
