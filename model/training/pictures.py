"""A network's view of some examples as a picture panel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from model.crop import CROP_SIZE, SquareBox
from model.data.sampling import Example
from model.networks import PoseNetwork
from model.normalization import reduced, to_pictures, to_tensor
from model.prediction import pose_in_image
from model.training.panels import PanelRow, training_panel

# The whole crop as a box: what is decoded into it comes out in crop pixels.
_CROP = SquareBox(CROP_SIZE / 2, CROP_SIZE / 2, CROP_SIZE)


@torch.no_grad()
def draw_panel(network: PoseNetwork, examples: Sequence[Example]) -> NDArray[np.uint8]:
    """Source, target, reconstruction and both keypoint sets of each example; RGB (H, W, 3).

    The network is in eval mode, and every example has a source.
    """
    device, bgr = network.device, network.spec.bgr
    sources = [e.source for e in examples if e.source is not None]
    targets = to_tensor([e.target for e in examples], bgr=bgr).to(device)
    output = network(targets, to_tensor(sources, bgr=bgr).to(device))
    shown = to_pictures(reduced(targets, CROP_SIZE), bgr=bgr)
    rebuilt = output.reconstruction
    pictures = to_pictures(rebuilt, bgr=bgr) if rebuilt is not None else [None] * len(examples)
    rows = []
    for index, example in enumerate(examples):
        pose = pose_in_image(output, _CROP, index)
        rows.append(
            PanelRow(
                source=sources[index],
                target=shown[index],
                reconstruction=pictures[index],
                self_points=pose.self_keypoints if len(pose.self_keypoints) else None,
                contribution=pose.contribution if pose.affinity.size else None,
                points=pose.keypoints,
                truth=example.joints * (CROP_SIZE / network.spec.crop_size),
                weights=example.weights,
            )
        )
    return training_panel(rows, network.spec.joint_set)
