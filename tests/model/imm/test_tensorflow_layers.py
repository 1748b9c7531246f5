"""TensorFlow 1's padding and resizing, against cases worked by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from model.imm.networks import SameConv2d, initialise, resize, same_padding


def sums_of_nine(picture: Tensor, stride: int) -> Tensor:
    """Each place's 3 x 3 neighbourhood added up."""
    layer = SameConv2d(1, 1, 3, stride)
    with torch.no_grad():
        layer.weight.fill_(1)
        layer.bias.fill_(0)  # type: ignore[union-attr]
        return layer(picture[None, None])[0, 0]


def numbered(size: int) -> Tensor:
    return torch.arange(float(size * size)).view(size, size)


def test_at_stride_two_an_even_picture_is_padded_at_the_bottom_and_right_only() -> None:
    picture = numbered(4)
    wanted = torch.tensor(
        [
            [picture[0:3, 0:3].sum(), picture[0:3, 2:4].sum()],
            [picture[2:4, 0:3].sum(), picture[2:4, 2:4].sum()],
        ]
    )
    torch.testing.assert_close(sums_of_nine(picture, 2), wanted)


def test_at_stride_two_an_odd_picture_is_padded_on_all_sides() -> None:
    picture = numbered(5)
    found = sums_of_nine(picture, 2)
    assert found.shape == (3, 3)
    assert found[0, 0] == picture[0:2, 0:2].sum()
    assert found[1, 1] == picture[1:4, 1:4].sum()
    assert found[2, 2] == picture[3:5, 3:5].sum()


def test_at_stride_one_the_size_stays() -> None:
    picture = numbered(4)
    found = sums_of_nine(picture, 1)
    assert found.shape == (4, 4)
    assert found[0, 0] == picture[0:2, 0:2].sum()


@pytest.mark.parametrize(
    ("length", "kernel", "stride", "wanted"),
    [(128, 7, 1, (3, 3)), (128, 3, 2, (0, 1)), (127, 3, 2, (1, 1)), (16, 1, 1, (0, 0))],
)
def test_padding(length: int, kernel: int, stride: int, wanted: tuple[int, int]) -> None:
    assert same_padding(length, kernel, stride) == wanted


def test_doubling_reads_at_half_the_index_and_repeats_the_last_pixel() -> None:
    picture = torch.tensor([[0.0, 10.0], [20.0, 30.0]])[None, None]
    wanted = torch.tensor(
        [
            [0.0, 5.0, 10.0, 10.0],
            [10.0, 15.0, 20.0, 20.0],
            [20.0, 25.0, 30.0, 30.0],
            [20.0, 25.0, 30.0, 30.0],
        ]
    )
    torch.testing.assert_close(resize(picture, 4)[0, 0], wanted)


def test_halving_picks_every_second_pixel() -> None:
    picture = numbered(8)[None, None]
    torch.testing.assert_close(resize(picture, 4), picture[..., ::2, ::2])


def test_other_sizes_interpolate() -> None:
    row = torch.tensor([0.0, 9.0]).expand(1, 1, 2, 2)
    torch.testing.assert_close(resize(row, 3)[0, 0, 0], torch.tensor([0.0, 6.0, 9.0]))
    assert resize(row, 2) is row


def test_convolutions_start_as_truncated_normals_without_bias() -> None:
    layer = SameConv2d(32, 64, 3)
    initialise(nn.Sequential(layer))
    assert layer.weight.abs().max() <= 0.02
    # A normal cut off at two of its sd has 0.88 of it left.
    assert layer.weight.std().item() == pytest.approx(0.0088, rel=0.02)
    assert not layer.bias.any()  # type: ignore[union-attr]
