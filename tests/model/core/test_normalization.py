"""Pictures to the tensors that the networks see, and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from model.core.crop import normalized, to_pictures, to_tensor

pictures = arrays(np.uint8, (2, 3, 5, 4))


def test_by_hand() -> None:
    pixels = torch.tensor([255, 0, 51], dtype=torch.uint8).view(1, 3, 1, 1)
    expected = [(1 - 0.485) / 0.229, (0 - 0.456) / 0.224, (0.2 - 0.406) / 0.225]
    torch.testing.assert_close(normalized(pixels).flatten(), torch.tensor(expected))


def test_reversed_channels_keep_the_statistics_of_their_position() -> None:
    pixels = torch.tensor([255, 0, 51], dtype=torch.uint8).view(1, 3, 1, 1)
    expected = [(0.2 - 0.485) / 0.229, (0 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    torch.testing.assert_close(normalized(pixels, bgr=True).flatten(), torch.tensor(expected))


@given(pixels=pictures)
@pytest.mark.parametrize("bgr", [False, True])
def test_pictures_come_back(bgr: bool, pixels: NDArray[np.uint8]) -> None:
    given_pixels = torch.from_numpy(pixels.copy())
    tensor = normalized(given_pixels, bgr=bgr)
    assert tensor.dtype == torch.float32 and tensor.shape == (2, 3, 5, 4)
    np.testing.assert_array_equal(given_pixels, pixels)
    rows = pixels.transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(to_pictures(tensor, bgr=bgr), rows)
    torch.testing.assert_close(to_tensor(list(rows), bgr=bgr), tensor)


def test_no_pictures_are_no_tensors() -> None:
    assert normalized(torch.empty(0, 3, 8, 8, dtype=torch.uint8)).shape == (0, 3, 8, 8)
    # A batch without sources has them as an empty tensor of floats.
    assert normalized(torch.empty(0, 3, 8, 8)).shape == (0, 3, 8, 8)


def test_strided_pictures_are_taken_as_they_are() -> None:
    rows = torch.arange(2 * 4 * 5 * 3, dtype=torch.uint8).view(2, 4, 5, 3)
    strided = rows.permute(0, 3, 1, 2)
    torch.testing.assert_close(normalized(strided), normalized(strided.contiguous()))
