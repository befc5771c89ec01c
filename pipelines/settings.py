"""The only reader of the environment. Turns variables and `.env` into one frozen `Settings`.

Belongs here: where things are and how to sign in. Business rules are in `config/`, read by `pipelines.rules`.
Every variable is listed in `.env.example`.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pipelines.errors import ConfigError

Environment = Literal["sandbox", "vendor-sandbox", "production"]
ENVIRONMENTS: tuple[Environment, ...] = ("sandbox", "vendor-sandbox", "production")
PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Secret:
    """A string that does not show itself: `repr` and `str` are stars; `reveal()` gives the value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine (127.0.0.0/8, ::1 or localhost)."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class HubSpotConnection:
    """How to reach one HubSpot portal: the token of a service key or private app, or an OAuth app's refresh
    token. `refresh_token_file` keeps the one that follows it, should HubSpot exchange it."""

    url: str
    token: Secret
    environment: Environment
    api_version: str = "2026-03"
    client_id: str = ""
    client_secret: Secret = field(default_factory=lambda: Secret(""))
    refresh_token: Secret = field(default_factory=lambda: Secret(""))
    refresh_token_file: Path | None = None

    vendor: str = field(default="hubspot", init=False)


@dataclass(frozen=True, kw_only=True)
class SalesforceConnection:
    """How to reach one Salesforce org: client credentials, JWT bearer with a private key, or a refresh token.

    `refresh_token_file` keeps the token that follows the given one, where the org rotates them.
    """

    url: str
    client_id: str
    client_secret: Secret
    environment: Environment
    username: str = ""
    private_key: Secret = field(default_factory=lambda: Secret(""))
    refresh_token: Secret = field(default_factory=lambda: Secret(""))
    refresh_token_file: Path | None = None
    api_version: str = "67.0"

    vendor: str = field(default="salesforce", init=False)


@dataclass(frozen=True, kw_only=True)
class MarketingCloudConnection:
    """How to reach one Marketing Cloud business unit: an installed package's client credentials.

    `url` is the account's auth host; where REST and SOAP are is said by the token. `token_file` lends one
    token to all processes of this machine: the vendor asks for no more than one in 20 minutes.
    """

    url: str
    client_id: str
    client_secret: Secret
    environment: Environment
    account_id: str = ""
    token_file: Path | None = None

    vendor: str = field(default="marketing_cloud", init=False)


Connection = HubSpotConnection | SalesforceConnection | MarketingCloudConnection


@dataclass(frozen=True, kw_only=True)
class SlackConnection:
    """How to tell people in Slack: an incoming webhook, a bot's token, or both."""

    webhook_url: Secret = field(default_factory=lambda: Secret(""))
    bot_token: Secret = field(default_factory=lambda: Secret(""))
    api_url: str = "https://slack.com/api/"


@dataclass(frozen=True, kw_only=True)
class MailConnection:
    """The server that takes our mail. `starttls` is on for any server that is not this machine."""

    host: str
    port: int
    username: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    sender: str = ""
    starttls: bool = True


@dataclass(frozen=True)
class Paths:
    """Every place the project writes to, all below `home` (`var/` by default)."""

    home: Path

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def work(self) -> Path:
        return self.home / "work.duckdb"

    @property
    def by_hand(self) -> Path:
        return self.home / "work.by_hand"

    @property
    def published(self) -> Path:
        return self.home / "analytics.duckdb"

    @property
    def lock(self) -> Path:
        return self.home / "warehouse.lock"

    @property
    def state(self) -> Path:
        return self.home / "state.sqlite"

    @property
    def suppression_key(self) -> Path:
        return self.home / "suppression.key"

    @property
    def erasing(self) -> Path:
        return self.home / "erasing.json"

    @property
    def spool(self) -> Path:
        return self.home / "spool"

    @property
    def plans(self) -> Path:
        return self.home / "plans"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def dlt(self) -> Path:
        return self.home / "dlt"

    @property
    def dbt_target(self) -> Path:
        return self.home / "dbt"

    @property
    def data_docs(self) -> Path:
        return self.home / "data_docs"

    @property
    def sandbox(self) -> Path:
        return self.home / "sandbox"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a run needs to know about the machine and the connections. Never a business rule."""

    home: Path
    config_dir: Path
    hubspot: HubSpotConnection | None = None
    salesforce: SalesforceConnection | None = None
    slack: SlackConnection | None = None
    mail: MailConnection | None = None
    marketing_cloud: MarketingCloudConnection | None = None
    write: bool = False
    state_url: str = ""

    @property
    def paths(self) -> Paths:
        return Paths(self.home)

    @property
    def connections(self) -> tuple[Connection, ...]:
        return tuple(c for c in (self.hubspot, self.salesforce, self.marketing_cloud) if c is not None)

    def may_write(self, connection: Connection) -> bool:
        """Loopback may always be written to; anything else needs `CRM_WRITE=on`."""
        return is_loopback(connection.url) or self.write


KNOWN = {
    "CRM_HOME", "CRM_CONFIG", "CRM_WRITE", "CRM_STATE_URL",
    "HUBSPOT_URL", "HUBSPOT_TOKEN", "HUBSPOT_ENVIRONMENT", "HUBSPOT_API_VERSION",
    "HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "HUBSPOT_REFRESH_TOKEN",
    "SALESFORCE_URL", "SALESFORCE_CLIENT_ID", "SALESFORCE_CLIENT_SECRET", "SALESFORCE_USERNAME",
    "SALESFORCE_PRIVATE_KEY_FILE", "SALESFORCE_REFRESH_TOKEN",
    "SALESFORCE_ENVIRONMENT", "SALESFORCE_API_VERSION",
    "SLACK_WEBHOOK_URL", "SLACK_BOT_TOKEN", "SLACK_API_URL",
    "SMTP_HOST", "SMTP_PORT", "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_FROM", "SMTP_STARTTLS",
    "MARKETING_CLOUD_URL", "MARKETING_CLOUD_CLIENT_ID", "MARKETING_CLOUD_CLIENT_SECRET",
    "MARKETING_CLOUD_ACCOUNT_ID", "MARKETING_CLOUD_ENVIRONMENT",
}  # fmt: skip
PREFIXES = ("CRM_", "HUBSPOT_", "SALESFORCE_", "MARKETING_CLOUD_")


def load_settings(
    env: Mapping[str, str] | None = None, *, dotenv: Path | None = None, vendors: bool = True
) -> Settings:
    """Read the environment (over `.env`, which fills what the environment leaves out) into Settings.

    Without `vendors` the connections are not even looked at: commands of the sandbox use none of them.
    Raises ConfigError for an unknown variable with one of our prefixes or a value that cannot be.
    """
    values = _with_dotenv(dict(os.environ if env is None else env), dotenv)  # noqa: TID251 - this is the one place
    unknown = sorted(k for k in values if k.startswith(PREFIXES) and k not in KNOWN)
    if unknown:
        raise ConfigError(
            f"unknown variable {unknown[0]}", where="environment or .env",
            remedy="compare its spelling with .env.example",
        )  # fmt: skip
    home = _directory(values.get("CRM_HOME"), PROJECT_ROOT / "var")
    return Settings(
        home=home,
        config_dir=_directory(values.get("CRM_CONFIG"), PROJECT_ROOT / "config"),
        hubspot=_hubspot(values, home) if vendors else None,
        salesforce=_salesforce(values, home) if vendors else None,
        slack=_slack(values) if vendors else None,
        mail=_mail(values) if vendors else None,
        marketing_cloud=_marketing_cloud(values, home) if vendors else None,
        write=_switch("CRM_WRITE", values.get("CRM_WRITE", "off")),
        state_url=values.get("CRM_STATE_URL", ""),
    )


def as_environment(settings: Settings, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment for a child that must load the same settings, with `more` added.

    Files and `.env` stay where they are: a connection that came from a key file is found there again.
    """
    values = {"CRM_HOME": str(settings.home), "CRM_CONFIG": str(settings.config_dir)}
    if settings.hubspot is not None:
        values |= {
            "HUBSPOT_URL": settings.hubspot.url,
            "HUBSPOT_TOKEN": settings.hubspot.token.reveal(),
            "HUBSPOT_CLIENT_ID": settings.hubspot.client_id,
            "HUBSPOT_CLIENT_SECRET": settings.hubspot.client_secret.reveal(),
            "HUBSPOT_REFRESH_TOKEN": settings.hubspot.refresh_token.reveal(),
            "HUBSPOT_ENVIRONMENT": settings.hubspot.environment,
        }
    if settings.salesforce is not None:
        values |= {
            "SALESFORCE_URL": settings.salesforce.url,
            "SALESFORCE_CLIENT_ID": settings.salesforce.client_id,
            "SALESFORCE_CLIENT_SECRET": settings.salesforce.client_secret.reveal(),
            "SALESFORCE_REFRESH_TOKEN": settings.salesforce.refresh_token.reveal(),
            "SALESFORCE_ENVIRONMENT": settings.salesforce.environment,
        }
        if not settings.salesforce.private_key:
            values["SALESFORCE_PRIVATE_KEY_FILE"] = ""
    if settings.slack is not None:
        values |= {
            "SLACK_WEBHOOK_URL": settings.slack.webhook_url.reveal(),
            "SLACK_BOT_TOKEN": settings.slack.bot_token.reveal(),
            "SLACK_API_URL": settings.slack.api_url,
        }
    if settings.mail is not None:
        values |= {
            "SMTP_HOST": settings.mail.host, "SMTP_PORT": str(settings.mail.port),
            "SMTP_USERNAME": settings.mail.username, "SMTP_PASSWORD": settings.mail.password.reveal(),
            "SMTP_FROM": settings.mail.sender, "SMTP_STARTTLS": "on" if settings.mail.starttls else "off",
        }  # fmt: skip
    if settings.marketing_cloud is not None:
        values |= {
            "MARKETING_CLOUD_URL": settings.marketing_cloud.url,
            "MARKETING_CLOUD_CLIENT_ID": settings.marketing_cloud.client_id,
            "MARKETING_CLOUD_CLIENT_SECRET": settings.marketing_cloud.client_secret.reveal(),
            "MARKETING_CLOUD_ACCOUNT_ID": settings.marketing_cloud.account_id,
            "MARKETING_CLOUD_ENVIRONMENT": settings.marketing_cloud.environment,
        }
    return {**os.environ, **values, **(more or {})}  # noqa: TID251 - this is the one place


def _with_dotenv(values: dict[str, str], dotenv: Path | None) -> dict[str, str]:
    path = dotenv if dotenv is not None else PROJECT_ROOT / ".env"
    if not path.is_file():
        return values
    from dotenv import dotenv_values

    return {**{k: v for k, v in dotenv_values(path).items() if v is not None}, **values}


def _directory(value: str | None, default: Path) -> Path:
    return Path(value).expanduser().resolve() if value else default


def _switch(name: str, value: str) -> bool:
    if value.lower() in ("on", "off"):
        return value.lower() == "on"
    raise ConfigError(f"{name} must be on or off, not {value!r}", where="environment or .env")


def _environment(vendor: str, url: str, value: str | None) -> Environment:
    """The declared environment; without one, loopback is the sandbox and everything else is production."""
    chosen = value or ("sandbox" if is_loopback(url) else "production")
    for known in ENVIRONMENTS:
        if chosen == known:
            break
    else:
        raise ConfigError(
            f"{vendor.upper()}_ENVIRONMENT is {chosen!r}", where="environment or .env",
            remedy=f"use one of {', '.join(ENVIRONMENTS)}",
        )  # fmt: skip
    if known == "sandbox" and not is_loopback(url):
        raise ConfigError(
            f"{vendor.upper()}_ENVIRONMENT says sandbox but {vendor.upper()}_URL is not on this machine",
            where="environment or .env", remedy="say vendor-sandbox or production",
        )  # fmt: skip
    return known


def _hubspot(values: Mapping[str, str], home: Path) -> HubSpotConnection | None:
    token, refresh = values.get("HUBSPOT_TOKEN", ""), values.get("HUBSPOT_REFRESH_TOKEN", "")
    client_id, secret = values.get("HUBSPOT_CLIENT_ID", ""), values.get("HUBSPOT_CLIENT_SECRET", "")
    url = values.get("HUBSPOT_URL", "https://api.hubapi.com")
    if not token and not refresh:
        if values.get("HUBSPOT_URL"):
            raise ConfigError(
                "HUBSPOT_URL is set and HUBSPOT_TOKEN is not", where="environment or .env",
                remedy="add the token of a service key or private app, see docs/going-live.md",
            )  # fmt: skip
        return None
    if token and refresh:
        raise ConfigError(
            "both HUBSPOT_TOKEN and HUBSPOT_REFRESH_TOKEN are set", where="environment or .env",
            remedy="keep the one to sign in with",
        )  # fmt: skip
    if refresh and not (client_id and secret):
        raise ConfigError(
            "HUBSPOT_REFRESH_TOKEN is set and HUBSPOT_CLIENT_ID with HUBSPOT_CLIENT_SECRET is not",
            where="environment or .env", remedy="add those of the OAuth app, see docs/going-live.md",
        )  # fmt: skip
    return HubSpotConnection(
        url=url.rstrip("/"), token=Secret(token),
        environment=_environment("hubspot", url, values.get("HUBSPOT_ENVIRONMENT")),
        api_version=values.get("HUBSPOT_API_VERSION", "2026-03"), client_id=client_id,
        client_secret=Secret(secret), refresh_token=Secret(refresh),
        refresh_token_file=home / "hubspot_refresh_token.json",
    )  # fmt: skip


def _salesforce(values: Mapping[str, str], home: Path) -> SalesforceConnection | None:
    url = values.get("SALESFORCE_URL", "")
    if not url:
        return None
    client_id = values.get("SALESFORCE_CLIENT_ID", "")
    key_file = values.get("SALESFORCE_PRIVATE_KEY_FILE", "")
    secret = values.get("SALESFORCE_CLIENT_SECRET", "")
    if not client_id or not (secret or key_file):
        raise ConfigError(
            "SALESFORCE_URL is set but SALESFORCE_CLIENT_ID with SALESFORCE_CLIENT_SECRET "
            "or SALESFORCE_PRIVATE_KEY_FILE is not",
            where="environment or .env", remedy="add them, see docs/going-live.md",
        )  # fmt: skip
    return SalesforceConnection(
        url=url.rstrip("/"), client_id=client_id, client_secret=Secret(secret),
        environment=_environment("salesforce", url, values.get("SALESFORCE_ENVIRONMENT")),
        username=values.get("SALESFORCE_USERNAME", ""),
        private_key=Secret(_key(key_file)) if key_file else Secret(""),
        refresh_token=Secret(values.get("SALESFORCE_REFRESH_TOKEN", "")),
        refresh_token_file=home / "salesforce_refresh_token.json",
        api_version=values.get("SALESFORCE_API_VERSION", "67.0"),
    )  # fmt: skip


def _slack(values: Mapping[str, str]) -> SlackConnection | None:
    hook, token = values.get("SLACK_WEBHOOK_URL", ""), values.get("SLACK_BOT_TOKEN", "")
    api = values.get("SLACK_API_URL") or "https://slack.com/api/"
    if not hook and not token:
        return None
    for name, url in (("SLACK_WEBHOOK_URL", hook), ("SLACK_API_URL", api)):
        if url and not (url.startswith("https://") or is_loopback(url)):
            raise ConfigError(f"{name} is not an https address", where="environment or .env")
    return SlackConnection(webhook_url=Secret(hook), bot_token=Secret(token), api_url=api.rstrip("/") + "/")


def _mail(values: Mapping[str, str]) -> MailConnection | None:
    host, port = values.get("SMTP_HOST", ""), values.get("SMTP_PORT") or "587"
    if not host:
        return None
    if not port.isdigit() or not 0 < int(port) < 65_536:
        raise ConfigError(f"SMTP_PORT is {port!r}, not a port", where="environment or .env")
    local = is_loopback(f"smtp://{host}")
    return MailConnection(
        host=host, port=int(port), username=values.get("SMTP_USERNAME", ""),
        password=Secret(values.get("SMTP_PASSWORD", "")), sender=values.get("SMTP_FROM", ""),
        starttls=_switch("SMTP_STARTTLS", values.get("SMTP_STARTTLS") or ("off" if local else "on")),
    )  # fmt: skip


def _marketing_cloud(values: Mapping[str, str], home: Path) -> MarketingCloudConnection | None:
    url = values.get("MARKETING_CLOUD_URL", "")
    if not url:
        return None
    client_id = values.get("MARKETING_CLOUD_CLIENT_ID", "")
    secret = values.get("MARKETING_CLOUD_CLIENT_SECRET", "")
    if not (client_id and secret):
        raise ConfigError(
            "MARKETING_CLOUD_URL is set but MARKETING_CLOUD_CLIENT_ID with "
            "MARKETING_CLOUD_CLIENT_SECRET is not",
            where="environment or .env", remedy="add those of the installed package, see docs/going-live.md",
        )  # fmt: skip
    return MarketingCloudConnection(
        url=url.rstrip("/"), client_id=client_id, client_secret=Secret(secret),
        environment=_environment("marketing_cloud", url, values.get("MARKETING_CLOUD_ENVIRONMENT")),
        account_id=values.get("MARKETING_CLOUD_ACCOUNT_ID", ""),
        token_file=home / "marketing_cloud_token.json",
    )  # fmt: skip


def _key(file: str) -> str:
    path = Path(file).expanduser()
    if not path.is_file():
        raise ConfigError(
            "SALESFORCE_PRIVATE_KEY_FILE names a file that is not there", where="environment or .env",
            remedy="give the path of the PEM key",
        )  # fmt: skip
    return path.read_text()
