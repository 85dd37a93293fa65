"""Settings: TOML file, overridden by the environment (`GATEWAY_<SECTION>__<KEY>`), validated whole.

Every key is documented with its unit and default in `gateway.example.toml`; a test fails for one that is not.
Nothing outside this file reads an environment variable or the settings file.
"""

import ipaddress
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from gateway import addresses
from gateway.errors import ConfigError
from gateway.policy_settings import FollowUpSection, ProfileSection, TypeSection

DEFAULT_FILE = "gateway.toml"
PREFIX = "GATEWAY_"
# What is said instead of the library's words, by the kind of the fault.
WORDS = {"extra_forbidden": "there is no such setting; see gateway.example.toml", "missing": "must be set"}


def _network(text: str) -> str:
    ipaddress.ip_network(text, strict=False)
    return text


def _mailbox(text: str) -> str:
    """Refuse what could not be mailed: a notice to it would be dead, and nobody would be told by it."""
    if text and (not addresses.key(text) or not text.isprintable() or set(text) & set(" <>,;")):
        raise ValueError(f"{text!r} is not one mail address, for example admin@example.com")
    return text


def _domain(text: str) -> str:
    """Refuse what no Message-ID can end with: no mail with such a one could ever leave."""
    if text and not all(part and part.replace("-", "a").replace("_", "a").isalnum() for part in text.split(".")):
        raise ValueError(f"{text!r} is no domain, for example example.com")
    return text


def _broker_url(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("leave it empty (wake-ups stay inside the process) or write redis://host:port/number")
    return text


Network = Annotated[str, AfterValidator(_network)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]


class Section(BaseModel):
    """One table of the settings file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GatewaySection(Section):
    """Who we are."""

    data_dir: Path = Path("var")
    organisation: str = "Customer Care"
    care_address: str = "care@localhost"
    mail_domain: Annotated[str, AfterValidator(_domain)] = ""
    admin_address: Mailbox = ""
    base_url: str = "http://127.0.0.1:8080"
    care_phone: str = ""
    contact_page: str = ""
    privacy_line: str = "Please remove personal and sensitive data from logs and files before you send them."
    profile: str = "on-premises"
    first_case_number: int = Field(default=1, ge=1, le=9_999_999_999)


class DatabaseSection(Section):
    """Where everything durable lives."""

    url: str = "sqlite:///var/gateway.db"


class BrokerSection(Section):
    """Who carries wake-ups; empty means inside this process."""

    url: Annotated[str, AfterValidator(_broker_url)] = ""


class SmtpSection(Section):
    """The listener."""

    host: str = "127.0.0.1"
    port: int = Field(default=8025, ge=0, le=65535)
    accept: list[str] = []
    lmtp: bool = False
    max_message_bytes: int = Field(default=26_214_400, ge=1024)
    tls_cert: str = ""
    tls_key: str = ""
    tls: Literal["starttls", "implicit"] = "starttls"
    proxy_protocol: bool = False
    proxy_networks: list[Network] = []
    trusted_relays: list[Network] = []
    max_recipients: int = Field(default=100, ge=1)
    max_connections: int = Field(default=100, ge=1)
    max_connections_per_address: int = Field(default=20, ge=1)
    max_inflight_bytes: int = Field(default=268_435_456, ge=1024)
    max_messages_per_session: int = Field(default=64, ge=1)
    max_errors_per_session: int = Field(default=20, ge=1)
    max_junk_commands: int = Field(default=100, ge=1)
    read_timeout_seconds: float = Field(default=60, gt=0)
    min_bytes_per_second: int = Field(default=500, ge=0)
    session_seconds: float = Field(default=1800, gt=0)
    commit_seconds: float = Field(default=60, gt=0)
    shutdown_seconds: float = Field(default=30, gt=0)


class Oauth2(Section):
    """Refreshable access to a mailbox (XOAUTH2)."""

    token_url: str
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr


class ImapSection(Section):
    """One mailbox that is fetched."""

    host: str
    port: int = 993
    user: str
    password: SecretStr = SecretStr("")
    oauth2: Oauth2 | None = None
    folder: str = "INBOX"
    processed_folder: str = ""
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    poll_seconds: int = Field(default=60, ge=1)
    stale_minutes: int = Field(default=15, ge=1)

    @model_validator(mode="after")
    def moves_mails_away(self) -> "ImapSection":
        """Refuse a folder whose mails would be moved to where they are: each would be new there, for ever."""
        if self.processed_folder and self.processed_folder.lower() == self.folder.lower():
            raise ValueError("processed_folder must be another folder than folder")
        return self


class RelaySection(Section):
    """The smart host; without one, mails are written to `data_dir/sent/`."""

    host: str = ""
    port: int = Field(default=25, ge=1, le=65535)
    user: str = ""
    password: SecretStr = SecretStr("")
    tls: Literal["none", "starttls", "implicit"] = "none"
    connections: int = Field(default=4, ge=1, le=64)


class DkimSection(Section):
    """Signing what we send; without a selector nothing is signed."""

    selector: Annotated[str, AfterValidator(_domain)] = ""
    domain: Annotated[str, AfterValidator(_domain)] = ""
    key_file: str = ""


class WebSection(Section):
    """API and console."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_origin: str = ""
    allowed_hosts: list[str] = []
    trusted_proxies: list[Network] = []
    calls_per_minute: int = Field(default=30_000, ge=0)
    refused_per_minute: int = Field(default=600, ge=0)


class SenderSection(Section):
    """Whom we believe, and whose answer flips a case."""

    trusted_authserv_ids: list[str] = []
    flip_by: Literal["contact", "designated"] = "contact"
    human_senders: list[str] = []
    own_check: bool = False
    dns_seconds: float = Field(default=10, gt=0)


class RetentionSection(Section):
    """How long what is kept."""

    uploads_days: int = Field(default=30, ge=0)
    case_days: int = Field(default=30, ge=0)
    mail_days: int = Field(default=30, ge=0)
    undo_minutes: int = Field(default=30, ge=0)
    events_days: int = Field(default=90, ge=1)


class EscalationSection(Section):
    """Who reviews escalations."""

    owner: Mailbox = ""


class UnlinkedNoticeSection(Section):
    """The fixed-text acknowledgement to senders of unlinked mail."""

    enabled: bool = False


class BouncesSection(Section):
    """When an address to which mail cannot be delivered gets no more of it."""

    hard: int = Field(default=1, ge=0)
    soft: int = Field(default=3, ge=0)
    window_days: int = Field(default=30, ge=1)


class QueueSection(Section):
    """The admin queue."""

    alarm_hours: int = Field(default=4, ge=1)


class WebhooksSection(Section):
    """Calls to other systems."""

    allowed_networks: list[Network] = []


class AuditSection(Section):
    """The audit trail."""

    key_file: str = ""


class SchedulerSection(Section):
    """The clock's own pace."""

    tick_seconds: float = Field(default=5, gt=0)


class ParserSection(Section):
    """The killable children that read mail."""

    children: int = Field(default=2, ge=1, le=16)
    mail_seconds: float = Field(default=10, gt=0)
    memory_bytes: int = Field(default=1_073_741_824, ge=134_217_728)


class Config(BaseSettings):
    """All settings, effective and frozen.  Build it with `load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    gateway: GatewaySection = GatewaySection()
    database: DatabaseSection = DatabaseSection()
    broker: BrokerSection = BrokerSection()
    smtp: SmtpSection = SmtpSection()
    imap: dict[str, ImapSection] = {}
    relay: RelaySection = RelaySection()
    dkim: DkimSection = DkimSection()
    web: WebSection = WebSection()
    sender: SenderSection = SenderSection()
    follow_up: FollowUpSection = FollowUpSection()
    profile: dict[str, ProfileSection] = {}
    product_lines: dict[str, str] = {}
    types: dict[str, TypeSection] = {}
    retention: RetentionSection = RetentionSection()
    escalation: EscalationSection = EscalationSection()
    unlinked_notice: UnlinkedNoticeSection = UnlinkedNoticeSection()
    bounces: BouncesSection = BouncesSection()
    queue: QueueSection = QueueSection()
    webhooks: WebhooksSection = WebhooksSection()
    audit: AuditSection = AuditSection()
    scheduler: SchedulerSection = SchedulerSection()
    parser: ParserSection = ParserSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file; nothing else is read."""
        return EnvSettingsSource(settings_cls, env_prefix=PREFIX), init_settings

    @model_validator(mode="after")
    def care_address_is_one_mailbox(self) -> "Config":
        """Refuse a care address that could not be mailed."""
        local, at, domain = self.gateway.care_address.rpartition("@")
        if not (local and at and domain) or any(c in self.gateway.care_address for c in " <>,\r\n"):
            raise ValueError("gateway.care_address must be one mail address, for example care@example.com")
        return self

    @model_validator(mode="after")
    def proxies_are_named(self) -> "Config":
        """Refuse to believe a PROXY header of anybody: whoever connects could borrow a trusted address."""
        if self.smtp.proxy_protocol and not (self.smtp.proxy_networks or self.smtp.trusted_relays):
            raise ValueError("smtp.proxy_protocol needs smtp.proxy_networks: the networks of your load balancers")
        return self

    @model_validator(mode="after")
    def implicit_tls_has_a_certificate(self) -> "Config":
        """Refuse TLS from the first byte without a certificate."""
        if self.smtp.tls == "implicit" and not self.smtp.tls_cert:
            raise ValueError("smtp.tls = implicit needs smtp.tls_cert and smtp.tls_key")
        return self

    @model_validator(mode="after")
    def signing_has_a_key(self) -> "Config":
        """Refuse a selector without a key, and a key without a selector: mail would leave unsigned."""
        if bool(self.dkim.selector) != bool(self.dkim.key_file):
            raise ValueError("dkim.selector and dkim.key_file belong together; give both or neither")
        return self

    @property
    def mail_domain(self) -> str:
        """Return the domain of Message-IDs and bounce addresses."""
        return (self.gateway.mail_domain or self.gateway.care_address.rpartition("@")[2]).lower()

    @property
    def audit_key_file(self) -> Path:
        """Return the file with the key that signs the audit trail."""
        return Path(self.audit.key_file) if self.audit.key_file else self.gateway.data_dir / "audit.key"

    @property
    def accepted(self) -> tuple[str, ...]:
        """Return the addresses and `@domains` whose mail the listener takes, in lower case."""
        return tuple(a.lower() for a in (self.smtp.accept or [self.gateway.care_address]))


def load(path: Path | None = None, **overrides: Any) -> Config:
    """Read, merge and validate the settings.

    path: the settings file; None takes `gateway.toml` of the working folder where there is one.
    overrides: sections, as if they stood in the file (used by the demo and by tests).
    Raises ConfigError that lists every fault, one a line.
    """
    values = _merge(_read_file(path), overrides)
    _refuse_unknown_environment()
    try:
        return Config(**values)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(p) for p in e['loc']) or 'settings'}: {WORDS.get(e['type'], e['msg'])}"
            for e in error.errors()
        ]
        raise ConfigError("The settings cannot be used:\n  " + "\n  ".join(lines)) from None
    except SettingsError:
        raise ConfigError(_unreadable_environment()) from None


def effective(config: Config) -> dict[str, Any]:
    """Return all effective settings, ready to print, with secrets and the passwords of URLs masked."""
    shown = config.model_dump(mode="json")
    for section in ("database", "broker"):
        shown[section]["url"] = _mask_password(shown[section]["url"])
    return shown


def _read_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        path = Path(DEFAULT_FILE)
        if not path.exists():
            return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no settings file {path}; check --config.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file {path} cannot be read ({type(error).__name__}).") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The settings file {path} is not valid TOML: {error}.") from None


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        merged[key] = (
            _merge(merged[key], value) if isinstance(value, dict) and isinstance(merged.get(key), dict) else value
        )
    return merged


def _refuse_unknown_environment() -> None:
    # pydantic-settings ignores GATEWAY_TYPO__KEY silently; an operator would believe that it works.
    sections = {name.upper() for name in Config.model_fields}
    for name in os.environ:
        section = name.removeprefix(PREFIX).split("__")[0].upper()
        if name.upper().startswith(PREFIX) and "__" in name and section not in sections:
            raise ConfigError(
                f"The environment variable {name} names no section of the settings; see gateway.example.toml."
            )


def _unreadable_environment() -> str:
    """Say how a list or a table is written in the environment; names the variables only: a value may be a secret."""
    names = sorted(name for name in os.environ if name.upper().startswith(PREFIX))
    return (
        f"A list or table in the environment is not valid JSON (one of {', '.join(names)}); write a list like "
        """GATEWAY_SMTP__ACCEPT='["care@example.com"]'."""
    )


def _mask_password(url: str) -> str:
    head, sep, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    return f"{head}{sep}{user}:***@{host}" if at and colon else url
