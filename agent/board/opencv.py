"""Sets OpenCV's threads, where OpenCV is used at all."""

from agent.vision.motion import compiled


def calm() -> None:
    """Turn off OpenCV's thread pool. Cameras have their own threads; the pool was woken for every
    frame and took a quarter of a quiet camera's cost. With the compiled form OpenCV is not
    loaded."""
    if compiled.LIBRARY is None:
        import cv2  # noqa: PLC0415 most nodes never load it

        cv2.setNumThreads(1)
