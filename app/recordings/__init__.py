"""Recordings from beginning to end, without a screen: predict, personalize, write the results.

PyTorch's OpenMP reads its settings when it is loaded. By default its threads wait for each other
busily; beside other busy programs that made a run five times as long.
"""

import os

# Silences OpenCV, which reads its settings when it is loaded too.
import app.capture  # noqa: F401

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
