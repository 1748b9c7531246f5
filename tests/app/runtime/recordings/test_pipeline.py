"""What happens to each frame: found, learnt from, predicted, in this order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.runtime.capture.files import VideoSource
from app.runtime.live.engine import Engine, machine_for
from app.runtime.recordings.pipeline import ProcessedFrame, RecordingPipeline
from model.adaptation import PersonalizationSettings
from model.core.errors import UserError
from model.ttp.prediction import crop_tensor, pose_in_image
from tests.app.runtime.recordings.stand_ins import (
    BOX,
    EMPTY,
    SIZE,
    BrightnessFollower,
    Image,
    PixelLoss,
    person,
    write_clip,
)
from tests.networks import small_network

SETTINGS = PersonalizationSettings(batch_size=2, learning_rate=1e-3)
CLIP = [person(0), person(1), EMPTY, person(2)]


@pytest.fixture
def engine() -> Engine:
    network = small_network().to(memory_format=torch.channels_last)
    follower = BrightnessFollower()
    machine = replace(machine_for(torch.device("cpu")), low_precision=False)
    return Engine(network, PixelLoss(), follower, SETTINGS, machine, "CPU", "small")  # type: ignore[arg-type]


def run(
    engine: Engine, tmp_path: Path, frames: Sequence[Image], *, online: bool
) -> list[ProcessedFrame]:
    source = VideoSource(write_clip(tmp_path / "clip.avi", frames))
    source.open()
    processed = list(RecordingPipeline(engine, online=online).run(source))
    source.close()
    return processed


def weights(engine: Engine) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in engine.network.state_dict().items()}


def test_without_personalization_every_frame_is_predicted_by_the_trained_weights(
    engine: Engine, tmp_path: Path
) -> None:
    before = weights(engine)
    processed = run(engine, tmp_path, CLIP, online=False)
    assert [p.result.box for p in processed] == [BOX, BOX, None, BOX]
    assert [p.frame.index for p in processed] == [0, 1, 2, 3]
    assert [p.result.timestamp for p in processed] == pytest.approx([0, 0.05, 0.1, 0.15])
    assert all(p.update is None and p.result.updates == 0 for p in processed)
    assert all(torch.equal(before[name], value) for name, value in weights(engine).items())
    with torch.inference_mode():
        output = engine.network.pose(crop_tensor(CLIP[1], BOX, engine.network.spec))
    expected = pose_in_image(output, BOX)
    np.testing.assert_allclose(processed[1].result.keypoints, expected.keypoints, atol=1e-3)
    np.testing.assert_allclose(processed[1].result.confidence, expected.confidence, atol=1e-4)


def test_a_frame_without_a_person_has_empty_results(engine: Engine, tmp_path: Path) -> None:
    result = run(engine, tmp_path, CLIP, online=False)[2].result
    assert result.keypoints.shape == (0, 2)
    assert result.confidence.size == result.affinity.size == 0


def test_the_follower_is_told_the_time_and_every_prediction(engine: Engine, tmp_path: Path) -> None:
    processed = run(engine, tmp_path, CLIP, online=False)
    follower = engine.follower
    assert isinstance(follower, BrightnessFollower)
    assert follower.times == pytest.approx([0, 0.05, 0.1, 0.15])
    assert [size for _, size in follower.observed] == [SIZE] * 3
    for (keypoints, _), index in zip(follower.observed, (0, 1, 3), strict=True):
        np.testing.assert_array_equal(keypoints, processed[index].result.keypoints)


def test_online_makes_one_update_per_frame_with_a_person(engine: Engine, tmp_path: Path) -> None:
    before = weights(engine)
    processed = run(engine, tmp_path, CLIP, online=True)
    assert [p.update is not None for p in processed] == [True, True, False, True]
    assert [p.learnt for p in processed] == [True, True, False, True]
    assert [p.result.updates for p in processed] == [1, 2, 2, 3]
    updates = [p.update for p in processed if p.update is not None]
    assert [u.pairs for u in updates] == [2, 2, 2]
    assert all(np.isfinite(u.loss) and u.loss > 0 for u in updates)
    after = weights(engine)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert "encoder.deconv" in " ".join(changed)
    assert not any(name.startswith("affinity.") for name in changed)


def test_online_predicts_with_the_weights_that_the_frame_has_just_updated(
    engine: Engine, tmp_path: Path
) -> None:
    clip = [person(0), person(1)]
    source = VideoSource(write_clip(tmp_path / "clip.avi", clip))
    source.open()
    trained = run(engine, tmp_path, clip, online=False)[0].result
    first = next(RecordingPipeline(engine, online=True).run(source)).result
    source.close()
    with torch.inference_mode():
        now = pose_in_image(
            engine.network.pose(crop_tensor(clip[0], BOX, engine.network.spec)), BOX
        )
    np.testing.assert_allclose(first.confidence, now.confidence, rtol=1e-4)
    assert np.abs(first.confidence - trained.confidence).max() > 1e-3


def test_the_first_frame_rebuilds_itself_and_later_ones_see_only_the_past(
    engine: Engine, tmp_path: Path
) -> None:
    # The example shown is the last pair of the batch; its source must be a frame seen so far.
    few = replace(engine, settings=replace(SETTINGS, batch_size=1))
    processed = run(few, tmp_path, [person(0), person(1), person(2)], online=True)
    updates = [p.update for p in processed if p.update is not None]
    np.testing.assert_array_equal(updates[0].source, updates[0].target)
    for update, seen in zip(updates, (1, 2, 3), strict=True):
        distances = [
            np.abs(update.source.astype(float) - updates[i].target).mean() for i in range(3)
        ]
        assert int(np.argmin(distances)) < seen


def test_iterations_step_several_times_on_each_batch(engine: Engine, tmp_path: Path) -> None:
    thorough = replace(engine, settings=replace(SETTINGS, batch_size=1, iterations=3))
    processed = run(thorough, tmp_path, [person(0), person(1)], online=True)
    assert [p.result.updates for p in processed] == [3, 6]


def test_an_update_that_is_not_finite_is_not_learnt(engine: Engine, tmp_path: Path) -> None:
    with torch.no_grad():
        next(engine.network.reconstruction.parameters()).fill_(torch.nan)
    before = weights(engine)
    processed = run(engine, tmp_path, [person(0)], online=True)[0]
    assert processed.update is not None
    assert np.isnan(processed.update.loss)
    assert not processed.learnt
    assert processed.result.updates == 0
    after = weights(engine)
    assert all(torch.equal(before[n], after[n]) for n in before if n.startswith("encoder."))


def test_trained_weights_come_back_when_the_settings_say_so(engine: Engine, tmp_path: Path) -> None:
    resetting = replace(engine, settings=replace(SETTINGS, batch_size=1, reset_every=2))
    processed = run(resetting, tmp_path, [person(i) for i in range(3)], online=True)
    assert [p.result.updates for p in processed] == [1, 2, 1]


def test_a_cut_brings_the_trained_weights_back_and_forgets_the_frames(
    engine: Engine, tmp_path: Path
) -> None:
    cutting = replace(engine, settings=replace(SETTINGS, batch_size=1, reset_on_cut=True))
    one, other = person(0), person(5)
    clip = [one, one, EMPTY, other, other]
    processed = run(cutting, tmp_path, clip, online=True)
    assert [p.result.updates for p in processed] == [1, 2, 2, 1, 2]
    # Its own source: the frames of the scene before are gone.
    update = processed[3].update
    assert update is not None
    np.testing.assert_array_equal(update.source, update.target)
    whole = replace(engine, settings=replace(SETTINGS, batch_size=1))
    processed = run(whole, tmp_path, clip, online=True)
    assert [p.result.updates for p in processed] == [1, 2, 2, 3, 4]


def test_the_average_of_the_weights_predicts_where_the_settings_ask_for_one(
    engine: Engine, tmp_path: Path
) -> None:
    averaging = replace(engine, settings=replace(SETTINGS, average=0.9))
    source = VideoSource(write_clip(tmp_path / "clip.avi", [person(0)]))
    source.open()
    pipeline = RecordingPipeline(averaging, online=True)
    found = next(pipeline.run(source)).result
    source.close()
    crop = crop_tensor(person(0), BOX, engine.network.spec)
    assert pipeline._learner is not None
    personalizer = pipeline._learner.personalizer
    average = pose_in_image(personalizer.predict(crop), BOX)
    with torch.inference_mode():
        last = pose_in_image(engine.network.pose(crop), BOX)
    np.testing.assert_allclose(found.confidence, average.confidence, rtol=1e-4)
    apart = [np.abs(pose.confidence - last.confidence).max() for pose in (found, average)]
    assert min(apart) > 1e-3


def test_views_keep_the_detail_that_the_networks_crops_need(engine: Engine) -> None:
    engine.network.spec = replace(engine.network.spec, backbone="movenet-thunder")
    pipeline = RecordingPipeline(engine, online=False)
    assert pipeline._memory._crop_size == engine.network.spec.crop_size == 256


def test_the_baseline_cannot_be_personalized_but_predicts(engine: Engine, tmp_path: Path) -> None:
    baseline = replace(engine, network=small_network("baseline"))
    with pytest.raises(UserError, match="cannot be personalized"):
        RecordingPipeline(baseline, online=True)
    processed = run(baseline, tmp_path, [person(0)], online=False)[0]
    assert processed.result.keypoints.shape == (13, 2)
