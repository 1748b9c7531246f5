"""What lies on the device is the data set, and what is drawn of it is augmented as one piece."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from model.core.augmentation import Augmenter
from model.core.crop import SquareBox, to_pictures, warp
from model.core.errors import UserError
from model.core.masking import mask_matrix
from model.core.skeleton import PENN13
from model.data.records import BadDataError
from model.data.sampling import PairCutter
from model.data.shards import read_shards
from model.ttp.networks import NetworkSpec
from model.ttp.objective import JointObjective
from model.ttp.training.resident import Bank, BatchMaker, load_bank, warped
from model.ttp.training.settings import ResidentSettings
from model.ttp.training.step import collate
from tests.networks import small_network, small_perceptual_loss
from tests.shards import SIZE, write_arrays, write_shard

CPU = torch.device("cpu")
SPEC = NetworkSpec("transformer", "resnet-mini", "penn13")
JOINTS = len(PENN13)
STORED = 64
BOX = (32.0, 32.0, 48.0)
STILL = Augmenter(rotation_probability=0, scale_sd=0)
TURNED = Augmenter(rotation_probability=1, shift_sd=0.03)


def _settings(augmenter: Augmenter = STILL, **changes: object) -> ResidentSettings:
    values = {"batch_size": 16, "independent_sources": 0.0, **changes}
    return ResidentSettings(augmenter=augmenter, **values)  # type: ignore[arg-type]


def _bank(
    pictures: Tensor,
    joints: Tensor | None = None,
    weights: Tensor | None = None,
    *,
    frames: int = 1,
    outside: bool = False,
) -> Bank:
    """Pictures (N, 3, 64, 64) in clips of so many frames."""
    count = len(pictures)
    rows = torch.arange(count)
    return Bank(
        "people",
        pictures,
        torch.tensor(BOX).repeat(count, 1),
        joints if joints is not None else torch.full((count, JOINTS, 2), 32.0),
        weights if weights is not None else torch.ones(count, JOINTS),
        rows // frames * frames,
        torch.full((count,), frames),
        paired=frames > 1,
        outside=outside,
    )


def _plain(values: list[int], frames: int = 1) -> Bank:
    """Pictures of one brightness each, in clips of so many frames."""
    grey = torch.tensor(values, dtype=torch.uint8)[:, None, None, None]
    return _bank(grey.expand(-1, 3, STORED, STORED).contiguous(), frames=frames)


def _dots(frames: int = 1) -> Bank:
    """In each picture one joint is seen, as a bright dot, and no other counts."""
    joints = torch.rand(JOINTS, JOINTS, 2) * 16 + 24
    cells = torch.arange(STORED)
    pictures = torch.empty(JOINTS, STORED, STORED)
    for number, (x, y) in enumerate(joints[range(JOINTS), range(JOINTS)]):
        away = (cells[None, :] - x) ** 2 + (cells[:, None] - y) ** 2
        pictures[number] = 255 * torch.exp(-away / 18)
    whole = pictures.round().to(torch.uint8)[:, None].expand(-1, 3, -1, -1)
    whole, joints = whole.repeat_interleave(frames, 0), joints.repeat_interleave(frames, 0)
    return _bank(whole, joints, torch.eye(JOINTS).repeat_interleave(frames, 0), frames=frames)


def _brightest(images: Tensor) -> Tensor:
    """The middle (n, 2) of the brightest places of normalised pictures."""
    light = torch.from_numpy(to_pictures(images)[..., 0].astype(np.float32))
    light = (light - 0.5 * light.amax(dim=(1, 2), keepdim=True)).clamp(min=0)
    cells = torch.arange(light.shape[-1], dtype=torch.float32)
    total = light.sum(dim=(1, 2))
    return (
        torch.stack([(light.sum(1) * cells).sum(-1), (light.sum(2) * cells).sum(-1)], 1)
        / (total[:, None])
    )


def _values(images: Tensor) -> list[int]:
    """The brightness in the middle of normalised pictures."""
    middle = images.shape[-1] // 2
    return [int(value) for value in to_pictures(images)[:, middle, middle, 0]]


def test_a_bank_holds_what_the_data_set_says(tmp_path: Path) -> None:
    shard = write_shard(tmp_path / "people.npz", people=2, frames=3)
    with np.load(shard) as file:
        arrays = dict(file)
    arrays["visible"][1, 2] = 0
    arrays["joints"][1, 2] = np.nan
    arrays["visible"][4, 5] = 0
    np.savez(shard, **arrays)
    data = read_shards([shard], "people")

    bank = load_bank(data, CPU, joint_weight=0.5)

    assert len(bank) == 6 and bank.name == "people" and bank.paired and not bank.outside
    assert bank.pictures.shape == (6, 3, SIZE, SIZE) and bank.pictures.dtype == torch.uint8
    row = 0
    for clip in data:
        for index in range(len(clip)):
            assert np.array_equal(bank.pictures[row].permute(1, 2, 0), clip.frames.read(index))
            assert bank.boxes[row].tolist() == clip.boxes[index].tolist()
            known = np.nan_to_num(clip.joints[index], nan=0)
            assert np.array_equal(bank.joints[row], known)
            assert bank.weights[row].tolist() == [0.5 * bool(v) for v in clip.visible[index]]
            row += 1
    assert bank.weights[1, 2] == bank.weights[4, 5] == 0
    assert bank.first.tolist() == [0, 0, 0, 3, 3, 3] and bank.length.tolist() == [3] * 6
    assert not load_bank(data, CPU, paired=False).paired


def test_stills_give_no_pairs(tmp_path: Path) -> None:
    shard = write_shard(tmp_path / "stills.npz", people=4, frames=1)
    assert not load_bank(read_shards([shard], "stills"), CPU).paired


def test_pictures_of_several_sizes_are_refused(tmp_path: Path) -> None:
    sizes = ((64, 64), (64, 48))
    files = [cv2.imencode(".jpg", np.zeros((*size, 3), np.uint8))[1] for size in sizes]
    write_arrays(
        tmp_path / "mixed.npz",
        files,
        joints=np.full((2, JOINTS, 2), 30, np.float32),
        visible=np.full((2, JOINTS), 2, np.uint8),
        person=np.arange(2),
        frame=np.zeros(2, int),
        size=np.array(64),
    )
    with pytest.raises(BadDataError, match=r"picture 1 of .* 48 x 64 pixels.*64 x 64.*--resident"):
        load_bank(read_shards([tmp_path / "mixed.npz"], "mixed"), CPU)


def test_a_frame_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    shard = write_shard(tmp_path / "people.npz")
    with np.load(shard) as file:
        arrays = dict(file)
    arrays["joints"][3] = np.nan
    np.savez(shard, **arrays)
    with pytest.raises(BadDataError, match="picture 3"):
        load_bank(read_shards([shard], "people"), CPU)


@pytest.mark.parametrize("backbone", ["resnet-mini", "movenet-lightning"])
def test_joints_lie_where_they_are_seen(backbone: str) -> None:
    """Turned, scaled, shifted and mirrored."""
    spec = NetworkSpec("baseline", backbone, "penn13")
    batch = BatchMaker([_dots()], [1], spec, _settings(TURNED, batch_size=48)).draw()

    assert batch.target.shape == (48, 3, spec.crop_size, spec.crop_size)
    assert (batch.weights.sum(dim=1) == 1).all()
    found = _brightest(batch.target)
    torch.testing.assert_close(found, batch.joints[batch.weights == 1], atol=1.0, rtol=0)
    assert found.std(dim=0).min() > 10


def test_a_source_is_placed_as_its_target_unless_it_is_independent() -> None:
    away = []
    for independent in (0.0, 1.0):
        settings = _settings(TURNED, batch_size=32, independent_sources=independent)
        batch = BatchMaker([_dots(frames=2)], [1], SPEC, settings).draw()
        assert batch.source.shape == (32, 3, 128, 128)
        # The two frames of a clip are the same here.
        away.append((_brightest(batch.source) - _brightest(batch.target)).norm(dim=1))
    assert away[0].max() < 1.5 and away[1].mean() > 5


def test_a_mirrored_person_has_left_and_right_swapped() -> None:
    joints = torch.rand(1, JOINTS, 2) * 30 + 17
    weights = torch.linspace(0.1, 1, JOINTS)[None]
    bank = _bank(torch.zeros(1, 3, STORED, STORED, dtype=torch.uint8), joints, weights)
    settings = _settings(batch_size=24, self_weight=0.0)
    batch = BatchMaker([bank], [1], SPEC, settings).draw()

    plain = (joints[0] - 32) * (128 / 48) + 64
    mirrored = torch.stack([128 - plain[:, 0], plain[:, 1]], dim=1)[list(PENN13.flip_order)]
    flipped = [not torch.allclose(found, plain, atol=1e-3) for found in batch.joints]
    assert 0 < sum(flipped) < 24
    for found, weight, flip in zip(batch.joints, batch.weights, flipped, strict=True):
        expected = weights[0][list(PENN13.flip_order)] if flip else weights[0]
        torch.testing.assert_close(found, mirrored if flip else plain, atol=1e-3, rtol=0)
        torch.testing.assert_close(weight, expected)


def test_pairs_are_of_one_clip_and_come_first() -> None:
    """Pictures of 10 and 11, of 20 and 21 ... are frames of a clip, and 200 is a still."""
    clips = _plain([v + f for v in range(10, 90, 10) for f in (0, 1)], frames=2)
    maker = BatchMaker([_plain([200]), clips], [1, 1], SPEC, _settings(pairs=5))
    frames: set[tuple[int, int]] = set()
    for _ in range(8):
        batch = maker.draw()
        assert len(batch.target) == 16 and len(batch.source) == 5
        targets, sources = _values(batch.target[:5]), _values(batch.source)
        frames |= set(zip(targets, sources, strict=True))
        assert 200 not in targets
    assert all(target // 10 == source // 10 for target, source in frames)
    assert any(target != source for target, source in frames)
    assert any(target == source for target, source in frames)


def test_without_a_number_every_example_that_can_be_is_a_pair() -> None:
    banks = [_plain([10, 11], frames=2), _plain([200]), _plain([90, 91, 92], frames=3)]
    batch = BatchMaker(banks, [0.25, 0.5, 0.25], SPEC, _settings()).draw()
    assert len(batch.source) == 8
    assert 200 not in _values(batch.target[:8]) and set(_values(batch.target[8:])) == {200}


@pytest.mark.parametrize("pairs", [0, 2])
def test_each_bank_has_its_share_however_small(pairs: int) -> None:
    shares = {20: 0.62, 60: 0.12, 180: 0.18, 100: 0.06, 140: 0.02}
    banks = [_plain([value] * 2, frames=1 + (value == 180)) for value in shares]
    maker = BatchMaker(
        banks, [10 * share for share in shares.values()], SPEC, _settings(pairs=pairs)
    )
    values = [value for _ in range(25) for value in _values(maker.draw().target)]
    assert len(values) == 400
    for value, share in shares.items():
        assert abs(values.count(value) - share * 400) <= 2, value


def test_the_seed_decides() -> None:
    augmenter = Augmenter(colour_sd=0.2, blur_probability=0.5, hide_probability=0.5, shift_sd=0.1)
    bank = _dots(frames=2)

    def draw(seed: int) -> list[Tensor]:
        maker = BatchMaker([bank], [1], SPEC, _settings(augmenter, pairs=4, seed=seed))
        batches = [maker.draw(), maker.draw()]
        return [part for batch in batches for part in vars(batch).values() if part is not None]

    first, second, other = draw(7), draw(7), draw(8)
    assert all(map(torch.equal, first, second))
    assert not any(map(torch.equal, first, other))


@pytest.mark.parametrize("outside", [True, False])
def test_maps_without_the_joint_are_learnt_where_labels_say_so(outside: bool) -> None:
    joints = torch.full((1, JOINTS, 2), 32.0)
    joints[0, 0] = torch.tensor([32.0, 90.0])  # the head, outside and absent
    weights = torch.ones(1, JOINTS)
    weights[0, [0, 1, 2]] = 0  # both shoulders inside and absent
    bank = _bank(
        torch.zeros(1, 3, STORED, STORED, dtype=torch.uint8), joints, weights, outside=outside
    )
    batch = BatchMaker([bank], [1], SPEC, _settings(self_weight=0.0)).draw()
    assert (batch.weights[:, 0] == float(outside)).all()
    assert (batch.weights[:, 1:3] == 0).all() and (batch.weights[:, 3:] == 1).all()


def test_a_crop_is_cut_as_it_is_by_the_identity() -> None:
    picture = torch.randint(256, (1, 3, STORED, STORED), dtype=torch.uint8)
    boxes = torch.tensor([[32.0, 30.0, 32.0]])
    crop = warped(picture, boxes, torch.eye(2)[None], 32)
    torch.testing.assert_close(crop, picture[:, :, 14:46, 16:48].float(), atol=0.01, rtol=0)


def test_channels_are_in_the_networks_order() -> None:
    picture = torch.zeros(1, 3, STORED, STORED, dtype=torch.uint8)
    picture[:, 0] = 200
    spec = NetworkSpec("baseline", "resnet-mini", "penn13", channel_order="bgr")
    batch = BatchMaker([_bank(picture)], [1], spec, _settings()).draw()
    assert to_pictures(batch.target, bgr=True)[0, 64, 64].tolist() == [200, 0, 0]


@pytest.mark.parametrize(
    ("frames", "pairs", "message"),
    [(1, 0, "No data set gives pairs"), (2, 9, "of 16 examples only 8 come from")],
)
def test_pairs_that_nobody_gives_are_refused(frames: int, pairs: int, message: str) -> None:
    banks = [_plain([10, 11], frames=frames), _plain([200])]
    with pytest.raises(UserError, match=message):
        BatchMaker(banks, [1, 1], SPEC, _settings(pairs=pairs))


def _masked_bank() -> Bank:
    """Two clips of four frames; each picture is its own mask, smooth, within the mask's square."""
    cells = torch.arange(STORED)
    blobs = []
    for number in range(8):
        away = (cells[None, :] - 28 - number) ** 2 + (cells[:, None] - 30) ** 2
        blobs.append(255 * torch.exp(-away / 60))
    pictures = torch.stack(blobs).round().to(torch.uint8)[:, None].expand(-1, 3, -1, -1)
    bank = _bank(pictures.contiguous(), frames=4)
    box = SquareBox(*BOX)
    masks = [warp(picture.numpy(), mask_matrix(box), 128) for picture in pictures[:, 0]]
    return replace(bank, masks=torch.from_numpy(np.stack(masks))[:, None])


def _mean_error(masks: Tensor, images: Tensor) -> float:
    """Between masks and what should be them, the red of normalised pictures."""
    red = torch.from_numpy(to_pictures(images)[..., 0].astype(np.float32)) / 255
    return float((masks[:, 0] - red).abs().mean())


def test_masks_are_cut_as_their_pictures() -> None:
    spec = replace(SPEC, mask="person")
    maker = BatchMaker([_masked_bank()], [1], spec, _settings(TURNED, independent_sources=0.5))
    batch = maker.draw()
    assert batch.masks is not None and batch.masks.shape == (16, 1, 128, 128)
    assert _mean_error(batch.masks, batch.target) < 0.003
    plain = BatchMaker([_masked_bank()], [1], SPEC, _settings(TURNED, independent_sources=0.5))
    same = plain.draw()
    assert same.masks is None and torch.equal(same.target, batch.target)
    # A source has its own mask, not the target's, and is placed by itself here and there.
    red = torch.from_numpy(to_pictures(same.source)[:, None, :, :, 0] / 255.0)
    assert (batch.source - same.source * red).abs().mean() < 0.006


def test_masks_are_in_the_order_of_their_targets() -> None:
    """From several banks, of which some have no masks as they give no pairs."""
    banks = []
    for value in (40, 90, 160):
        bank = _plain([value] * 4, frames=4)
        masks = torch.full((4, 1, 128, 128), value, dtype=torch.uint8)
        banks.append(replace(bank, masks=masks))
    stills = [_plain([200, 220]), replace(_plain([240] * 4, frames=4), paired=False)]
    spec = replace(SPEC, mask="person")
    maker = BatchMaker([*stills, *banks], [3, 3, 2, 2, 2], spec, _settings(pairs=6))
    seen = set()
    for _ in range(3):
        batch = maker.draw()
        assert batch.masks is not None and len(batch.masks) == len(batch.source) == 6
        found = (255 * batch.masks[:, 0, 64, 64]).round().int().tolist()
        assert found == _values(batch.target)[:6]
        seen |= set(found)
    assert seen == {40, 90, 160}


def test_only_banks_with_pairs_keep_masks(tmp_path: Path) -> None:
    data = read_shards([write_shard(tmp_path / "people.npz", people=2, frames=3)], "people")
    clips = [replace(c, masks=np.full((len(c), 128, 128), k, np.uint8)) for k, c in enumerate(data)]
    data = replace(data, clips=tuple(clips))
    bank = load_bank(data, CPU)
    assert bank.masks is not None and bank.masks[:, 0, 0, 0].tolist() == [0, 0, 0, 1, 1, 1]
    assert load_bank(data, CPU, paired=False).masks is None


@pytest.mark.parametrize("frames", [2, 3, 4])
def test_a_persons_frames_are_for_learning_or_for_judging(frames: int) -> None:
    bank = _plain(list(range(10, 10 + 12 // frames * frames)), frames=frames)
    maker = BatchMaker([bank], [1], SPEC, _settings())
    clips, taught, asked = set(), set(), set()
    for _ in range(30):
        support, query = maker.draw_person(6, 5)
        assert len(support.source) == len(support.target) == 6
        assert len(query.target) == 5 and not len(query.source)
        learnt, judged = set(_values(support.target)), set(_values(query.target))
        assert not learnt & judged
        numbers = {(value - 10) // frames for value in learnt | judged}
        assert len(numbers) == 1
        clips |= numbers
        taught |= {(value - 10) % frames for value in learnt}
        asked |= {(value - 10) % frames for value in judged}
    assert len(clips) > 1
    # No frame is for ever the one or the other.
    assert taught == asked == set(range(frames))


def test_a_person_to_personalize_to_comes_from_where_pairs_come_from() -> None:
    masks = torch.full((4, 1, 128, 128), 51, dtype=torch.uint8)
    clips = replace(_plain([10, 11, 20, 21], frames=2), masks=masks)
    unpaired = replace(_plain([90, 91], frames=2), paired=False)
    banks, shares = [unpaired, clips, _plain([200])], [0.6, 0.1, 0.3]
    maker = BatchMaker(banks, shares, replace(SPEC, mask="person"), _settings())
    for _ in range(12):
        support, query = maker.draw_person(3, 2)
        assert {*_values(support.target), *_values(query.target)} in ({10, 11}, {20, 21})
        assert support.masks is not None and len(support.masks) == 3 and query.masks is None
        # A fifth of the person is to be seen of a source, the rest being the mean colour.
        grey = to_pictures(support.source)[:, 64, 64, 0]
        assert np.abs(grey - (255 * 0.485 + 0.2 * (10 - 255 * 0.485))).max() < 5


def test_losses_are_those_of_the_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same squares, not augmented; both frames of a clip are alike, so sources are too."""
    shard = write_shard(tmp_path / "people.npz", people=6, frames=1)
    with np.load(shard) as file:
        arrays = dict(file)
    offset, jpeg = arrays.pop("offset"), arrays.pop("jpeg")
    files = [jpeg[offset[row] : offset[row + 1]] for row in range(6) for _ in range(2)]
    twice = {name: values.repeat(2, axis=0) for name, values in arrays.items()}
    write_arrays(shard, files, **{**twice, "frame": np.tile([0, 1], 6).astype(np.int32)})
    data = read_shards([shard], "people")
    for module in ("model.core.augmentation", "model.ttp.training.resident"):
        monkeypatch.setattr(f"{module}.FLIP_PROBABILITY", -1.0)

    maker = BatchMaker([load_bank(data, CPU)], [1.0], SPEC, _settings(batch_size=12))
    monkeypatch.setattr(maker, "_rows", lambda bank, count: torch.arange(count))
    resident = maker.draw()
    cutter, rng = PairCutter(PENN13, STILL), np.random.default_rng(0)
    examples = [
        cutter.cut(clip, frame, rng, with_source=True)
        for clip in data
        for frame in range(len(clip))
    ]
    loaded = collate(examples).to(CPU)

    torch.testing.assert_close(resident.joints, loaded.joints, atol=0.01, rtol=0)
    assert torch.equal(resident.weights, loaded.weights)
    objective = JointObjective(small_network().eval(), small_perceptual_loss(), self_weight=1e-3)
    with torch.no_grad():
        ours, theirs = objective(resident, True), objective(loaded, True)
    assert ours.supervised > 0 and ours.self_supervised > 0
    torch.testing.assert_close(ours.supervised, theirs.supervised, rtol=0.01, atol=0)
    torch.testing.assert_close(ours.self_supervised, theirs.self_supervised, rtol=0.03, atol=0)
