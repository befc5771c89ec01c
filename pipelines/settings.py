"""The only reader of the environment. Turns variables and `.env` into one frozen `Settings`.

Belongs here: where things are and how to sign in. Business rules are in `config/`, read by `pipelines.rules`.
Every variable is listed in `.env.example`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines import connections
from pipelines.connections import (
    Connection,
    Environment,
    HubSpotConnection,
    MailConnection,
    MarketingCloudConnection,
    SalesforceConnection,
    Secret,
    SlackConnection,
    is_loopback,
)
from pipelines.errors import ConfigError

__all__ = [
    "Connection",
    "Environment",
    "HubSpotConnection",
    "MailConnection",
    "MarketingCloudConnection",
    "Paths",
    "SalesforceConnection",
    "Secret",
    "Settings",
    "SlackConnection",
    "as_environment",
    "is_loopback",
    "load_settings",
]

PROJECT_ROOT = Path(__file__).resolve().parent.parent


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
    def deciding(self) -> Path:
        return self.home / "decide.lock"

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
        hubspot=connections.hubspot_from(values, home) if vendors else None,
        salesforce=connections.salesforce_from(values, home) if vendors else None,
        slack=connections.slack_from(values) if vendors else None,
        mail=connections.mail_from(values) if vendors else None,
        marketing_cloud=connections.marketing_cloud_from(values, home) if vendors else None,
        write=connections.switch("CRM_WRITE", values.get("CRM_WRITE", "off")),
        state_url=values.get("CRM_STATE_URL", ""),
    )


def as_environment(settings: Settings, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment for a child that must load the same settings, with `more` added.

    Files and `.env` stay where they are: a connection that came from a key file is found there again. What
    Python compiles is kept there too (see `cli`).
    """
    own = dict(os.environ)  # noqa: TID251 - this is the one place
    own.pop("PYTHONDONTWRITEBYTECODE", None)
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
    return {**own, **values, **(more or {})}


def _with_dotenv(values: dict[str, str], dotenv: Path | None) -> dict[str, str]:
    path = dotenv if dotenv is not None else PROJECT_ROOT / ".env"
    if not path.is_file():
        return values
    from dotenv import dotenv_values

    return {**{k: v for k, v in dotenv_values(path).items() if v is not None}, **values}


def _directory(value: str | None, default: Path) -> Path:
    return Path(value).expanduser().resolve() if value else default
