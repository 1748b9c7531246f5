"""Finding people in a picture, following one of them through a video, and masking the person."""

from model.person.detector import Detection, PersonDetector
from model.person.follower import PersonFollower
from model.person.mask import PersonMasker

__all__ = ["Detection", "PersonDetector", "PersonFollower", "PersonMasker"]
