"""A keeper's table of boxes and cameras, as a spreadsheet saves it."""

from typing import Final

HEADER: Final = "node,area,camera,source,label,latitude,longitude,bearing"


def box_table(area: str, boxes: int, cameras: int) -> str:
    """So many boxes in one area, with so many cameras in all."""
    lines = [HEADER]
    for n in range(boxes):
        for camera in range(cameras * n // boxes, cameras * (n + 1) // boxes):
            source = f"rtsp://xem:mat-khau-{camera}@10.0.{n}.{camera % 200 + 9}/main"
            spot = f"{11.5 + n / 1000:.4f},{106.6 + camera / 1000:.4f},{camera * 7 % 360}"
            lines.append(
                f"nga-tu-{n:03},{area},cam-{camera},{source},Ngã tư {n} hướng {camera},{spot}"
            )
    return "\n".join(lines) + "\n"
