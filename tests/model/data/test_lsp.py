from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.core.skeleton import LSP14
from model.data.records import BadDataError
from model.data.stills import read_lsp, read_lsp_extended
from tests.model.data.layouts import LSP_EXTENDED_STILLS, LSP_STILLS, write_lsp, write_lsp_extended


def test_lsp(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).uniform(1, 150, (3, 14, LSP_STILLS))
    labels[2] = 0
    labels[2, 5, 1000] = 1  # the left ankle of im1001 is occluded
    write_lsp(tmp_path, labels, [1, 1001])
    train, test = read_lsp(tmp_path, "train"), read_lsp(tmp_path, "test")
    assert train.joint_set is LSP14
    assert len(train) == len(test) == 1000
    assert len(train.persons) == 1000 and all(len(clip) == 1 for clip in train)
    first, later = train.clips[0], test.clips[0]
    assert (first.name, later.name) == ("im0001", "im1001")
    np.testing.assert_allclose(first.frames.read(0)[5, 5], (0, 100, 200), atol=5)
    np.testing.assert_allclose(later.frames.read(0)[5, 5], (10, 100, 200), atol=5)
    np.testing.assert_allclose(later.joints[0], labels[:2, :, 1000].T - 1, rtol=1e-5)
    expected = np.full((1, 14), 2)
    np.testing.assert_array_equal(first.visible, expected)
    expected[0, LSP14.index("left ankle")] = 1
    np.testing.assert_array_equal(later.visible, expected)


def test_lsp_extended(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).uniform(1, 150, (14, 3, LSP_EXTENDED_STILLS))
    labels[:, 2] = 1
    labels[13, :, 1] = 900, 900, 0  # the head top of im00002 is not marked
    labels[1:, 2, 2] = 0  # im00003 has one joint
    write_lsp_extended(tmp_path, labels, [1, 2])
    stills = read_lsp_extended(tmp_path)
    assert stills.joint_set is LSP14 and len(stills.persons) == LSP_EXTENDED_STILLS
    second = stills.clips[1]
    assert second.name == "im00002"
    np.testing.assert_allclose(second.frames.read(0)[5, 5], (10, 100, 200), atol=5)
    np.testing.assert_array_equal(second.visible, [[2] * 13 + [0]])
    np.testing.assert_allclose(second.joints[0, :13], labels[:13, :2, 1] - 1, rtol=1e-5)
    assert np.isnan(second.joints[0, 13]).all()
    assert second.boxes[0, 2] < 1.25 * 1.2 * 150
    assert np.isnan(stills.clips[2].boxes).all()


def test_the_two_are_told_apart_and_damage_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"joints\.mat.*sam\.johnson\.io/research/lsp\.html"):
        read_lsp(tmp_path, "train")
    write_lsp(tmp_path, np.ones((3, 14, LSP_STILLS)), [])
    with pytest.raises(BadDataError, match=r"joints\.mat.*\(3, 14, 2000\).*lspet\.html"):
        read_lsp_extended(tmp_path)
    write_lsp_extended(tmp_path, np.ones((14, 3, LSP_EXTENDED_STILLS)), [])
    with pytest.raises(BadDataError, match=r"joints\.mat.*\(14, 3, 10000\).*lsp\.html"):
        read_lsp(tmp_path, "test")
    path = tmp_path / "joints.mat"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(BadDataError, match=r"joints\.mat.*lspet\.html"):
        read_lsp_extended(tmp_path)
