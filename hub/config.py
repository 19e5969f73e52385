"""The hub's configuration: a TOML file, overruled key by key by the environment.

    [web]                      MATTHAN_HUB__WEB__PORT=8081
    port = 8080

A key that nobody knows is a typing error, in the file as in the environment, and the hub refuses
to start over it: a misspelt `group_quiet_s` would otherwise go unnoticed until a bad night.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, get_args
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from hub.alerts.petitions import Wish, read_span
from hub.alerts.rules import FIRST_SAID

PREFIX: Final = "MATTHAN_HUB__"
DEFAULT_FILE: Final = Path("/etc/matthan/hub.toml")


class ConfigError(Exception):
    """The hub must not start: `lines` say what is wrong, where, and what to write instead."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Section(BaseModel):
    """The base of all sections."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSection(Section):
    """Where the hub keeps what it knows."""

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
    spare_mib: int = Field(
        256,
        ge=0,
        description="So much of that disk stays free, MiB; uploads wait at their nodes meanwhile. "
        "The database may need it.",
    )
    when_full: Literal["refuse", "remove"] = Field(
        "refuse",
        description="On a full disk: refuse uploads, or remove what is worth least and not held.",
    )


class BrokerSection(Section):
    """The MQTT broker that nodes speak to, and who the hub is to it."""

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
    node_burst: int = Field(
        5000, ge=100, le=1_000_000, description="Messages that one node may say at once."
    )
    node_per_s: float = Field(
        200.0,
        ge=1,
        le=10_000,
        description="How many a second from then on. What is over it waits, alerts least; nothing "
        "is lost, and no other node waits for it.",
    )


class WebSection(Section):
    """The officers' pages and the nodes' uploads."""

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
    max_upload_mib: int = Field(
        512, ge=1, le=16_384, description="Larger files are refused, MiB each."
    )

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("no such time zone; one is Asia/Ho_Chi_Minh")
        return name


class PublicSection(Section):
    """What the page for everyone says, /watched: by whom, for what, and whom to ask."""

    by_vi: str = Field("", max_length=2000, description="Who watches, in Vietnamese.")
    by_en: str = Field("", max_length=2000, description="The same in English.")
    purpose_vi: str = Field("", max_length=2000, description="For what, in Vietnamese.")
    purpose_en: str = Field("", max_length=2000, description="The same in English.")
    contact_vi: str = Field("", max_length=2000, description="Whom to ask and how, in Vietnamese.")
    contact_en: str = Field("", max_length=2000, description="The same in English.")


class TipsSection(Section):
    """Reports from people who are not signed in."""

    accepted: bool = Field(
        True,
        description="Whether anybody may send a report at /tips. false: the page is not there.",
    )
    contact_days: int = Field(
        90,
        ge=0,
        le=36_500,
        description="Days after it came until who sent it is deleted, unless a case needs it. "
        "0: never.",
    )
    keep_days: int = Field(
        365,
        ge=0,
        le=36_500,
        description="Days after it came until all of it is deleted, unless a case needs it. "
        "0: never.",
    )


class HouseholdsSection(Section):
    """Cameras of households that agreed to be asked for footage."""

    asked: bool = Field(
        True,
        description="Whether households are registered and asked. false: the pages are not there.",
    )
    consent_version: str = Field(
        "1, 25/11/2026",
        min_length=1,
        max_length=100,
        description="Which text of consent this is, and of what day: it is written down with each "
        "consent. Change it with the text.",
    )
    consent_vi: str = Field(
        "Tôi đồng ý cho ghi lại vị trí, góc nhìn của camera nhà tôi và cách liên hệ với tôi, "
        "để khi cần làm rõ một vụ việc, cơ quan có thể đề nghị tôi gửi một đoạn ghi hình. Mỗi"
        " lần tôi tự chọn có gửi hay không. Tôi có thể rút lại sự đồng ý bất cứ lúc nào; từ "
        "đó không ai đề nghị tôi nữa và cách liên hệ bị xóa. Đoạn ghi hình đã gửi vào một vụ "
        "việc vẫn theo quy định của vụ việc đó, cho đến khi vụ việc không cần giữ nữa.",
        max_length=4000,
        description="The text that households agree to, in Vietnamese.",
    )
    consent_en: str = Field(
        "I agree that the place and view of my household's camera and how I am reached are "
        "written down, so that I can be asked for a film when something has to be looked "
        "into. Each time I choose whether I send it. I can withdraw this at any time; from "
        "then on nobody asks me any more, and how I am reached is deleted. A film that I gave"
        " to a case before stays under the rules of that case until the case lets it go.",
        max_length=4000,
        description="The same in English.",
    )
    most_mb: int = Field(
        4000, ge=1, le=4000, description="Larger films are refused, megabytes (of a million bytes)."
    )
    link_hours: int = Field(
        72, ge=1, le=336, description="Hours for which a link of a request holds, unless said."
    )
    keep_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="Days after which a film that its case let go is removed for good.",
    )


class PetitionsSection(Section):
    """Requests of persons concerned: what they may ask, until when they are answered."""

    accepted: bool = Field(
        True,
        description="Whether anybody may ask at /rights what is kept of them. false: the page "
        "is not there, and neither is the desk at /petitions.",
    )
    acknowledge: str = Field(
        "2 working days",
        description="Until they are told that it came: working days, days or hours.",
    )
    answer: dict[str, str] = Field(
        {
            "told": "10 days",
            "copy": "10 days",
            "correct": "10 days",
            "restrict": "15 days",
            "delete": "20 days",
            "object": "15 days",
        },
        description="Until each is answered. One that is left out: as long as the above.",
    )
    extension: dict[str, str] = Field(
        {
            "told": "10 days",
            "copy": "10 days",
            "correct": "10 days",
            "restrict": "15 days",
            "delete": "20 days",
            "object": "15 days",
        },
        description="By how much each may be extended, once, with a reason. One that is left out "
        "is never extended.",
    )
    contact_days: int = Field(
        90,
        ge=0,
        le=36_500,
        description="Days after the answer until who asked is deleted. 0: never.",
    )
    weekdays: list[int] = Field(
        [0, 1, 2, 3, 4], description="Which weekdays are worked; Monday is 0."
    )
    holidays: list[date] = Field(
        [], description="Days on which nobody works, such as 2027-01-01: every year's anew."
    )
    source_vi: str = Field(
        "Luật 91/2025/QH15 và Nghị định 356/2025/NĐ-CP.",
        max_length=500,
        description="Where these deadlines are from, in Vietnamese; the form says it.",
    )
    source_en: str = Field(
        "Law 91/2025/QH15 and Decree 356/2025/ND-CP.",
        max_length=500,
        description="The same in English.",
    )
    text_vi: str = Field(
        "",
        max_length=4000,
        description="What the form says first, in Vietnamese. Empty: a sentence of its own.",
    )
    text_en: str = Field("", max_length=4000, description="The same in English.")
    refusals_vi: dict[str, str] = Field(
        {
            "investigation": "Dữ liệu đang phục vụ điều tra, xử lý vi phạm pháp luật",
            "held": "Dữ liệu đang được giữ lại cho một vụ việc",
            "safety": "Cần cho an ninh, trật tự, an toàn xã hội theo luật",
            "others": "Ảnh hưởng đến quyền của người khác trong hình",
            "unknown": "Không xác định được người yêu cầu hoặc dữ liệu",
            "gone": "Dữ liệu không còn được lưu",
        },
        description="Why a request may be refused: a word for the log, and what people read.",
    )
    refusals_en: dict[str, str] = Field(
        {
            "investigation": "The data serves an investigation or proceedings",
            "held": "The data is held for a case",
            "safety": "It is needed for public security and safety by law",
            "others": "It would touch the rights of others in the picture",
            "unknown": "Neither the person nor the data could be made out",
            "gone": "The data is no longer kept",
        },
        description="The same words in English.",
    )

    @field_validator("acknowledge")
    @classmethod
    def _is_a_span(cls, text: str) -> str:
        read_span(text)
        return text

    @field_validator("answer", "extension")
    @classmethod
    def _are_spans(cls, spans: dict[str, str]) -> dict[str, str]:
        for wish, text in spans.items():
            if wish not in set(Wish):
                raise ValueError(f"{wish!r} is none of {', '.join(Wish)}")
            read_span(text)
        return spans

    @field_validator("weekdays")
    @classmethod
    def _are_weekdays(cls, days: list[int]) -> list[int]:
        if not days or not all(0 <= day <= 6 for day in days):
            raise ValueError("weekdays are 0 (Monday) to 6, one at least")
        return days


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


class PushSection(Section):
    """Waking phones."""

    subject: str = Field(
        pattern=r"^(mailto:\S+@\S+|https://\S+)$",
        description="Whom a push service writes to when something is wrong, as mailto:.",
    )
    vapid_key_file: str = Field(
        "",
        description="The key phones have subscribed to; losing it silences them all. "
        "Empty: vapid.pem in the secrets folder.",
    )
    allows_local: bool = Field(
        False,
        description="Let phones subscribe at push services on this network: rehearsals only.",
    )
    zalo_file: str = Field(
        "",
        description="Secrets of Zalo: Official Account, ZNS template, bot. Empty: zalo.toml in the "
        "secrets folder, if it is there.",
    )
    services_file: str = Field(
        "",
        description="Addresses of Telegram, SMS gateways and other services that Apprise knows. "
        "Empty: services.toml in the secrets folder, if it is there.",
    )
    ntfy_replaces: bool = Field(
        False,
        description="The ntfy server is 2.16 or newer: later words replace an alert's entry.",
    )
    calm_alerts: int = Field(
        3,
        ge=1,
        description="So many alerts within the span below ring one by one on a phone; more are "
        "told together.",
    )
    storm_span_s: float = Field(
        60.0,
        gt=0,
        le=600,
        description="Seconds; in a storm a phone rings at most once in so many.",
    )
    check_hour: int = Field(
        9,
        ge=-1,
        le=23,
        description="The hour of the day at which phones that showed nothing for a day are asked "
        "for a sign of life, without a sound. -1: never.",
    )
    check_answer_within_s: float = Field(
        3600.0,
        ge=60,
        le=43_200,
        description="Seconds a phone may take to answer; then its owner and keepers are told.",
    )
    unseen_after_s: float = Field(
        20.0,
        ge=1,
        description="Seconds after which an alert that no phone of a person has shown goes to "
        "their next channel.",
    )


class AlertsSection(Section):
    """When sightings are one alert."""

    group_quiet_s: float = Field(
        20.0,
        ge=0,
        description="Seconds without anybody after which the next person is a new alert. "
        "Larger: fewer alerts, news comes later.",
    )
    group_max_s: float = Field(
        60.0,
        gt=0,
        description="Seconds after which a running alert takes no more and officers hear anew.",
    )
    late_after_s: float = Field(
        600.0, gt=0, description="Events older than this, seconds, are filed and wake nobody."
    )
    cooldown_s: float = Field(
        30.0,
        ge=0,
        description="Seconds in which a spot that has just woken people raises its next alert "
        "without ringing.",
    )
    critical_kinds: list[str] = Field(
        [],
        description="Kinds of sightings whose alerts neither a cooldown nor a storm holds back.",
    )
    critical_rules: list[str] = Field(
        sorted(FIRST_SAID),
        description="Rules of a camera whose meeting makes its alert critical, so that phones ring "
        "once more; the others are only written in it.",
    )


class TroublesSection(Section):
    """When those who look after cameras are told that one, or its node or line, is lost."""

    camera_lost_after_s: float = Field(
        30.0, ge=0, description="Seconds a camera must be lost before anybody is told."
    )
    node_silent_after_s: float = Field(
        60.0,
        ge=30,
        description="Seconds a node must be gone from the broker. Below a minute, one cut line "
        "may be told as several silent nodes.",
    )
    node_unheard_after_s: float = Field(
        300.0,
        ge=90,
        description="Seconds without a word of a node that reports every minute and still holds "
        "its connection.",
    )
    broker_lost_after_s: float = Field(
        30.0, ge=5, description="Seconds the hub itself must be without its broker."
    )
    back_after_s: float = Field(
        30.0,
        ge=0,
        description="What is back for less than these seconds is still lost: a line that flaps "
        "is told once.",
    )
    settle_s: float = Field(
        90.0,
        ge=0,
        description="Seconds after the hub has its broker again in which no node is judged.",
    )
    link_nodes: int = Field(
        3,
        ge=2,
        description="So many nodes of one area, and half of it, that fall silent together are one "
        "alert: the line or the power.",
    )
    link_within_s: float = Field(
        120.0, ge=30, description="Together means within these seconds of one another."
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

    format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto: for people on a terminal, JSON lines elsewhere."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is written."
    )


class HubSettings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    store: StoreSection = StoreSection()
    broker: BrokerSection = BrokerSection()
    web: WebSection
    public: PublicSection = PublicSection()
    tips: TipsSection = TipsSection()
    households: HouseholdsSection = HouseholdsSection()
    petitions: PetitionsSection = PetitionsSection()
    enrol: EnrolSection = EnrolSection()
    oidc: OidcSection = OidcSection()
    push: PushSection
    alerts: AlertsSection = AlertsSection()
    troubles: TroublesSection = TroublesSection()
    secrets: SecretsSection = SecretsSection()
    evidence: EvidenceSection = EvidenceSection()
    log: LogSection = LogSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - called by these names
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then what was read from the file."""
        return env_settings, init_settings


def load(path: Path | None) -> HubSettings:
    """The settings from `path` and the environment; raises ConfigError with a line per fault.

    Without a path: from `DEFAULT_FILE` where there is one, else from the environment alone.
    """
    file = File.read(path or DEFAULT_FILE, is_needed=path is not None)
    unknown = [*_unknown_in_file(file), *_unknown_in_environment(os.environ)]
    if unknown:
        raise ConfigError(*unknown)
    try:
        return HubSettings(**file.values)
    except ValidationError as error:
        lines = (_fault(file, fault["loc"], fault["msg"]) for fault in error.errors())
        raise ConfigError(*lines) from error
    except SettingsError as error:
        raise ConfigError(
            f"environment: {error}. Set single keys: {PREFIX}WEB__PORT=8080"
        ) from error


class File:
    """A TOML file as read, and where its keys stand."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self._lines = text.splitlines()
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: not TOML: {error}. Correct that line") from error

    @classmethod
    def read(cls, path: Path, *, is_needed: bool) -> "File":
        """The file at `path`, or an empty one where none is and none is needed."""
        try:
            return cls(path, path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            if not is_needed:
                return cls(path, "")
            raise ConfigError(
                f"{path}: no such file. Begin with a copy of deploy/hub.example.toml"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {error}") from error

    def place(self, dotted: str) -> str:
        """The file, with the line where the key stands if it can be found."""
        section, _, key = dotted.rpartition(".")
        here = ""
        for number, line in enumerate(self._lines, start=1):
            text = line.strip()
            if text.startswith("["):
                here = text.strip("[]").replace(" ", "")
                is_it = here == dotted
            else:
                is_it = here == section and text.partition("=")[0].strip().strip("\"'") == key
            if is_it:
                return f"{self.path} line {number}"
        return str(self.path)


def known_keys() -> dict[str, type[BaseModel] | None]:
    """Every key, dotted; a section's own model beside its name."""
    keys: dict[str, type[BaseModel] | None] = {}
    for name, field in HubSettings.model_fields.items():
        section = _section(field.annotation)
        keys[name] = section
        for key in section.model_fields:
            keys[f"{name}.{key}"] = None
    return keys


def _section(annotation: Any) -> type[BaseModel]:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    raise TypeError(f"{annotation!r} is no section")


def _unknown_in_file(file: File) -> Iterator[str]:
    known = known_keys()
    for dotted in _dotted(file.values):
        if dotted not in known:
            yield f"{file.place(dotted)}: unknown key {dotted}.{_nearest(dotted, known)}"


def _dotted(values: Mapping[str, Any]) -> Iterator[str]:
    """The keys of two levels; below an unknown section only the section is named."""
    known = known_keys()
    for name, value in values.items():
        if name not in known or not isinstance(value, dict):
            yield name
            continue
        yield from (f"{name}.{key}" for key in value)


def _unknown_in_environment(environ: Mapping[str, str]) -> Iterator[str]:
    names = {PREFIX + key.upper().replace(".", "__"): None for key in known_keys()}
    for name in environ:
        if name.upper().startswith(PREFIX.removesuffix("__")) and name.upper() not in names:
            yield f"environment: unknown variable {name}.{_nearest(name.upper(), names)}"


def _nearest(word: str, known: Mapping[str, object]) -> str:
    """The best guess at what was meant, among whole names and then among last parts."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if not found:
        last_parts = {name.rpartition(".")[2]: name for name in known}
        parts = difflib.get_close_matches(word.rpartition(".")[2], last_parts, n=1, cutoff=0.6)
        found = [last_parts[part] for part in parts]
    return f" Did you mean {found[0]}?" if found else f" Known are: {', '.join(known)}"


def _fault(file: File, loc: tuple[int | str, ...], message: str) -> str:
    dotted = ".".join(str(part) for part in loc)
    variable = PREFIX + dotted.upper().replace(".", "__")
    if any(name.upper() == variable for name in os.environ):
        return f"environment: {variable}: {message}"
    if message == "Field required":
        if dotted in HubSettings.model_fields:
            section = _section(HubSettings.model_fields[dotted].annotation)
            needed = [key for key, field in section.model_fields.items() if field.is_required()]
            dotted = f"{dotted}.{needed[0]}"
        return f"{file.path}: {dotted} is missing. deploy/hub.example.toml shows what to write"
    return f"{file.place(dotted)}: {dotted}: {message}"
