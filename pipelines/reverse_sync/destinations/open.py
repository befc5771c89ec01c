"""Opens the destination of a vendor from Settings.

Belongs here: construction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from pipelines.clients.open import open_hubspot, open_marketing_cloud, open_salesforce
from pipelines.errors import ConfigError
from pipelines.reverse_sync.destinations.base import Destination, Opener
from pipelines.reverse_sync.destinations.hubspot import HubSpotDestination
from pipelines.reverse_sync.destinations.marketing_cloud import MarketingCloudDestination
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination
from pipelines.rules.syncs import load_syncs
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, has_table


def opener(settings: Settings) -> Opener:
    """Opens destinations over the connections of these settings."""

    @contextmanager
    def open_destination(vendor: str) -> Iterator[Destination]:
        if vendor == "hubspot":
            with open_hubspot(settings) as hubspot:
                hubspot.stop_writing_at(_share(settings))
                yield HubSpotDestination(hubspot)
        elif vendor == "salesforce":
            with open_salesforce(settings) as salesforce:
                salesforce.stop_writing_at(_share(settings))
                yield SalesforceDestination(salesforce)
        elif vendor == "marketing_cloud":
            with open_marketing_cloud(settings) as marketing_cloud:
                yield MarketingCloudDestination(marketing_cloud, known=partial(_knows_ids, settings))
        else:
            raise ConfigError(f"there is no destination called {vendor}", where="syncs.yml")

    return open_destination


def _knows_ids(settings: Settings) -> bool | None:
    """Whether what is published has a subscriber or contact keyed by a lead's or contact's id; None where
    contacts were never read."""
    if not settings.paths.published.exists():
        return None
    with Warehouse(settings.paths).reading() as connection:
        if not (has_table(connection, "marts", "subscribers") and has_table(connection, "ops", "loads")):
            return None
        row = connection.execute(
            "select (select bool_or(key_kind in ('lead_id', 'contact_id')) from marts.subscribers), "
            "exists (from ops.loads where vendor = 'marketing_cloud' and table_name = 'contacts' "
            "and status in ('loaded', 'unchanged'))"
        ).fetchone()
    assert row is not None
    return True if row[0] else False if row[1] else None


def _share(settings: Settings) -> float:
    """What of a CRM's day writing may use; the rest is kept free for others."""
    return load_syncs(settings.config_dir).budget.daily_share
