"""One training step in its phases (methods 2.6, 2.7), and the ablations' (method 2.11)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.gradients import gradients_finite
from model.keypoint_gan.image_pool import ImagePool
from model.keypoint_gan.losses import RatioPerceptualLoss, discriminator_loss, least_squares
from model.keypoint_gan.network import KeypointGan, Translation, to_unit
from model.keypoint_gan.pairs import GanBatch
from model.keypoint_gan.settings import GanSettings


class GanLearner:
    """Trains a KeypointGAN: first the regressor alone, then all networks in turn.

    ``network`` is trained in place, on its device. ``perceptual`` is the reconstruction loss.
    """

    def __init__(
        self, network: KeypointGan, settings: GanSettings, perceptual: RatioPerceptualLoss
    ) -> None:
        self.network = network.train()
        self.settings = settings
        self.done = 0
        self._perceptual = perceptual.to(network.device)
        self._optimisers = {
            "generators": self._adam(network.generators),
            "discriminators": self._adam(network.discriminators),
            "regressor": self._adam(network.regressor),
        }
        self._pools = [
            ImagePool(settings.pool, settings.seed + i) for i in range(len(network.discriminators))
        ]

    def step(self, batch: GanBatch) -> dict[str, float]:
        """Learn from one batch of pictures (N, S, S, 3) uint8 and poses (N, K, 2); the losses."""
        pose = batch.pose.to(self.network.device)
        if self.done < self.settings.regressor_steps:
            losses = self._pretrain(pose)
            if self.done + 1 == self.settings.regressor_steps:
                self.network.keep_regressor()
        else:
            image, condition = (self._pictures(p) for p in (batch.target, batch.condition))
            losses = self._train(image, condition, pose)
        self.done += 1
        return {name: float(value) for name, value in losses.items()}

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly."""
        return {
            "done": self.done,
            "network": self.network.state_dict(),
            "perceptual": {"means": self._perceptual.means, "seen": self._perceptual.seen},
            "optimisers": {name: o.state_dict() for name, o in self._optimisers.items()},
            "pools": [pool.state() for pool in self._pools],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self.done = state["done"]
        self.network.load_state_dict(state["network"])
        self._perceptual.means.copy_(state["perceptual"]["means"])
        self._perceptual.seen.copy_(state["perceptual"]["seen"])
        for name, optimiser in self._optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        for pool, kept in zip(self._pools, state["pools"], strict=True):
            pool.load_state(kept, self.network.device)

    def _pretrain(self, pose: Tensor) -> dict[str, Tensor]:
        with self._autocast():
            found = self.network.locate(self.network.draw(pose))
        loss = functional.mse_loss(found, pose)
        self._apply("regressor", self.network.regressor, loss)
        return {"regressor": loss.detach()}

    def _train(self, image: Tensor, condition: Tensor, pose: Tensor) -> dict[str, Tensor]:
        network = self.network
        real = network.draw(pose)
        for judge in (*network.discriminators, network.regressor):
            judge.requires_grad_(False)  # gradients pass through, but stop at nothing in them
        with self._autocast():
            translation = network.translate(image)
            losses, images = self._generate(translation, image, condition, real)
        self._apply("generators", network.generators, sum_of(losses))
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
        losses["image adversarial"] = settings.second_adversarial * least_squares(
            network.D_B(made), 1.0
        )
        losses["skeleton cycle"] = settings.second_cycle * functional.l1_loss(back.float(), real)
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
        self._apply("discriminators", network.discriminators, sum_of(losses))
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
        self._apply("regressor", network.regressor, loss)
        return {"regressor": poses, "regressor image": image}

    def _apply(self, name: str, module: nn.Module, loss: Tensor) -> None:
        """One optimiser step; left out if a gradient is not finite."""
        optimiser = self._optimisers[name]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        parameters = list(module.parameters())
        if gradients_finite(parameters):
            nn.utils.clip_grad_norm_(parameters, self.settings.clip)
            optimiser.step()

    def _adam(self, module: nn.Module) -> torch.optim.Adam:
        s = self.settings
        return torch.optim.Adam(module.parameters(), lr=s.learning_rate, betas=(s.beta1, 0.999))

    def _pictures(self, pixels: Tensor) -> Tensor:
        return to_unit(pixels.to(self.network.device).permute(0, 3, 1, 2))

    def _autocast(self) -> AbstractContextManager[None]:
        enabled = self.settings.precision == "bfloat16"
        return torch.autocast(self.network.device.type, torch.bfloat16, enabled=enabled)


def sum_of(losses: dict[str, Tensor]) -> Tensor:
    """The sum of named losses."""
    return torch.stack(list(losses.values())).sum()
