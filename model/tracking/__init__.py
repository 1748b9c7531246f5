"""Finding people in a picture, following one of them through a video, and masking the person."""

from model.tracking.detector import Detection, PersonDetector, PersonMasker
from model.tracking.follower import PersonFollower

__all__ = ["Detection", "PersonDetector", "PersonFollower", "PersonMasker"]
