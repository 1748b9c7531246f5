from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from model.core.heatmaps import decode, gaussian_maps, matched

_SIGMA = 1.8
_INSIDE = st.floats(6, 41)


@given(x=_INSIDE, y=_INSIDE)
def test_a_perfect_map_keeps_its_place_and_its_height(x: float, y: float) -> None:
    maps = gaussian_maps(torch.tensor([[[x, y]]]), 48, _SIGMA)
    seen = matched(maps, _SIGMA)
    torch.testing.assert_close(seen.amax(), maps.amax())
    points, _ = decode(seen)
    assert (points[0, 0] - torch.tensor([x, y])).abs().max() <= 0.51
    wider = gaussian_maps(torch.tensor([[[x, y]]]), 48, _SIGMA * 2**0.5)
    torch.testing.assert_close(seen, wider * (maps.amax() / wider.amax()), atol=0.02, rtol=0)


def test_a_broad_peak_beats_a_lonely_cell() -> None:
    maps = 0.9 * gaussian_maps(torch.tensor([[[12.0, 20.0]]]), 48, _SIGMA)
    maps[0, 0, 40, 40] = 1.0
    assert decode(maps)[0][0, 0].tolist() == [40.0, 40.0]
    points, confidence = decode(matched(maps, _SIGMA))
    assert points[0, 0].tolist() == [12.0, 20.0]
    torch.testing.assert_close(confidence, torch.ones(1, 1))


def test_it_is_float32_under_autocast_and_bears_an_empty_map() -> None:
    maps = torch.rand(1, 2, 16, 12).bfloat16()
    maps[0, 1] = 0
    with torch.autocast("cpu", torch.bfloat16):
        seen = matched(maps, _SIGMA)
    assert seen.dtype == torch.float32
    torch.testing.assert_close(seen, matched(maps.float(), _SIGMA))
    assert (seen[0, 1] == 0).all()
