"""Reads a QR code in a picture with OpenCV, loaded only for this."""

import cv2

from agent.media.frame import Plane


class QrReader:
    """Reader of the QR code in a picture. For one thread."""

    def __init__(self) -> None:
        # The older detector fails on about 1 code of 50, however well it is shown.
        self._detector = cv2.QRCodeDetectorAruco()

    def read(self, luma: Plane) -> str:
        """Text of the code; empty if there is none."""
        text, _, _ = self._detector.detectAndDecode(luma)
        return text
