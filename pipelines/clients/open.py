"""Opens the clients a run needs from Settings: who may write where is decided here, once.

Belongs here: construction. What a client can do is in its own folder.
"""

from __future__ import annotations

from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.errors import ConfigError
from pipelines.settings import Settings


def open_hubspot(settings: Settings) -> HubSpotClient:
    """A client of the HubSpot connection; a context manager. Raises ConfigError when there is none."""
    if settings.hubspot is None:
        raise _missing("HubSpot", "HUBSPOT_TOKEN")
    return HubSpotClient(settings.hubspot, settings.may_write(settings.hubspot))


def open_salesforce(settings: Settings) -> SalesforceClient:
    """A client of the Salesforce connection; a context manager. Raises ConfigError when there is none."""
    if settings.salesforce is None:
        raise _missing("Salesforce", "SALESFORCE_URL, SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET")
    return SalesforceClient(settings.salesforce, settings.may_write(settings.salesforce))


def open_marketing_cloud(settings: Settings) -> MarketingCloudClient:
    """A client of Marketing Cloud; a context manager. Raises ConfigError when there is no connection."""
    if settings.marketing_cloud is None:
        raise _missing(
            "Marketing Cloud",
            "MARKETING_CLOUD_URL, MARKETING_CLOUD_CLIENT_ID and MARKETING_CLOUD_CLIENT_SECRET",
        )
    return MarketingCloudClient(settings.marketing_cloud, settings.may_write(settings.marketing_cloud))


def _missing(vendor: str, variables: str) -> ConfigError:
    return ConfigError(
        f"there is no {vendor} connection",
        where="environment or .env",
        remedy=f"set {variables}, see docs/going-live.md",
    )
