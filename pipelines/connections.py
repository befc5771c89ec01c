"""The connections: what there is to know of each other end, and how it is read from variables.

Belongs here: one frozen class per end, made from a mapping of variables. The environment itself is read in
`settings`, which hands the mapping in and the classes on.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pipelines.errors import ConfigError

Environment = Literal["sandbox", "vendor-sandbox", "production"]
ENVIRONMENTS: tuple[Environment, ...] = ("sandbox", "vendor-sandbox", "production")


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
    calls_folder: Path | None = None
    """Where the calls of each day are counted, by all of this machine that make them."""

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


def switch(name: str, value: str) -> bool:
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


def hubspot_from(values: Mapping[str, str], home: Path) -> HubSpotConnection | None:
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


def salesforce_from(values: Mapping[str, str], home: Path) -> SalesforceConnection | None:
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


def slack_from(values: Mapping[str, str]) -> SlackConnection | None:
    hook, token = values.get("SLACK_WEBHOOK_URL", ""), values.get("SLACK_BOT_TOKEN", "")
    api = values.get("SLACK_API_URL") or "https://slack.com/api/"
    if not hook and not token:
        return None
    for name, url in (("SLACK_WEBHOOK_URL", hook), ("SLACK_API_URL", api)):
        if url and not (url.startswith("https://") or is_loopback(url)):
            raise ConfigError(f"{name} is not an https address", where="environment or .env")
    return SlackConnection(webhook_url=Secret(hook), bot_token=Secret(token), api_url=api.rstrip("/") + "/")


def mail_from(values: Mapping[str, str]) -> MailConnection | None:
    host, port = values.get("SMTP_HOST", ""), values.get("SMTP_PORT") or "587"
    if not host:
        return None
    if not port.isdigit() or not 0 < int(port) < 65_536:
        raise ConfigError(f"SMTP_PORT is {port!r}, not a port", where="environment or .env")
    local = is_loopback(f"smtp://{host}")
    return MailConnection(
        host=host, port=int(port), username=values.get("SMTP_USERNAME", ""),
        password=Secret(values.get("SMTP_PASSWORD", "")), sender=values.get("SMTP_FROM", ""),
        starttls=switch("SMTP_STARTTLS", values.get("SMTP_STARTTLS") or ("off" if local else "on")),
    )  # fmt: skip


def marketing_cloud_from(values: Mapping[str, str], home: Path) -> MarketingCloudConnection | None:
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
        token_file=home / "marketing_cloud_token.json", calls_folder=calls_folder(home, url),
    )  # fmt: skip


def calls_folder(home: Path, url: str) -> Path:
    """Each account's calls are counted alone: a sandbox's are not those of the account it stands for."""
    return home / "calls" / str(urlsplit(url).hostname)


def _key(file: str) -> str:
    path = Path(file).expanduser()
    if not path.is_file():
        raise ConfigError(
            "SALESFORCE_PRIVATE_KEY_FILE names a file that is not there", where="environment or .env",
            remedy="give the path of the PEM key",
        )  # fmt: skip
    return path.read_text()
