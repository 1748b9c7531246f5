from __future__ import annotations

from pathlib import Path

import pytest
import torch

from model.core.errors import UserError
from model.ttp.networks import NetworkSpec
from model.ttp.training.checkpoint import FILE_NAME, RunState, load_state, save_state
from model.ttp.training.settings import TrainingSettings

_STATE = RunState(7, {}, None, {}, None)
_SETTINGS = TrainingSettings()


def test_an_older_checkpoint_is_of_crops_that_were_not_moved(tmp_path: Path) -> None:
    save_state(tmp_path, _STATE, _SETTINGS, NetworkSpec(), "data")
    content = torch.load(tmp_path / FILE_NAME, weights_only=True)
    del content["identity"]["crop_shift"]
    torch.save(content, tmp_path / FILE_NAME)
    assert load_state(tmp_path, _SETTINGS, NetworkSpec(), "data").step == 7
    with pytest.raises(UserError, match=r"has crop_shift = '0\.0', but '0\.075' was given"):
        load_state(tmp_path, _SETTINGS, NetworkSpec(crop_shift=0.075), "data")
