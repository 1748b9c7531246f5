"""A network's view of some examples as a picture panel."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE, SquareBox
from model.core.images import reduced, to_pictures
from model.core.panels import PanelRow, resized, training_panel
from model.ttp.networks import PoseNetwork
from model.ttp.objective import TensorBatch
from model.ttp.prediction import pose_in_image

# The whole crop as a box: what is decoded into it comes out in crop pixels.
_CROP = SquareBox(CROP_SIZE / 2, CROP_SIZE / 2, CROP_SIZE)


@torch.no_grad()
def draw_panel(network: PoseNetwork, batch: TensorBatch) -> NDArray[np.uint8]:
    """Source, target, reconstruction and both keypoint sets of each example; RGB (H, W, 3).

    The network is in eval mode, and every example has a source.
    """
    bgr, count = network.spec.bgr, len(batch.target)
    output = network(batch.target, batch.source)
    shown = to_pictures(reduced(batch.target, CROP_SIZE), bgr=bgr)
    sources = to_pictures(batch.source, bgr=bgr)
    rebuilt = output.reconstruction
    pictures: list[NDArray[np.uint8] | None] = [None] * count
    if rebuilt is not None:
        pictures = [resized(picture, CROP_SIZE) for picture in to_pictures(rebuilt, bgr=bgr)]
    truth = (batch.joints * (CROP_SIZE / network.spec.crop_size)).cpu().numpy()
    rows = []
    for index in range(count):
        pose = pose_in_image(output, _CROP, index)
        rows.append(
            PanelRow(
                source=sources[index],
                target=shown[index],
                reconstruction=pictures[index],
                self_points=pose.self_keypoints if len(pose.self_keypoints) else None,
                contribution=pose.contribution if pose.affinity.size else None,
                points=pose.keypoints,
                truth=truth[index],
                weights=batch.weights[index].cpu().numpy(),
            )
        )
    return training_panel(rows, network.spec.joint_set)
