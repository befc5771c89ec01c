"""HubSpot's API as methods: one for each thing the project reads or writes there.

Belongs here: requests and paging. Answers come back as HubSpot's own JSON, batch writes as
`RowResult`s. What to read, when and into which type is `pipelines.sources`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import orjson

from pipelines.clients import errors, rate_limit
from pipelines.clients.batches import batched
from pipelines.clients.client import Client
from pipelines.clients.hubspot import batch
from pipelines.clients.hubspot.auth import FixedToken, OAuthLogin
from pipelines.clients.hubspot.errors import HubSpotVendor
from pipelines.clients.hubspot.pages import Page, page_in
from pipelines.clients.hubspot.paths import Paths
from pipelines.clients.rate_limit import Clock, RateBudget, RealClock, Window
from pipelines.clients.results import Outcomes
from pipelines.clients.transport import Call, Transport, json_of
from pipelines.settings import HubSpotConnection

Json = dict[str, Any]
LIST_LIMIT = 100
HISTORY_LIMIT = 50  # list and batch read with propertiesWithHistory
UNSUBSCRIBED = "UNSUBSCRIBED"
BATCH_LIMIT = 100
SEARCH_LIMIT = 200
SEARCH_CEILING = 10_000  # results one search may page through
ASSOCIATION_LIMIT = 1_000
SEARCH_SECONDS = 1.05
"""HubSpot counts searches by the second, as they arrive: those of a second here may arrive in less."""
_NOTHING, _HAS_NONE = b'"results":[]', b'"subCategory":"crm.associations.NO_ASSOCIATIONS_FOUND"'
_ROWS_TO_BLAME = (400, 409)  # statuses that a row of a batch can cause


def windows() -> dict[str, Window]:
    """HubSpot's published limits: the smallest plan's until a header says more, and search on its own."""
    return {"calls": Window(100, 10.0), "search": Window(5, SEARCH_SECONDS)}


class HubSpotClient(Client):
    """One portal."""

    def __init__(
        self, connection: HubSpotConnection, allow_write: bool, *, budget: RateBudget | None = None,
        http: httpx.BaseTransport | None = None, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self.connection = connection
        self._path = Paths(connection.api_version)
        self._account: Json = {}
        said = connection.token.reveal() or f"{connection.client_id} {connection.refresh_token.reveal()}"
        key = hashlib.sha256(f"{connection.url} {said}".encode()).hexdigest()
        self._login = OAuthLogin(connection) if connection.refresh_token else FixedToken(connection.token)
        self._transport = Transport(
            vendor=HubSpotVendor(), base_url=connection.url, allow_write=allow_write,
            budget=budget or rate_limit.shared(key, windows()), auth=self._login,
            secrets=(connection.token, connection.client_secret, connection.refresh_token),
            clock=clock or RealClock(), http=http,
        )  # fmt: skip
        self._login.transport = self._transport

    @property
    def budget(self) -> RateBudget:
        """What may still be sent, as far as HubSpot has said."""
        return self._transport.budget

    # -- reading -------------------------------------------------------------------------------------

    def account(self) -> Json:
        """portalId, timeZone, companyCurrency and more of the portal the token belongs to."""
        self._account = self._get(self._path("account"))
        return self._account

    @property
    def portal(self) -> Json:
        """The same, as it was last asked for."""
        return self._account or self.account()

    def scopes(self) -> tuple[str, ...] | None:
        """Of the token; None where HubSpot does not tell, as of a service key."""
        try:
            told = self._login.about()
        except (errors.NotFound, errors.Rejected, errors.Forbidden):
            return None
        listed = told.get("scopes")
        return tuple(str(each) for each in listed) if isinstance(listed, list) else None

    def properties(self, object_type: str) -> list[Json]:
        return list(self._get(self._path("properties", object_type)).get("results") or [])

    def property(self, object_type: str, name: str) -> Json:
        """One definition. Raises NotFound in HubSpot's words when there is none."""
        return self._get(f"{self._path('properties', object_type)}/{name}")

    def schemas(self) -> list[Json]:
        """Custom objects."""
        return list(self._get(self._path("schemas")).get("results") or [])

    def stop_at(self, daily_share: float) -> None:
        """Read no more once this share of the portal's calls of a day is used, by whomever."""
        self._transport.stop_at(daily_share)

    def stop_writing_at(self, daily_share: float) -> None:
        """Write no more once this share is used. What was written may still be read back."""
        self._transport.stop_writing_at(daily_share)

    def pipelines(self, object_type: str) -> list[Json]:
        return list(self._get(self._path("pipelines", object_type)).get("results") or [])

    def owners(self, *, archived: bool = False) -> list[Json]:
        return list(self._all_pages(self._path("owners"), {"archived": _flag(archived)}))

    def campaigns(self, properties: Sequence[str] = ()) -> list[Json]:
        params = {"properties": ",".join(properties)} if properties else {}
        return list(self._all_pages(self._path("campaigns"), params))

    def list_page(
        self, object_type: str, properties: Sequence[str], after: str | None = None, limit: int = LIST_LIMIT,
        *, archived: bool = False, history: Sequence[str] = (), linked_to: Sequence[str] = (),
    ) -> Page:  # fmt: skip
        """Records in the order of their ids."""
        return self.page_of(
            self.list_answer(
                object_type, properties, after, limit, archived=archived, history=history, linked_to=linked_to
            )
        )

    def list_answer(
        self, object_type: str, properties: Sequence[str], after: str | None = None, limit: int = LIST_LIMIT,
        *, archived: bool = False, history: Sequence[str] = (), linked_to: Sequence[str] = (),
    ) -> bytes:  # fmt: skip
        """A page as HubSpot sent it, unread: reading one takes as long as waiting for the next.

        With `linked_to` each record says which records of these types it is associated with, without the
        kinds of associations and not past a page of them.
        """
        params = {"limit": str(limit), "properties": ",".join(properties), "archived": _flag(archived)}
        if history:
            params |= {"limit": str(min(limit, HISTORY_LIMIT)), "propertiesWithHistory": ",".join(history)}
        if linked_to:
            params["associations"] = ",".join(linked_to)
        if after is not None:
            params["after"] = after
        return self._answer(
            Call(method="GET", path=self._path("objects", object_type), params=params)
        ).content

    def page_of(self, answer: bytes) -> Page:
        """Read a page. Raises Truncated when it is not whole."""
        return page_in(self._whole(answer))

    def search_page(
        self, object_type: str, properties: Sequence[str], filters: Sequence[Json], after: str | None = None,
        limit: int = SEARCH_LIMIT, *, sort: str = "hs_object_id", newest_first: bool = False,
    ) -> Page:  # fmt: skip
        """Records that pass all `filters`, at most SEARCH_CEILING of them, in the order of `sort`."""
        body: Json = {
            "filterGroups": [{"filters": list(filters)}] if filters else [], "properties": list(properties),
            "sorts": [{"propertyName": sort, "direction": "DESCENDING" if newest_first else "ASCENDING"}],
            "limit": limit,
        }  # fmt: skip
        if after is not None:
            body["after"] = after
        path = self._path("objects", object_type) + "/search"
        return page_in(self._send(Call(method="POST", path=path, json=body, window="search")))

    def batch_read(
        self, object_type: str, ids: Sequence[str], properties: Sequence[str], history: Sequence[str] = (),
        *, archived: bool = False, id_property: str = "",
    ) -> list[Json]:  # fmt: skip
        """The records that exist among `ids` (or values of a unique property); the others are left out. A
        merged id brings its survivor."""
        found: list[Json] = []
        for some in batched(ids, HISTORY_LIMIT if history else BATCH_LIMIT):
            body: Json = {"inputs": [{"id": each} for each in some], "properties": list(properties)}
            if history:
                body["propertiesWithHistory"] = list(history)
            if id_property:
                body["idProperty"] = id_property
            path = self._path("objects", object_type) + "/batch/read"
            params = {"archived": "true"} if archived else None
            answer = self._send(Call(method="POST", path=path, json=body, params=params))
            self._refuse_partial(answer)
            found += answer.get("results") or []
        return found

    def associations(self, from_type: str, to_type: str, ids: Sequence[str]) -> Iterator[Json]:
        """`{"from": {"id"}, "to": [...]}` for each id that has any; a long list comes in several pieces."""
        path = self._path("associations", from_type, to_type)
        for some in batched(ids, ASSOCIATION_LIMIT):
            inputs: list[Json] = [{"id": each} for each in some]
            while inputs:
                answer = self._answer(Call(method="POST", path=path, json={"inputs": inputs})).content
                if _NOTHING in answer and answer.count(_HAS_NONE) >= len(inputs):
                    break  # a sentence for each of a thousand records: reading them says no more
                body = self._whole(answer)
                self._refuse_partial(body)
                inputs = []
                for result in body.get("results") or []:
                    yield result
                    after = ((result.get("paging") or {}).get("next") or {}).get("after")
                    if after is not None:
                        inputs.append({"id": str(result["from"]["id"]), "after": after})

    def path(self, name: str, object_type: str = "", to: str = "") -> str:
        """Where this portal's API version keeps a resource."""
        return self._path(name, object_type, to)

    def get(self, path: str, params: dict[str, str] | None = None) -> Json:
        return self._get(path, params)

    def post(self, path: str, body: Json, params: dict[str, str] | None = None) -> Json:
        """A read that takes a body."""
        return self._send(Call(method="POST", path=path, json=body, params=params))

    def pages(self, path: str, limit: int, params: dict[str, str] | None = None) -> Iterator[Json]:
        """Everything of a list that pages by `after`."""
        return self._all_pages(path, (params or {}) | {"limit": str(limit)})

    def paged(
        self, path: str, limit: int, params: dict[str, str] | None = None, after: str | None = None
    ) -> Iterator[Page]:
        """The pages of such a list, from a token on."""
        while True:
            place = {"after": after} if after else {}
            page = page_in(self._get(path, {"limit": str(limit)} | (params or {}) | place))
            yield page
            if page.after is None:
                return
            after = page.after

    # -- writing -------------------------------------------------------------------------------------

    def batch_update(self, object_type: str, inputs: Sequence[Json]) -> Outcomes:
        """Update at most BATCH_LIMIT records: inputs are `{"id", "properties"}`."""
        return self._write(object_type, "update", inputs)

    def batch_upsert(self, object_type: str, inputs: Sequence[Json]) -> Outcomes:
        """Update or create: inputs are `{"id", "idProperty", "properties"}`."""
        return self._write(object_type, "upsert", inputs)

    def batch_create(self, object_type: str, inputs: Sequence[Json]) -> Outcomes:
        """Create: inputs are `{"properties", "associations"?}`."""
        return self._write(object_type, "create", inputs)

    def batch_archive(self, object_type: str, ids: Sequence[str]) -> str:
        """Put at most BATCH_LIMIT records into the recycle bin. Returns HubSpot's id of the call."""
        path = f"{self._path('objects', object_type)}/batch/archive"
        body = {"inputs": [{"id": each} for each in ids]}
        return batch.request_id(
            self._transport.send(Call(method="POST", path=path, effect="write", json=body))
        )

    def change(
        self, method: str, path: str, body: Json | list[str] | None = None,
        params: dict[str, str] | None = None,
    ) -> Json:  # fmt: skip
        """A write that is no batch of records: of the portal's schema, a list, a sequence. What HubSpot
        answers, if anything."""
        call = Call(method=method, path=path, params=params, effect="write", json=body)
        found = json_of(self._transport.send(call))
        return found if isinstance(found, dict) else {}

    def associate(self, from_type: str, to_type: str, ends: Sequence[tuple[str, str]]) -> str:
        """Tie pairs of records the default way. Returns HubSpot's id of the call."""
        inputs = [{"from": {"id": a}, "to": {"id": b}} for a, b in ends]
        return self._tie(self._path("associate", from_type, to_type), inputs)

    def associate_as(self, from_type: str, to_type: str, ends: Sequence[tuple[str, str, list[Json]]]) -> str:
        """Tie pairs of records by the types given, each `{"associationCategory", "associationTypeId"}`."""
        inputs = [{"from": {"id": a}, "to": {"id": b}, "types": types} for a, b, types in ends]
        return self._tie(self._path("associate_as", from_type, to_type), inputs)

    def _tie(self, path: str, inputs: Sequence[Json]) -> str:
        """A pair that HubSpot does not tie among others is a refusal of the call: whoever asked halves it
        until that pair stands alone, and to tie the others again changes nothing."""
        call = Call(method="POST", path=path, effect="write", json={"inputs": inputs})
        response = self._transport.send(call)
        batch.all_tied(response, len(inputs), self._transport.host)
        return batch.request_id(response)

    def dissociate(self, from_type: str, to_type: str, ends: Sequence[tuple[str, str]]) -> str:
        """Take off every association of pairs of records. What is not tied is no failure."""
        inputs = [{"from": {"id": a}, "to": [{"id": b}]} for a, b in ends]
        path = self._path("dissociate", from_type, to_type)
        call = Call(method="POST", path=path, effect="write", json={"inputs": inputs})
        return batch.request_id(self._transport.send(call))

    def association_labels(self, from_type: str, to_type: str) -> list[Json]:
        """The types of associations between two objects: `{"category", "typeId", "label"}`."""
        found: list[Json] = self._get(self._path("labels", from_type, to_type)).get("results") or []
        return found

    def unsubscribe_all(self, addresses: Sequence[str]) -> tuple[frozenset[str], str]:
        """Opt these out of all e-mail. Returns those HubSpot names, in lower case, and its call id."""
        path = f"{self._path('preferences')}/statuses/batch/unsubscribe-all"
        body, params = {"inputs": list(addresses)}, {"channel": "EMAIL"}
        response = self._transport.send(
            Call(method="POST", path=path, params=params, effect="write", json=body)
        )
        results = (json_of(response) or {}).get("results") or []
        named = frozenset(str(each.get("subscriberIdString")).lower() for each in results)
        return named, batch.request_id(response)

    def unsubscribe(self, asked: Sequence[tuple[str, str]]) -> tuple[frozenset[tuple[str, str]], str]:
        """Opt (address, subscription id) out, at most BATCH_LIMIT. Returns those that HubSpot says are out
        now, addresses in lower case, and its call id."""
        inputs = [
            {"subscriberIdString": address, "subscriptionId": int(one), "statusState": UNSUBSCRIBED,
             "channel": "EMAIL"}
            for address, one in asked
        ]  # fmt: skip
        path = f"{self._path('preferences')}/statuses/batch/write"
        response = self._transport.send(
            Call(method="POST", path=path, effect="write", json={"inputs": inputs})
        )
        results = (json_of(response) or {}).get("results") or []
        out = [each for each in results if each.get("status") == UNSUBSCRIBED]
        named = frozenset(
            (str(each.get("subscriberIdString")).lower(), str(each.get("subscriptionId"))) for each in out
        )
        return named, batch.request_id(response)

    def _write(self, object_type: str, operation: str, inputs: Sequence[Json]) -> Outcomes:
        if len(inputs) > BATCH_LIMIT:
            raise ValueError(f"HubSpot takes at most {BATCH_LIMIT} rows at once, not {len(inputs)}")
        if not inputs:
            return Outcomes()
        path = f"{self._path('objects', object_type)}/batch/{operation}"
        traced = batch.with_traces(inputs)
        try:
            call = Call(method="POST", path=path, effect="write", json={"inputs": traced})
            response = self._transport.send(call)
        except errors.Rejected as error:
            if error.status not in _ROWS_TO_BLAME:
                raise
            return self._apart(object_type, operation, inputs, error)
        found = batch.outcomes(response, traced)
        if operation == "create":
            found[:] = [batch.as_created(row) for row in found]
        return found

    def _apart(
        self, object_type: str, operation: str, inputs: Sequence[Json], error: errors.Rejected
    ) -> Outcomes:
        """A batch rejected as a whole stored nothing: halve it until the bad row stands alone."""
        if len(inputs) == 1:
            return Outcomes([batch.rejected(error, inputs[0].get("id"))])
        half = len(inputs) // 2
        first, second = (self._write(object_type, operation, part) for part in (inputs[:half], inputs[half:]))
        return Outcomes([*first, *second], request_id=second.request_id or first.request_id)

    # -- helpers -------------------------------------------------------------------------------------

    def _get(self, path: str, params: dict[str, str] | None = None) -> Json:
        return self._send(Call(method="GET", path=path, params=params))

    def _send(self, call: Call) -> Json:
        return self._whole(self._answer(call).content)

    def _answer(self, call: Call) -> httpx.Response:
        return self._transport.send(call)

    def _refuse_partial(self, body: Json) -> None:
        """A batch says what became of each row. That one is not there is an answer, other trouble is not."""
        for each in body.get("errors") or []:
            if each.get("category") != "OBJECT_NOT_FOUND":
                raise errors.Truncated(
                    f"HubSpot answered for a part of a batch: {str(each.get('message'))[:300]}",
                    where=self._transport.host, remedy="run this again",
                )  # fmt: skip

    def _whole(self, answer: bytes) -> Json:
        try:
            body = orjson.loads(answer)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise errors.Truncated(
                "HubSpot's answer is not whole JSON", where=self._transport.host, remedy="run this again"
            )
        return body

    def _all_pages(self, path: str, params: dict[str, str]) -> Iterator[Json]:
        for page in self.paged(path, LIST_LIMIT, params):
            yield from page.results


def _flag(value: bool) -> str:
    return "true" if value else "false"
