"""What the portal says of itself: id, time zone, currencies."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import catalog

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot


def routes(hubspot: HubSpot) -> list[Route]:
    return [
        *hubspot.route("GET", "/account-info/{version}/details", lambda call: _details(hubspot, call)),
        *hubspot.route(
            "GET", "/account-info/{version}/api-usage/daily/private-apps", lambda call: _usage(hubspot, call)
        ),
    ]


def _details(hubspot: HubSpot, call: Call) -> Response:
    zone, currency = hubspot.store.get_meta("time_zone"), hubspot.store.get_meta("currency")
    local: datetime = times.from_ms(call.now).astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    return answer(
        {
            "portalId": hubspot.portal.id,
            "accountType": "STANDARD",
            "timeZone": zone,
            "companyCurrency": currency,
            "additionalCurrencies": [c for c in catalog.CURRENCIES if c != currency],
            "utcOffset": f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}",
            "utcOffsetMilliseconds": minutes * times.MINUTE,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


def _usage(hubspot: HubSpot, call: Call) -> Response:
    return answer(
        {
            "results": [
                {
                    "name": "api-calls-daily",
                    "usageLimit": hubspot.daily.limit,
                    "currentUsage": hubspot.daily.used,
                    "collectedAt": times.iso(call.now),
                    "fetchStatus": "SUCCESS",
                }
            ]
        }
    )
