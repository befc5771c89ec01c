"""What handlers of one CRM have in common: its client, and how many records go in a call.

Belongs here: nothing that depends on the kind of action. A kind that takes more calls says so itself.
"""

from __future__ import annotations

from math import ceil
from typing import ClassVar, Generic

from pipelines.clients.hubspot.client import BATCH_LIMIT, HubSpotClient
from pipelines.clients.salesforce.client import COLLECTION_LIMIT, SalesforceClient
from pipelines.reverse_sync.actions.side_by_side import OfItsRecord
from pipelines.reverse_sync.destinations.common import AClient, OverClient
from pipelines.reverse_sync.destinations.hubspot import HubSpotDestination
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination


class InBatches(Generic[AClient]):
    """A call for each batch."""

    batch_size: ClassVar[int]

    def __init__(self, channel: OverClient[AClient]) -> None:
        self._client = channel.client

    @classmethod
    def forecast(cls, actions: int) -> int:
        return ceil(actions / cls.batch_size)


class InHubSpot(OfItsRecord, InBatches[HubSpotClient]):
    """By batches of a hundred, several side by side."""

    vendor: ClassVar[str] = "hubspot"
    batch_size: ClassVar[int] = BATCH_LIMIT
    at_once: ClassVar[int] = HubSpotDestination.at_once


class InSalesforce(InBatches[SalesforceClient]):
    """By collections of two hundred, one after the other unless a kind says how many may overlap."""

    vendor: ClassVar[str] = "salesforce"
    batch_size: ClassVar[int] = COLLECTION_LIMIT


class BesideOthers(OfItsRecord):
    """Collections that may overlap: rows of two calls that hang on one record would wait for its lock."""

    at_once: ClassVar[int] = SalesforceDestination.at_once
