"""Online and offline test-time personalization."""

from model.adaptation.adapter import Adapter, planned_updates
from model.adaptation.memory import Pairs, PairSampler, PersonView, SourceMemory
from model.adaptation.personalizer import Learnt, PairExample, Personalizer, UpdateReport
from model.adaptation.settings import (
    DEFAULT_PRESET,
    PRESETS,
    Mode,
    PersonalizationSettings,
    Preset,
    preset,
    preset_name,
)

__all__ = [
    "DEFAULT_PRESET",
    "PRESETS",
    "Adapter",
    "Learnt",
    "Mode",
    "PairExample",
    "PairSampler",
    "Pairs",
    "PersonView",
    "PersonalizationSettings",
    "Personalizer",
    "Preset",
    "SourceMemory",
    "UpdateReport",
    "planned_updates",
    "preset",
    "preset_name",
]
