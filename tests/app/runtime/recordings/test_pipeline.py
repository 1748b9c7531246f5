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
from model.adaptation import (
    Adapter,
    Mode,
    PairExample,
    PersonalizationSettings,
    Personalizer,
    PersonView,
    SourceMemory,
)
from model.adaptation.memory import compact_side
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
    engine: Engine, tmp_path: Path, frames: Sequence[Image], mode: Mode = "none"
) -> list[ProcessedFrame]:
    source = VideoSource(write_clip(tmp_path / "clip.avi", frames))
    source.open()
    processed = list(RecordingPipeline(engine, mode).run(source))
    source.close()
    return processed


def examples_of(engine: Engine, tmp_path: Path, frames: Sequence[Image]) -> list[PairExample]:
    """The pair that was rebuilt last after each frame, in online mode."""
    source = VideoSource(write_clip(tmp_path / "examples.avi", frames))
    source.open()
    pipeline = RecordingPipeline(engine, "online")
    assert pipeline._adapter is not None
    found = []
    for _ in pipeline.run(source):
        example = pipeline._adapter.personalizer.example
        assert example is not None
        found.append(example)
    source.close()
    return found


def weights(engine: Engine) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in engine.network.state_dict().items()}


def test_without_personalization_every_frame_is_predicted_by_the_trained_weights(
    engine: Engine, tmp_path: Path
) -> None:
    before = weights(engine)
    processed = run(engine, tmp_path, CLIP, mode="none")
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
    result = run(engine, tmp_path, CLIP, mode="none")[2].result
    assert result.keypoints.shape == (0, 2)
    assert result.confidence.size == result.affinity.size == 0


def test_the_follower_is_told_the_time_and_every_prediction(engine: Engine, tmp_path: Path) -> None:
    processed = run(engine, tmp_path, CLIP, mode="none")
    follower = engine.follower
    assert isinstance(follower, BrightnessFollower)
    assert follower.times == pytest.approx([0, 0.05, 0.1, 0.15])
    assert [size for _, size in follower.observed] == [SIZE] * 3
    for (keypoints, _), index in zip(follower.observed, (0, 1, 3), strict=True):
        np.testing.assert_array_equal(keypoints, processed[index].result.keypoints)


def test_online_makes_one_update_per_frame_with_a_person(engine: Engine, tmp_path: Path) -> None:
    before = weights(engine)
    processed = run(engine, tmp_path, CLIP, mode="online")
    assert [p.update is not None for p in processed] == [True, True, False, True]
    assert all(p.update.applied for p in processed if p.update is not None)
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
    trained = run(engine, tmp_path, clip, mode="none")[0].result
    first = next(RecordingPipeline(engine, "online").run(source)).result
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
    # The only pair of each batch: its target is the frame, its source must be one seen so far.
    few = replace(engine, settings=replace(SETTINGS, batch_size=1))
    examples = examples_of(few, tmp_path, [person(0), person(1), person(2)])
    targets = [example.target for example in examples]
    for seen, example in enumerate(examples, 1):
        distances = [float((example.source - target).abs().mean()) for target in targets]
        assert int(np.argmin(distances)) < seen
        assert min(distances) < 1e-6


def test_iterations_step_several_times_on_each_batch(engine: Engine, tmp_path: Path) -> None:
    thorough = replace(engine, settings=replace(SETTINGS, batch_size=1, iterations=3))
    processed = run(thorough, tmp_path, [person(0), person(1)], mode="online")
    assert [p.result.updates for p in processed] == [3, 6]


def test_an_update_that_is_not_finite_is_not_learnt(engine: Engine, tmp_path: Path) -> None:
    with torch.no_grad():
        next(engine.network.reconstruction.parameters()).fill_(torch.nan)
    before = weights(engine)
    processed = run(engine, tmp_path, [person(0)], mode="online")[0]
    assert processed.update is not None
    assert np.isnan(processed.update.loss)
    assert not processed.update.applied
    assert processed.result.updates == 0
    after = weights(engine)
    assert all(torch.equal(before[n], after[n]) for n in before if n.startswith("encoder."))


def test_trained_weights_come_back_when_the_settings_say_so(engine: Engine, tmp_path: Path) -> None:
    resetting = replace(engine, settings=replace(SETTINGS, batch_size=1, reset_every=2))
    processed = run(resetting, tmp_path, [person(i) for i in range(3)], mode="online")
    assert [p.result.updates for p in processed] == [1, 2, 1]


def test_a_cut_brings_the_trained_weights_back_and_forgets_the_frames(
    engine: Engine, tmp_path: Path
) -> None:
    cutting = replace(engine, settings=replace(SETTINGS, batch_size=1, reset_on_cut=True))
    one, other = person(0), person(5)
    clip = [one, one, EMPTY, other, other]
    processed = run(cutting, tmp_path, clip, mode="online")
    assert [p.result.updates for p in processed] == [1, 2, 2, 1, 2]
    # Its own source: the frames of the scene before are gone.
    example = examples_of(cutting, tmp_path, clip)[3]
    assert torch.equal(example.source, example.target)
    whole = replace(engine, settings=replace(SETTINGS, batch_size=1))
    processed = run(whole, tmp_path, clip, mode="online")
    assert [p.result.updates for p in processed] == [1, 2, 2, 3, 4]


def test_the_average_of_the_weights_predicts_where_the_settings_ask_for_one(
    engine: Engine, tmp_path: Path
) -> None:
    averaging = replace(engine, settings=replace(SETTINGS, average=0.9, learning_rate=1e-2))
    source = VideoSource(write_clip(tmp_path / "clip.avi", [person(0)]))
    source.open()
    pipeline = RecordingPipeline(averaging, "online")
    found = next(pipeline.run(source)).result
    source.close()
    crop = crop_tensor(person(0), BOX, engine.network.spec)
    assert pipeline._adapter is not None
    personalizer = pipeline._adapter.personalizer
    average = pose_in_image(personalizer.predict(crop), BOX)
    with torch.inference_mode():
        last = pose_in_image(engine.network.pose(crop), BOX)
    np.testing.assert_allclose(found.confidence, average.confidence, rtol=1e-4)
    apart = [np.abs(pose.confidence - last.confidence).max() for pose in (found, average)]
    assert min(apart) > 1e-3


def open_clip(path: Path, frames: Sequence[Image]) -> VideoSource:
    source = VideoSource(write_clip(path, frames))
    source.open()
    return source


def test_offline_learns_from_all_recordings_before_the_first_prediction(
    engine: Engine, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, offline_updates_per_frame=2.0)
    pipeline = RecordingPipeline(replace(engine, settings=settings), "offline", 7)
    before = weights(engine)
    clips = [CLIP, [person(3), EMPTY, person(4)]]
    sources = [open_clip(tmp_path / f"{number}.avi", clip) for number, clip in enumerate(clips)]
    assert [sum(1 for _ in pipeline.watch(source)) for source in sources] == [4, 3]
    assert (pipeline.watched, pipeline.views) == (5, 5)
    assert all(torch.equal(before[name], value) for name, value in weights(engine).items())
    reports = list(pipeline.learn())
    assert [report.number for report in reports] == list(range(1, 11))
    learnt = weights(engine)
    assert any(not torch.equal(before[name], value) for name, value in learnt.items())
    for source, clip in zip(sources, clips, strict=True):
        source.rewind()
        processed = list(pipeline.run(source))
        source.close()
        assert len(processed) == len(clip)
        assert all(p.result.updates == 10 and p.update is None for p in processed)
        assert [p.result.media_index for p in processed] == list(range(len(clip)))
    assert all(torch.equal(learnt[name], value) for name, value in weights(engine).items())


def test_offline_learns_what_evaluation_learns(engine: Engine, tmp_path: Path) -> None:
    settings = replace(SETTINGS, guard=True, offline_updates_per_frame=0.5)
    guarded = replace(engine, settings=settings)
    pipeline = RecordingPipeline(guarded, "offline", 9)
    source = open_clip(tmp_path / "clip.avi", [person(i) for i in range(9)])
    trained = weights(engine)
    assert sum(1 for _ in pipeline.watch(source)) == 9
    assert pipeline.views == 8  # one is held out for the guard
    losses = [report.loss for report in pipeline.learn()]
    source.close()
    engine.network.load_state_dict(trained)
    personalizer = Personalizer(engine.network, PixelLoss(), settings)
    adapter = Adapter(personalizer, SourceMemory(9, whole_bytes=2**29))
    for index in range(9):
        adapter.remember(PersonView.of_frame(person(index), BOX, index))
    again = [report.loss for report in adapter.offline(9)]
    np.testing.assert_allclose(again, losses, rtol=1e-4)


def test_offline_nothing_that_was_learnt_is_forgotten_again(engine: Engine, tmp_path: Path) -> None:
    # Cuts and counted frames belong to online personalization: offline has no order.
    settings = replace(SETTINGS, batch_size=1, reset_on_cut=True, reset_every=1)
    pipeline = RecordingPipeline(replace(engine, settings=settings), "offline", 4)
    source = open_clip(tmp_path / "clip.avi", [person(0), person(0), person(5), person(5)])
    assert sum(1 for _ in pipeline.watch(source)) == 4
    assert pipeline.views == 4
    assert len(list(pipeline.learn())) == 4
    source.rewind()
    assert [p.result.updates for p in pipeline.run(source)] == [4] * 4
    source.close()


def test_offline_keeps_a_fair_sample_of_what_has_no_room(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = compact_side(engine.network.spec.crop_size)
    monkeypatch.setattr("app.runtime.recordings.pipeline._OFFLINE_VIEWS", 2 * 3 * side**2)
    pipeline = RecordingPipeline(engine, "offline")
    source = open_clip(tmp_path / "clip.avi", [person(i) for i in range(6)])
    for _ in pipeline.watch(source):
        pass
    source.close()
    assert (pipeline.watched, pipeline.views) == (6, 2)
    assert len(list(pipeline.learn())) == 6


def test_views_keep_the_detail_that_the_networks_crops_need(engine: Engine) -> None:
    engine.network.spec = replace(engine.network.spec, backbone="movenet-thunder")
    pipeline = RecordingPipeline(engine, "none")
    assert pipeline._memory._crop_size == engine.network.spec.crop_size == 256


def test_the_baseline_cannot_be_personalized_but_predicts(engine: Engine, tmp_path: Path) -> None:
    baseline = replace(engine, network=small_network("baseline"))
    with pytest.raises(UserError, match="cannot be personalized"):
        RecordingPipeline(baseline, "online")
    processed = run(baseline, tmp_path, [person(0)], mode="none")[0]
    assert processed.result.keypoints.shape == (13, 2)
