"""OpenCV's own threads, where OpenCV is needed at all."""

from agent.vision import fast


def calm() -> None:
    """No pool of threads. Cameras have threads of their own: a pool beside them is woken for every
    frame and was a quarter of a quiet camera's cost. With the compiled form nothing is loaded."""
    if fast.LIBRARY is None:
        import cv2  # noqa: PLC0415 most nodes never load it

        cv2.setNumThreads(1)
