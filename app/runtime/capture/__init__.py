"""From a camera, a video or a folder of pictures into the ring; nothing here knows Qt."""
