"""The connections that objects as code works over, and what has been learnt of each CRM.

Belongs here: opening them. What is done with them is `run`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.clients.rate_limit import Clock, RealClock
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.errors import UsageError
from pipelines.rules.syncs import Vendor
from pipelines.schema.items import Live, Wanted
from pipelines.settings import Settings
from pipelines.state.engine import State


@dataclass
class Session:
    """Both CRMs as far as there is a connection, and what was learnt of them."""

    settings: Settings
    state: State
    hubspot: HubSpotClient | None = None
    salesforce: SalesforceClient | None = None
    clock: Clock = field(default_factory=RealClock)
    live: dict[Vendor, Live] = field(default_factory=dict)
    wanted: dict[Vendor, Wanted] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        return sum(client.calls for client in (self.hubspot, self.salesforce) if client is not None)


@contextmanager
def opened(settings: Settings, *, clock: Clock | None = None) -> Iterator[Session]:
    """A session on the connections there are. Raises UsageError when there is none."""
    with ExitStack() as stack:
        state = stack.enter_context(State.open(settings))
        session = Session(settings, state, clock=clock or RealClock())
        if settings.hubspot is not None:
            session.hubspot = stack.enter_context(open_hubspot(settings))
        if settings.salesforce is not None:
            session.salesforce = stack.enter_context(open_salesforce(settings))
        if session.hubspot is None and session.salesforce is None:
            raise UsageError(
                "no CRM connection is set", where="environment or .env", remedy="see docs/going-live.md"
            )
        yield session
