"""Configuration of the hub's services: database, clip store, broker, pages, keys, log."""

from pathlib import Path
from typing import ClassVar, Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from agent.wire.brokers import MOST_BROKERS, HostAndPort
from toml_settings import Section


class StoreSection(Section):
    """Section of storage: database, clip store, full disks, months."""

    removed: ClassVar = {"spare_mib": "256 MiB of the disk stay free, of a small disk a sixteenth"}

    url: str = Field(
        "sqlite:////var/lib/matthan/hub.db",
        description="The database: SQLite for a town; postgresql+psycopg://user@host/name "
        "for a province.",
    )
    media_folder: Path = Field(
        Path("/var/lib/matthan/media"),
        description="The folder of pictures and clips; needs the space. With media_url: "
        "only files on their way to the bucket.",
    )
    media_url: str = Field(
        "",
        pattern=r"^(s3\+https?://[^/@\s]+/\S+)?$",
        description="An S3 bucket in place of the folder: "
        "s3+https://host/bucket/prefix?region=name.",
    )
    media_key_file: str = Field(
        "",
        description="The access key of the bucket, two lines: id, secret. Empty: bucket.key"
        " in the secrets folder.",
    )
    when_full: Literal["refuse", "remove"] = Field(
        "refuse",
        description="On a full disk: refuse uploads, or remove the least important footage "
        "that is not held.",
    )
    keep_months: int = Field(
        0,
        ge=0,
        le=1200,
        description="PostgreSQL, kept by month: events and sightings older than this many months "
        "are dropped, except those held, in a case, of an open alert, or with footage. 0: none is "
        "dropped.",
    )


class BrokerSection(Section):
    """The MQTT broker for the nodes, and the hub's identity there."""

    removed: ClassVar = {
        "node_burst": "one node may send 500 messages at once",
        "node_per_s": "and then 200 a second; the rest waits",
    }

    host: str = Field(
        "127.0.0.1", description="The address of the broker; must be a name in its certificate."
    )
    port: int = Field(8883, ge=1, le=65535, description="The TLS port of the broker.")
    further: tuple[HostAndPort, ...] = Field(
        (),
        max_length=MOST_BROKERS - 1,
        description="Further brokers of the same authority, as host:port. The hub listens to all, "
        "and a camera box goes to the next one when it loses its own.",
    )
    ca_file: Path = Field(
        Path("/etc/matthan/ca/ca.crt"), description="The authority of the brokers."
    )
    cert_file: Path = Field(
        Path("/etc/matthan/ca/hub.crt"),
        description='The certificate of the hub; its name is "hub".',
    )
    key_file: Path = Field(
        Path("/etc/matthan/ca/hub.key"), description="The key of the hub; only the hub may read it."
    )


class WebSection(Section):
    """The officers' pages and the nodes' uploads."""

    removed: ClassVar = {"max_upload_mib": "files of up to 512 MiB are taken"}

    host: str = Field(
        "127.0.0.1", description="The address to listen on; a TLS proxy stands in front."
    )
    port: int = Field(8080, ge=1, le=65535, description="The port to listen on.")
    public_url: str = Field(
        pattern=r"^https?://[^/\s]+$",
        description="The address that officers type, without a path. Push and passwords "
        "need https.",
    )
    upload_url: str = Field(
        "",
        pattern=r"^(https?://\S+[^/\s])?$",
        description="The address for uploads of nodes. Empty: public_url with /upload.",
    )
    time_zone: str = Field("Asia/Ho_Chi_Minh", description="The time zone of all times on pages.")

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("unknown time zone; an example is Asia/Ho_Chi_Minh")
        return name


class EnrolSection(Section):
    """Section of enrolment: authority, revocation list, addresses for nodes."""

    authority_folder: str = Field(
        "",
        description="The folder of the authority for nodes: ca.crt and ca.key. Empty: the "
        "folder of broker.ca_file. Without its key no node can enrol here.",
    )
    crl_file: str = Field(
        "",
        description="The list of revoked certificates that the broker reads (its crlfile). "
        "Empty: crl.pem in the authority's folder.",
    )
    broker_host: str = Field(
        "",
        pattern=r"^[^/\s]*$",
        description="The name of the broker for nodes. Empty: the host of web.upload_url.",
    )


class OidcSection(Section):
    """Signing in by an OpenID provider, beside passwords and passkeys."""

    issuer: str = Field(
        "",
        pattern=r"^(https://[^/@?#\s]+(/[^?#\s]*)?|http://(localhost|127\.0\.0\.1)(:\d+)?(/[^?#\s]*)?)?$",
        description="The issuer of the provider, exactly as it states it. Empty: no provider.",
    )
    client_id: str = Field(
        "", max_length=500, description="The id of the hub at the provider. Needed with issuer."
    )
    secret_file: str = Field(
        "",
        description="The file of the client's secret, one line. Empty: oidc.secret in the "
        "secrets folder, or the systemd credential of that name.",
    )
    scopes: str = Field(
        "openid profile",
        pattern=r"^openid( [!#-\[\]-~]+)*$",
        description="The scopes that the hub requests; begins with openid.",
    )
    claim: str = Field(
        "preferred_username",
        max_length=100,
        description="The claim with a person's readable name, such as email. It decides nothing.",
    )
    ca_file: str = Field(
        "",
        description="The trusted authorities for the provider, PEM. Empty: those of the system.",
    )
    button_vi: str = Field(
        "Đăng nhập bằng tài khoản cơ quan",
        min_length=1,
        max_length=80,
        description="The text of the button, in Vietnamese.",
    )
    button_en: str = Field(
        "Sign in with the office account",
        min_length=1,
        max_length=80,
        description="The same in English.",
    )


class SecretsSection(Section):
    """Section of the folder with the hub's secrets."""

    folder: Path = Field(
        Path("/var/lib/matthan/secrets"),
        description="The folder of the keys that the hub makes at its first start. Back it "
        "up and keep it secret.",
    )


class EvidenceSection(Section):
    """Section of evidence packages and their time stamps."""

    stamp_url: str = Field(
        "",
        pattern=r"^(https?://[^/@\s]+(/\S*)?)?$",
        description="The time-stamp authority (RFC 3161) for evidence packages, keys of camera"
        " boxes and the head of the log. Empty: none.",
    )
    stamp_ca_file: str = Field(
        "",
        description="The root certificate of that authority, PEM. Needed with stamp_url.",
    )


class LogSection(Section):
    """Section of the log on stderr."""

    removed: ClassVar = {"format": "for people on a terminal, JSON lines elsewhere"}

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least level that is logged."
    )
