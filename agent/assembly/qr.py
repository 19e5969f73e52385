"""Reading a QR code in a picture: by OpenCV, which is loaded for this alone."""

import cv2

from agent.media.frame import Plane


class QrReader:
    """Used by one thread."""

    def __init__(self) -> None:
        self._detector = cv2.QRCodeDetector()

    def read(self, luma: Plane) -> str:
        """What the code in it says; nothing where there is none."""
        text, _, _ = self._detector.detectAndDecode(luma)
        return text
