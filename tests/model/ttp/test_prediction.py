from __future__ import annotations

import numpy as np
import torch

from model.core.crop import SquareBox, to_pictures, to_tensor
from model.ttp.networks import PoseOutput
from model.ttp.prediction import PosePredictor, crop_tensor, pose_in_image
from tests.networks import small_network

_IMAGE = (
    np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8).repeat(20, 0).repeat(20, 1)
)
_BOX = SquareBox(160, 120, 200)


def test_decoded_points_are_in_image_pixels() -> None:
    heatmaps = torch.full((1, 2, 32, 32), -1.0)
    heatmaps[0, 0, 16, 20] = 0.7  # row 16, column 20
    output = PoseOutput(heatmaps, None, None)
    pose = pose_in_image(output, SquareBox(100, 50, 64))
    np.testing.assert_allclose(pose.keypoints[0], [100 + 4 * 2, 50])
    np.testing.assert_allclose(pose.confidence, [0.7, 0.0])
    assert pose.self_keypoints.shape == (0, 2) and pose.affinity.shape == (0, 0)
    assert pose.contribution.shape == (0,)


def test_the_predictor_agrees_with_its_network() -> None:
    network = small_network()
    pose = PosePredictor(network).predict(_IMAGE, _BOX)
    with torch.inference_mode():
        wanted = pose_in_image(network.pose(crop_tensor(_IMAGE, _BOX, network.spec)), _BOX)
    np.testing.assert_allclose(pose.self_keypoints, wanted.self_keypoints, atol=1e-2)
    np.testing.assert_allclose(pose.affinity, wanted.affinity, atol=1e-5)
    np.testing.assert_allclose(pose.contribution, pose.affinity.sum(0))


def test_the_predictor_shares_nothing_and_takes_over_weights_by_name() -> None:
    network = small_network()
    predictor, trained = PosePredictor(network), PosePredictor(network)
    first = predictor.predict(_IMAGE, _BOX)
    with torch.no_grad():
        network.self_head.weight.mul_(-1)
    np.testing.assert_array_equal(
        predictor.predict(_IMAGE, _BOX).self_keypoints, first.self_keypoints
    )
    predictor.load(
        {"self_head.weight": network.self_head.weight, "reconstruction.x": torch.ones(1)}
    )
    changed = predictor.predict(_IMAGE, _BOX)
    assert not np.array_equal(changed.self_keypoints, first.self_keypoints)
    predictor.copy_from(trained)
    np.testing.assert_array_equal(
        predictor.predict(_IMAGE, _BOX).self_keypoints, first.self_keypoints
    )


def test_bfloat16_stays_close() -> None:
    network = small_network()
    exact = PosePredictor(network).predict(_IMAGE, _BOX)
    rough = PosePredictor(network, torch.bfloat16).predict(_IMAGE, _BOX)
    np.testing.assert_allclose(rough.self_keypoints, exact.self_keypoints, atol=0.02 * _BOX.side)


def test_every_variant_predicts() -> None:
    for variant, self_keypoints in (("baseline", 0), ("rotation", 0), ("keypoint", 30)):
        pose = PosePredictor(small_network(variant)).predict(_IMAGE, _BOX)  # type: ignore[arg-type]
        assert pose.keypoints.shape == (13, 2)
        assert pose.self_keypoints.shape == (self_keypoints, 2)


def test_pictures_survive_normalisation_in_both_channel_orders() -> None:
    crop = _IMAGE[:128, :128]
    for bgr in (False, True):
        tensor = to_tensor([crop, crop], bgr=bgr)
        assert tensor.shape == (2, 3, 128, 128) and tensor.dtype == torch.float32
        np.testing.assert_array_equal(to_pictures(tensor, bgr=bgr)[1], crop)
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    assert to_tensor([red])[0, 0, 0, 0] > 2 and to_tensor([red], bgr=True)[0, 2, 0, 0] > 2
