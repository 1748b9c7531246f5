"""The widgets that show what a session publishes, made for its network and tied together."""

from __future__ import annotations

from dataclasses import dataclass

from app.gui.language import tr
from app.gui.live_view import LiveView
from app.gui.panels.keypointgan import KeypointGanChoice, KeypointGanPanel
from app.gui.panels.plots import PlotsPanel
from app.gui.panels.ttp import AffinityPanel, ReconstructionPanel
from app.runtime.live.results import NetworkInfo


@dataclass(frozen=True)
class Panels:
    """The live view and the panels around it."""

    live: LiveView
    reconstruction: ReconstructionPanel
    affinity: AffinityPanel
    plots: PlotsPanel
    keypoint_gan: KeypointGanPanel


def build_panels(
    network: NetworkInfo, keypointgan: KeypointGanChoice | None = None, remembered_weights: str = ""
) -> Panels:
    """Panels for ``network``; what is hovered in one lights up in the other.

    ``keypointgan`` and ``remembered_weights`` are KeypointGAN's.
    """
    live, affinity = LiveView(), AffinityPanel()
    live.set_network(network)
    affinity.set_network(network)
    live.set_empty_text(
        tr("No picture yet"), tr("Choose a source, or drop a video or a folder here.")
    )
    live.joint_hovered.connect(lambda joint: affinity.set_highlight(_known(joint)))
    affinity.cell_hovered.connect(
        lambda joint, keypoint: live.set_highlight(_known(joint), _known(keypoint))
    )
    keypoint_gan = KeypointGanPanel(keypointgan, remembered_weights)
    return Panels(live, ReconstructionPanel(), affinity, PlotsPanel(), keypoint_gan)


def _known(index: int) -> int | None:
    return None if index < 0 else index
