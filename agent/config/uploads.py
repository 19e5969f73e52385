"""Uploads: which files are sent without a request, and the bandwidth."""

from pydantic import Field, field_validator

from agent.journal import UploadScope
from agent.uplink.upload.uploader import UploadPolicy
from toml_settings import Section

LEAST_KBIT_PER_S = 64


class UploadsSection(Section):
    """Uploads of pictures and clips."""

    bring: UploadScope = Field(
        UploadScope.ALL,
        description="Files that the node uploads by itself: `all`; `alerts`: those of "
        "alerts; `asked`: only pictures of alerts. Files that officers ask for "
        "come in any case, as long as the node has them.",
    )
    max_kbit_per_s: int = Field(
        0,
        ge=0,
        description="The limit for pictures and clips on the line, kbit/s; at least 64. 0: "
        "no limit. Events are small and not counted.",
    )

    @field_validator("max_kbit_per_s")
    @classmethod
    def _moves_at_all(cls, said: int) -> int:
        if 0 < said < LEAST_KBIT_PER_S:
            raise ValueError(f"{said} kbit/s bring no clip in time: {LEAST_KBIT_PER_S}, or 0")
        return said

    def policy(self) -> UploadPolicy:
        """Policy for uploads, in the form of the uploader."""
        return UploadPolicy(brought=self.bring, bytes_per_s=self.max_kbit_per_s * 1000 / 8)
