"""The history of generated images that the discriminator learns from (method 2.6)."""

from __future__ import annotations

import torch
from torch import Tensor

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
