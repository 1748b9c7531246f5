"""Reads and redraws people with KeypointGAN, in a thread of its own (methods 2.1 and 2.4)."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from app.assets import PERSON_MASK
from app.lifecycle import ManagedThread, yield_to_other_threads
from app.live.records import PuppetInfo, PuppetRequest, PuppetResult
from model.device import choose_device
from model.keypoint_gan import weights
from model.keypoint_gan.factorization import Puppeteer
from model.keypoint_gan.pairs import on_black
from model.keypoint_gan.spec import GanSpec
from model.person import PersonMasker

# The core that the live loop leaves to the window.
_THREADS = 1


class PuppetWorker(ManagedThread):
    """Owns the KeypointGAN of one weight file, which it loads while it is STARTING.

    Only the newest request counts: one that waits is replaced by the next. ``device`` None is the
    best one that works. A file that cannot be used ends the thread, ``fault`` being a UserError.
    """

    def __init__(self, path: Path, device: str | None = None) -> None:
        super().__init__("app-puppets")
        self.path = path
        self._device = device
        self._request: PuppetRequest | None = None
        self._result: PuppetResult | None = None
        self._info: PuppetInfo | None = None

    @property
    def info(self) -> PuppetInfo | None:
        """What was loaded; None until the thread is RUNNING."""
        with self._condition:
            return self._info

    def ask(self, request: PuppetRequest) -> None:
        """Compute this next, and nothing that was asked for before."""
        with self._condition:
            self._request = request
            self._condition.notify_all()

    def take_result(self) -> PuppetResult | None:
        """The newest result, once."""
        with self._condition:
            result, self._result = self._result, None
            return result

    def prepare(self) -> None:
        yield_to_other_threads()
        torch.set_num_threads(_THREADS)
        network = weights.load(self.path, choose_device(self._device).device)
        self._puppeteer = Puppeteer(network)
        self._masker = PersonMasker(PERSON_MASK) if network.spec.mask == "person" else None
        with self._condition:
            self._info = describe_puppet(network.spec, self.path.stem)

    def work(self) -> None:
        while (request := self._next()) is not None:
            result = self._compute(request)
            with self._condition:
                self._result = result

    def _next(self) -> PuppetRequest | None:
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or self._request is not None)
            request, self._request = self._request, None
            return None if self._stopping else request

    def _compute(self, request: PuppetRequest) -> PuppetResult:
        look = self._seen(request.picture if request.appearance is None else request.appearance)
        if request.points is None:
            reading = self._puppeteer.read(self._seen(request.picture))
            points, skeleton_image = reading.points, reading.skeleton_image
        else:
            points, skeleton_image = request.points, self._puppeteer.skeleton(request.points)
        return PuppetResult(request, points, skeleton_image, self._puppeteer.redraw(points, look))

    def _seen(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture as the network wants it: on black, if it was trained so."""
        if self._masker is None:
            return picture
        mask = cv2.resize(self._masker(picture), picture.shape[:2])
        return on_black(picture, np.asarray(mask, np.uint8))


def describe_puppet(spec: GanSpec, name: str) -> PuppetInfo:
    """What the window must know to draw the network's points."""
    joints = spec.skeleton.joint_set
    return PuppetInfo(
        name=name,
        size=spec.size,
        joint_names=joints.names,
        limbs=spec.skeleton.limbs,
        sides=tuple(joints.side(i) for i in range(len(joints))),
        conditional=spec.conditional,
    )
