"""Online and offline test-time personalization."""

from model.personalization.memory import PersonView, SourceMemory
from model.personalization.pairs import Pairs, PairSampler
from model.personalization.personalizer import PairExample, Personalizer, UpdateReport
from model.personalization.settings import (
    DEFAULT_PRESET,
    PRESETS,
    PersonalizationSettings,
    Preset,
    preset,
)

__all__ = [
    "DEFAULT_PRESET",
    "PRESETS",
    "PairExample",
    "PairSampler",
    "Pairs",
    "PersonView",
    "PersonalizationSettings",
    "Personalizer",
    "Preset",
    "SourceMemory",
    "UpdateReport",
    "preset",
]
