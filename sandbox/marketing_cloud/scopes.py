"""Which scope a call needs, and what it is told without it. Calls whose scope no document names need none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.call import Call
from sandbox.marketing_cloud import errors

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

TABLE = "create table if not exists token_scopes (token text primary key, scope text not null)"
PERMISSION = "API Permission Failed"
_JOURNEYS = "/interaction/v1/(interactions|eventdefinitions)"
_REST = tuple(
    (re.compile(methods), re.compile(path, re.IGNORECASE), scope)
    for methods, path, scope in (
        ("POST|PUT", "/hub/v1/dataevents/", "data_extensions_write"),
        ("POST|PUT", "/data/v1/async/dataextensions/", "data_extensions_write"),
        ("GET", "/data/v1/(customobjectdata|async)/", "data_extensions_read"),
        ("GET", "/hub/v1/campaigns", "campaign_read"),
        ("POST|PATCH|DELETE", "/hub/v1/campaigns", "campaign_write"),
        ("POST", "/interaction/v1/events", "journeys_execute"),
        ("POST", f"{_JOURNEYS}/(contactmembership|contactexit/status|journeyhistory)", "journeys_read"),
        ("POST", f"{_JOURNEYS}/(contactexit|publishasync|stop|pause|resume|transactional)",
         "journeys_execute"),
        ("GET", _JOURNEYS, "journeys_read"),
        ("POST|PUT|DELETE", _JOURNEYS, "journeys_write"),
    )
)  # fmt: skip
_SOAP = (
    ("DataExtension", "data_extensions"), ("Subscriber", "list_and_subscribers"),
    ("List", "list_and_subscribers"),
)  # fmt: skip


def granted(mc: MarketingCloud, token: str) -> set[str]:
    """What a token may: all that the package may, or as much of it as it was asked for."""
    asked = mc.store.value("select scope from token_scopes where token = ?", (token,))
    package = set(mc.scope().split())
    return package if asked is None else package & set(str(asked).split())


def check(mc: MarketingCloud, call: Call, token: str) -> None:
    """Raise Refused for a REST call whose scope the token lacks."""
    needed = next(
        (s for methods, path, s in _REST if methods.fullmatch(call.method) and path.match(call.path)), None
    )
    if needed and needed not in granted(mc, token):
        raise errors.error(403, 403, "Insufficient Privileges")


def may_soap(mc: MarketingCloud, token: str, kind: str, *, write: bool) -> bool:
    if kind.endswith("Event"):
        return "tracking_events_read" in granted(mc, token)
    area = next((area for name, area in _SOAP if kind.startswith(name)), None)
    return area is None or f"{area}_{'write' if write else 'read'}" in granted(mc, token)
