"""Finding people in a picture and following one of them through a video."""

from model.person.detector import Detection, PersonDetector
from model.person.follower import PersonFollower

__all__ = ["Detection", "PersonDetector", "PersonFollower"]
