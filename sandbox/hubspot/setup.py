"""How a portal is set up: currencies and rates, teams, meeting links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import pages

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot


def routes(hubspot: HubSpot) -> list[Route]:
    links = "/scheduler/{version}/meetings/meeting-links"
    rates = "/exchange-rates"
    return [
        *hubspot.versioned("GET", "/settings/currencies", rates, lambda call: _rates(hubspot, call)),
        *hubspot.versioned("GET", "/settings/users", "/teams", lambda call: _teams(hubspot)),
        *hubspot.route("GET", links, lambda call: _links(hubspot, call)),
    ]  # fmt: skip


def _rates(hubspot: HubSpot, call: Call) -> Response:
    return pages.by_after(call, hubspot.store, "exchange_rates", total=True)


def _teams(hubspot: HubSpot) -> Response:
    return answer({"results": pages.shown(hubspot.store.rows("select shown from teams order by id"))})


def _links(hubspot: HubSpot, call: Call) -> Response:
    return pages.by_after(call, hubspot.store, "meeting_links", default=10, total=True)
