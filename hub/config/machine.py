"""What the hub runs on and with: database, clip store, broker, pages, keys, log."""

from pathlib import Path
from typing import ClassVar, Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from toml_settings import Section


class StoreSection(Section):
    """Where the hub keeps what it knows."""

    removed: ClassVar = {"spare_mib": "256 MiB of the disk stay free, of a small disk a sixteenth"}

    url: str = Field(
        "sqlite:////var/lib/matthan/hub.db",
        description="The database. SQLite for a town; "
        "postgresql+psycopg://user@host/name for a province.",
    )
    media_folder: Path = Field(
        Path("/var/lib/matthan/media"),
        description="Pictures and clips, one file each; needs the room. "
        "With media_url: only what is on its way there.",
    )
    media_url: str = Field(
        "",
        pattern=r"^(s3\+https?://[^/@\s]+/\S+)?$",
        description="An S3 bucket for pictures and clips instead of the folder: "
        "s3+https://host/bucket/prefix?region=name.",
    )
    media_key_file: str = Field(
        "",
        description="The bucket's access key, two lines: its id, its secret. "
        "Empty: bucket.key in the secrets folder.",
    )
    when_full: Literal["refuse", "remove"] = Field(
        "refuse",
        description="On a full disk: refuse uploads, or remove what is worth least and not held.",
    )


class BrokerSection(Section):
    """The MQTT broker that nodes speak to, and who the hub is to it."""

    removed: ClassVar = {
        "node_burst": "one node may send 5000 messages at once",
        "node_per_s": "and then 200 a second; the rest waits",
    }

    host: str = Field("127.0.0.1", description="Must be a name in the broker's certificate.")
    port: int = Field(8883, ge=1, le=65535, description="The broker's TLS port.")
    ca_file: Path = Field(
        Path("/etc/matthan/ca/ca.crt"), description="The authority that vouches for the broker."
    )
    cert_file: Path = Field(
        Path("/etc/matthan/ca/hub.crt"), description='The hub\'s certificate; its name is "hub".'
    )
    key_file: Path = Field(
        Path("/etc/matthan/ca/hub.key"), description="Its key, readable by the hub alone."
    )


class WebSection(Section):
    """The officers' pages and the nodes' uploads."""

    removed: ClassVar = {"max_upload_mib": "files of up to 512 MiB are taken"}

    host: str = Field(
        "127.0.0.1", description="The address listened on; a TLS proxy stands in front."
    )
    port: int = Field(8080, ge=1, le=65535, description="The port listened on.")
    public_url: str = Field(
        pattern=r"^https?://[^/\s]+$",
        description="What officers type, without a path. Push and passwords need https.",
    )
    upload_url: str = Field(
        "",
        pattern=r"^(https?://\S+[^/\s])?$",
        description="Where nodes bring files. Empty: public_url with /upload.",
    )
    time_zone: str = Field("Asia/Ho_Chi_Minh", description="The zone of all times people see.")

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("no such time zone; one is Asia/Ho_Chi_Minh")
        return name


class EnrolSection(Section):
    """How nodes become nodes."""

    authority_folder: str = Field(
        "",
        description="The authority that signs for nodes: ca.crt and ca.key. "
        "Empty: the folder of broker.ca_file. Without its key nobody is enrolled here.",
    )
    crl_file: str = Field(
        "",
        description="Where the broker reads which certificates hold no longer (its crlfile). "
        "Empty: crl.pem in the authority's folder.",
    )
    broker_host: str = Field(
        "",
        pattern=r"^[^/\s]*$",
        description="By which name nodes reach the broker. Empty: the host of web.upload_url.",
    )


class OidcSection(Section):
    """Signing in by an OpenID provider, beside passwords and passkeys."""

    issuer: str = Field(
        "",
        pattern=r"^(https://[^/@?#\s]+(/[^?#\s]*)?|http://(localhost|127\.0\.0\.1)(:\d+)?(/[^?#\s]*)?)?$",
        description="The provider's issuer, to the letter as it says it. Empty: there is none.",
    )
    client_id: str = Field(
        "", max_length=500, description="Who the hub is to the provider. Needed with issuer."
    )
    secret_file: str = Field(
        "",
        description="The client's secret, one line. Empty: oidc.secret in the secrets folder, or "
        "the systemd credential of that name.",
    )
    scopes: str = Field(
        "openid profile",
        pattern=r"^openid( [!#-\[\]-~]+)*$",
        description="What is asked of the provider; begins with openid.",
    )
    claim: str = Field(
        "preferred_username",
        max_length=100,
        description="The claim that names a person to people, such as email. Nothing is decided "
        "by it.",
    )
    ca_file: str = Field(
        "",
        description="Whom to believe that the provider is itself, PEM. Empty: whom the system "
        "believes.",
    )
    button_vi: str = Field(
        "Đăng nhập bằng tài khoản cơ quan",
        min_length=1,
        max_length=80,
        description="What the button says, in Vietnamese.",
    )
    button_en: str = Field(
        "Sign in with the office account",
        min_length=1,
        max_length=80,
        description="The same in English.",
    )


class SecretsSection(Section):
    """What the hub must keep to itself."""

    folder: Path = Field(
        Path("/var/lib/matthan/secrets"),
        description="Keys the hub makes at its first start. Back it up, show it to nobody.",
    )


class EvidenceSection(Section):
    """What leaves as evidence."""

    stamp_url: str = Field(
        "",
        pattern=r"^(https?://[^/@\s]+(/\S*)?)?$",
        description="An authority for time stamps (RFC 3161) by which packages and the log's head "
        "are dated. Empty: none.",
    )
    stamp_ca_file: str = Field(
        "",
        description="The certificate of that authority's root, PEM: who is believed for its "
        "stamps. Needed with stamp_url.",
    )


class LogSection(Section):
    """What the hub writes to stderr."""

    removed: ClassVar = {"format": "for people on a terminal, JSON lines elsewhere"}

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is written."
    )
