"""Finding people in a picture, following one of them through a video, and masking the person."""

from model.tracking.detector import Detection, PersonDetector
from model.tracking.follower import PersonFollower
from model.tracking.mask import PersonMasker

__all__ = ["Detection", "PersonDetector", "PersonFollower", "PersonMasker"]
