"""Keypoints by OSC (Open Sound Control), which programs for sound, light and dance listen to."""

from __future__ import annotations

import contextlib
import math
import socket

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import UDPClient

from app.runtime.processors import ProcessorResult
from model.core.errors import UserError

DEFAULT_ADDRESS = "127.0.0.1:9000"


class OscProcessor:
    """Sends each result as one bundle over UDP, which nobody needs to receive.

    ``/pose/frame`` has the frame's number, seconds since the first one, and 1 or 0 for whether
    somebody was found; ``/pose/keypoint/left_wrist`` x and y in 0..1 of the picture's width and
    height, and confidence; ``/pose/angle/left_elbow`` degrees, where they are known.

    Args:
        address: HOST:PORT.

    Raises:
        UserError: It is no address, or its host is not known.
    """

    def __init__(self, address: str = DEFAULT_ADDRESS) -> None:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise UserError(f"--osc was {address!r}; it is HOST:PORT, such as {DEFAULT_ADDRESS}.")
        try:
            # Asked for once: sending must not wait for the name of a host.
            found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)
            self._client = UDPClient(str(found[0][4][0]), int(port))
        except OSError as error:
            raise UserError(
                f"The OSC address {address} is not known ({error.strerror}). Give one that is."
            ) from error
        self._start: float | None = None

    def process(self, result: ProcessorResult) -> None:
        if self._start is None:
            self._start = result.time
        bundle = OscBundleBuilder(IMMEDIATELY)

        def add(address: str, *values: float) -> None:
            message = OscMessageBuilder(f"/pose/{address}".replace(" ", "_"))
            for value in values:
                message.add_arg(value)
            bundle.add_content(message.build())

        width, height = result.size
        found = len(result.keypoints) > 0
        add("frame", result.frame, float(result.time - self._start), int(found))
        if found:
            points = (result.keypoints / (width, height)).tolist()
            sure = result.confidence.tolist()
            for name, (x, y), confidence in zip(result.joint_names, points, sure, strict=True):
                add(f"keypoint/{name}", x, y, confidence)
            for name, degrees in result.angles.items():
                if not math.isnan(degrees):
                    add(f"angle/{name}", degrees)
        # A full buffer or nobody who listens loses one bundle, and the next may arrive.
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._client.send(bundle.build())

    def close(self) -> None:
        self._client.close()
