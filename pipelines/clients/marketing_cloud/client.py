"""One Marketing Cloud business unit, for reading and writing. Rows of a batch that fail are values.

Belongs here: the endpoints and their shapes. How data extensions are written is in `rows`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from pipelines.clients import errors
from pipelines.clients.client import Client
from pipelines.clients.marketing_cloud import soap
from pipelines.clients.marketing_cloud.auth import MarketingCloudLogin, Session
from pipelines.clients.marketing_cloud.errors import MarketingCloudVendor, status_of
from pipelines.clients.rate_limit import Clock, RateBudget, RealClock, Window
from pipelines.clients.results import Outcomes
from pipelines.clients.tally import Tally
from pipelines.clients.transport import Call, Transport, json_of
from pipelines.settings import MarketingCloudConnection

Json = dict[str, Any]
REST_PAGE = 500
ROWS_PAGE = 2_500
HISTORY = (
    "TransactionTime", "ContactKey", "Status", "DefinitionId", "DefinitionName", "ActivityId", "ActivityName",
    "ActivityType", "EpochTimeInMilliseconds",
)  # fmt: skip
SUBSCRIBERS_AT_ONCE = 200
"""Objects in a SOAP call; the vendor advises so few, and refuses more than 2,000."""
REST_PER_MINUTE, SOAP_PER_MINUTE = 2_500, 2_000
"""What others have found to go through; the vendor publishes no number and says 429 when it is too much."""


@dataclass(frozen=True)
class AccountInfo:
    member_id: str
    enterprise_id: str
    scope: tuple[str, ...]


@dataclass(frozen=True)
class ExtensionPage:
    """A page of rows, how many the extension has, and the page to go on with, or nothing."""

    rows: list[Json]
    total: int
    following: str


def event_of(journey: Json) -> str:
    """The key of the event that a version of a journey listens to; "" where it tells none."""
    triggers = journey.get("triggers") or [{}]
    meta = (triggers[0] or {}).get("metaData") or {}
    return str(meta.get("eventDefinitionKey") or "")


class MarketingCloudClient(Client):
    """REST and SOAP behind one token."""

    def __init__(
        self, connection: MarketingCloudConnection, allow_write: bool, *,
        http: httpx.BaseTransport | None = None, clock: Clock | None = None,
        login: MarketingCloudLogin | None = None,
    ) -> None:  # fmt: skip
        self.connection = connection
        clock = clock or RealClock()
        self._login = login or MarketingCloudLogin(connection)
        budget = RateBudget(
            {"calls": Window(REST_PER_MINUTE, 60.0), "soap": Window(SOAP_PER_MINUTE, 60.0)}, clock
        )
        self._transport = Transport(
            MarketingCloudVendor(), connection.url, allow_write, budget, self._login,
            (connection.client_secret,), clock, http, status_of=status_of,
        )  # fmt: skip
        self._login.transport = self._transport
        if connection.calls_folder is not None:
            self._transport.count.told = Tally(connection.calls_folder).one

    @property
    def host(self) -> str:
        return self._transport.host

    @property
    def session(self) -> Session:
        return self._login.session()

    @property
    def allow_write(self) -> bool:
        return self._transport.allow_write

    # -- REST ----------------------------------------------------------------------------------------

    def rest(
        self, method: str, path: str, *, json: Any = None, params: Mapping[str, str | int] | None = None,
        write: bool = False, headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """A call below the account's REST address."""
        call = Call(
            method=method, path=self.session.rest + path, json=json,
            params=params or None,  # none at all would take away those that the path has
            effect="write" if write else "read", headers=headers or {},
        )  # fmt: skip
        return self._transport.send(call)

    def get(self, path: str, **params: str | int) -> Json:
        body = json_of(self.rest("GET", path, params=params))
        if not isinstance(body, dict):
            raise errors.Truncated(
                "Marketing Cloud's answer is not whole JSON", where=self.host, remedy="run this again"
            )
        return body

    def identity(self) -> AccountInfo:
        """Which business unit the token is of."""
        told = self.get("/platform/v1/tokenContext")
        unit = told.get("organization") or {}
        return AccountInfo(
            str(unit.get("id") or ""), str(unit.get("enterprise_id") or ""), self.session.scope
        )

    def paged(self, path: str, *, size: int = REST_PAGE, **params: str | int) -> Iterator[list[Json]]:
        """Pages of a collection by number, until as many came as there are said to be."""
        read, page = 0, 1
        while True:
            found = self.get(path, **{"$page": page, "$pageSize": size, **params})
            items = list(found.get("items") or ())
            read += len(items)
            yield items
            total = int(found.get("count") or 0)
            if read >= total:
                return
            if not items:
                raise errors.Truncated(
                    f"Marketing Cloud gave {read:,} of {total:,} rows of {path}", where=self.host,
                    remedy="run this again",
                )  # fmt: skip
            page += 1

    def journeys(self) -> Iterator[list[Json]]:
        """All versions of all journeys, with what they do."""
        return self.paged("/interaction/v1/interactions", extras="all", mostRecentVersionOnly="false")

    def published_journeys(self) -> dict[str, str]:
        """Key -> the event listened to ("" where it tells none), of journeys that take people in now."""
        pages = self.paged(
            "/interaction/v1/interactions", extras="all", status="Published", mostRecentVersionOnly="false"
        )
        return {str(each.get("key")): event_of(each) for page in pages for each in page}

    def journey(self, key: str) -> Json:
        """The newest version of a journey. Raises NotFound."""
        return self.get(f"/interaction/v1/interactions/key:{key}")

    def event_definition(self, key: str) -> Json:
        return self.get(f"/interaction/v1/eventDefinitions/key:{key}")

    def contacts(self) -> Iterator[list[Json]]:
        """All contacts. The search takes its page from the body and the address alike."""
        read, page = 0, 1
        while True:
            answer = json_of(
                self.rest("POST", "/contacts/v1/contacts/actions/search", json={},
                          params={"$page": page, "$pageSize": REST_PAGE})
            )  # fmt: skip
            answer = answer if isinstance(answer, dict) else {}
            items = list(answer.get("items") or ())
            read += len(items)
            yield items
            if not items or read >= int(answer.get("count") or 0):
                return
            page += 1

    def journey_history(self, start: datetime, end: datetime, kinds: Sequence[str]) -> list[dict[str, str]]:
        """What happened to contacts in journeys, of some kinds of activity; thirty days are kept."""
        wish = {"start": start.isoformat(), "end": end.isoformat(), "activityTypes": list(kinds)}
        told = self.rest(
            "POST", "/interaction/v1/interactions/journeyhistory/download", json=wish,
            params={"format": "csv", "columns": ",".join(HISTORY)}, headers={"x-direct-pipe": "true"},
        )  # fmt: skip
        found = csv.DictReader(io.StringIO(told.text))
        if list(found.fieldnames or ()) != list(HISTORY):
            raise errors.Truncated(
                "Marketing Cloud's journey history is not the file that was asked for", where=self.host,
                remedy="run this again",
            )  # fmt: skip
        return list(found)

    def extension_key(self, object_id: str) -> str:
        """The key of a data extension by its id. Raises NotFound."""
        found = next(self.retrieve("DataExtension", ("CustomerKey",),
                                   soap.Filter("ObjectID", "equals", (object_id,))))  # fmt: skip
        if not found.rows:
            raise errors.NotFound(f"Marketing Cloud has no data extension {object_id}", where=self.host)
        return found.rows[0]["CustomerKey"]

    def extension_page(
        self, key: str, following: str = "", *, where: str = "", size: int = ROWS_PAGE
    ) -> ExtensionPage:
        """A page of an extension's rows: the first, or the one that `following` names. Raises NotFound."""
        if following:
            answer = self.get(f"/data{following}" if following.startswith("/v1") else following)
        else:
            params: dict[str, str | int] = {"$pageSize": size, **({"$filter": where} if where else {})}
            answer = self.get(f"/data/v1/customobjectdata/key/{key}/rowset", **params)
        items = [
            {**(each.get("keys") or {}), **(each.get("values") or {})} for each in answer.get("items") or ()
        ]
        then = str((answer.get("links") or {}).get("next") or "")
        return ExtensionPage(items, int(answer.get("count") or 0), then)

    def extension_rows(
        self, key: str, *, where: str = "", size: int = ROWS_PAGE, first: ExtensionPage | None = None
    ) -> Iterator[list[Json]]:
        """Rows of a data extension as one flat object each, names in small letters. Raises NotFound.
        `first`: its first page, where that was read."""
        page = first or self.extension_page(key, where=where, size=size)
        read, total = 0, page.total
        while True:
            read += len(page.rows)
            yield page.rows
            if not page.following:
                break
            page = self.extension_page(key, page.following)
        if read < total:
            raise errors.Truncated(
                f"Marketing Cloud gave {read:,} of {total:,} rows of {key}", where=self.host,
                remedy="run this again",
            )  # fmt: skip

    # -- SOAP ----------------------------------------------------------------------------------------

    def soap_call(self, action: str, body: str, *, write: bool = False) -> httpx.Response:
        url = self.session.soap + soap.PATH

        def content() -> bytes:
            return soap.envelope(action, body, self.session.token.reveal(), url)

        call = Call(
            method="POST", path=url, content=content, window="soap", effect="write" if write else "read",
            headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": action},
        )  # fmt: skip
        return self._transport.send(call)

    def retrieve(
        self, kind: str, properties: Sequence[str], where: soap.Filter | soap.Both | None = None
    ) -> Iterator[soap.Page]:
        """Pages of at most 2,500 objects."""
        return soap.pages(self.soap_call, soap.retrieve_body(kind, properties, where), self.host)

    def update_subscribers(self, statuses: Sequence[tuple[str, str]]) -> Outcomes:
        """Set the status of (subscriber key, status) on All Subscribers, at most SUBSCRIBERS_AT_ONCE."""
        return self._update([(key, {"Status": status}, "") for key, status in statuses])

    def update_members(self, list_id: str, statuses: Sequence[tuple[str, str]]) -> Outcomes:
        """Set the status of (subscriber key, status) on one list, at most SUBSCRIBERS_AT_ONCE. Nobody is put
        on it."""
        return self._update(
            [
                (key, {}, soap.element("Lists", {"ID": list_id, "Status": status, "Action": "update"}))
                for key, status in statuses
            ]
        )

    def _update(self, subscribers: Sequence[tuple[str, dict[str, str], str]]) -> Outcomes:
        """Of each its key, its properties and what else is said of it."""
        if not subscribers:
            return Outcomes()
        listed = "".join(
            soap.object_xml("Subscriber", {"SubscriberKey": key, **properties}, more)
            for key, properties, more in subscribers
        )
        body = f'<UpdateRequest xmlns="{soap.API}">{listed}</UpdateRequest>'
        keys = [key for key, _, _ in subscribers]
        return soap.outcomes(self.soap_call("Update", body, write=True), self.host, keys)

    def start_query(self, key: str) -> None:
        """Let a query activity fill its data extension. Raises Rejected when it cannot."""
        found = next(self.retrieve("QueryDefinition", ("ObjectID", "CustomerKey"),
                                   soap.Filter("CustomerKey", "equals", (key,))))  # fmt: skip
        if not found.rows:
            raise errors.NotFound(f"Marketing Cloud has no query activity {key}", where=self.host)
        definition = soap.object_xml(
            "QueryDefinition", {"ObjectID": found.rows[0]["ObjectID"]}, tag="Definition"
        )
        body = (
            f'<PerformRequestMsg xmlns="{soap.API}"><Action>start</Action><Definitions>{definition}'
            "</Definitions></PerformRequestMsg>"
        )
        for result in soap.results(self.soap_call("Perform", body, write=True), self.host):
            if not result.ok:
                raise errors.Rejected(
                    f"Marketing Cloud did not start {key}: {result.message}", where=self.host
                )

    # -- journeys ------------------------------------------------------------------------------------

    def fire(self, event: str, contact: str, data: Mapping[str, Any]) -> str:
        """Fire an entry event for one contact; the instance's id. Raises Rejected with the reason."""
        wish = {"ContactKey": contact, "EventDefinitionKey": event, "Data": dict(data)}
        answer = json_of(self.rest("POST", "/interaction/v1/events", json=wish, write=True))
        instance = str(answer.get("eventInstanceId") or "") if isinstance(answer, dict) else ""
        if not instance:
            raise errors.AnswerLost("Marketing Cloud named no instance of the event", where=self.host)
        return instance

    def leave(self, exits: Sequence[tuple[str, str]]) -> list[Json]:
        """Take (contact, journey) out of journeys, at most 50; what could not be."""
        wishes = [{"ContactKey": contact, "DefinitionKey": journey} for contact, journey in exits]
        answer = json_of(
            self.rest("POST", "/interaction/v1/interactions/contactexit", json=wishes, write=True)
        )
        return list((answer or {}).get("errors") or ())

    def exits(self, exits: Sequence[tuple[str, str]]) -> list[Json]:
        """How the exits of (contact, journey) stand."""
        wishes = [{"ContactKey": contact, "DefinitionKey": journey} for contact, journey in exits]
        answer = json_of(self.rest("POST", "/interaction/v1/interactions/contactexit/status", json=wishes))
        return answer if isinstance(answer, list) else []
