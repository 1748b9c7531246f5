"""The application. Importing it sets what its libraries read from the environment when loaded.

- PyTorch's OpenMP threads wait for each other busily by default; beside a window, a second lane or
  other programs that starves everybody, and a run takes several times as long.
- oneDNN keeps 1,024 compiled kernels by default. A training step whose batches are of two or three
  sizes needs more, and compiles them anew each time: it took three times as long.
- Windows' Media Foundation can take a minute to open a camera with hardware transforms.
- OpenCV and FFmpeg write their own complaints to the terminal; every failure is said here in a
  sentence of our own instead.

Set a variable yourself to have it otherwise.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16384")
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
