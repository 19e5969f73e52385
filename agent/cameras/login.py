"""The login of a camera or a recorder."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DeviceLogin:
    """User name and password for a device."""

    name: str
    password: str = field(repr=False)
