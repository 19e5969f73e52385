"""Reads a QR code in a picture with OpenCV, loaded only for this."""

import cv2

from agent.media.frame import Plane


class QrReader:
    """For one thread."""

    def __init__(self) -> None:
        self._detector = cv2.QRCodeDetector()

    def read(self, luma: Plane) -> str:
        """Text of the code; empty if there is none."""
        text, _, _ = self._detector.detectAndDecode(luma)
        return text
