"""What handlers of one CRM have in common: its client, and how many records go in a call.

Belongs here: nothing that depends on the kind of action. A kind that takes more calls says so itself.
"""

from __future__ import annotations

from math import ceil
from typing import ClassVar

from pipelines.clients.hubspot.client import BATCH_LIMIT, HubSpotClient
from pipelines.clients.salesforce.client import COLLECTION_LIMIT, SalesforceClient
from pipelines.reverse_sync.destinations.hubspot import HubSpotDestination
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination


class InHubSpot:
    """By batches of a hundred."""

    vendor: ClassVar[str] = "hubspot"
    batch_size: ClassVar[int] = BATCH_LIMIT

    def __init__(self, channel: HubSpotDestination) -> None:
        self._client: HubSpotClient = channel.client

    @staticmethod
    def forecast(actions: int) -> int:
        return ceil(actions / BATCH_LIMIT)


class InSalesforce:
    """By collections of two hundred."""

    vendor: ClassVar[str] = "salesforce"
    batch_size: ClassVar[int] = COLLECTION_LIMIT

    def __init__(self, channel: SalesforceDestination) -> None:
        self._client: SalesforceClient = channel.client

    @staticmethod
    def forecast(actions: int) -> int:
        return ceil(actions / COLLECTION_LIMIT)
