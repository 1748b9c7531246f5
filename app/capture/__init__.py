"""From a camera, a video or a folder of pictures into the ring; nothing here knows Qt.

OpenCV reads these from the environment when it is loaded or first opens something:

- Windows' Media Foundation can take a minute to open a camera with hardware transforms.
- OpenCV and FFmpeg write their own complaints to the terminal; every failure is said here in a
  sentence of our own instead. Set the variables yourself to see theirs.
"""

import os

os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
