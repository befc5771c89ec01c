"""Pages of one object type, each checked to be whole; wide property lists in pieces, merged by id.

Belongs here: asking, and noticing that an answer lacks rows. What is done with records is `records`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HISTORY_LIMIT, LIST_LIMIT, HubSpotClient
from pipelines.clients.hubspot.pages import Page, next_of
from pipelines.sources.ahead import ahead
from pipelines.sources.arrow import microseconds, moment_of
from pipelines.sources.hubspot.rows import LISTED_REVISIONS
from pipelines.sources.hubspot.sheet import Sheet, sheet_in
from pipelines.sources.schema import RawTable

Json = dict[str, Any]
AnyPage = Page | Sheet
ANSWERS_AHEAD = 2
URL_ROOM = 12_000
"""Characters of property names in a URL, encoded; HubSpot answers 414 somewhere above 16,000."""


class Extent(NamedTuple):
    """How large an object is."""

    total: int
    highest: int


class Pages:
    """What HubSpot has of one object type."""

    def __init__(self, client: HubSpotClient, object_type: str, cursor: str, host: str) -> None:
        self.client, self.type, self.cursor, self.host = client, object_type, cursor, host
        self.opening: bytes | None = None
        """The first page of the first list, if it was asked for beforehand."""
        self.highest: int | None = None
        """The highest id that search knew of before a first list was begun."""

    # -- lists ---------------------------------------------------------------------------------------

    def listed(
        self, properties: Sequence[str], after: str | None = None, *, archived: bool = False,
        history: Sequence[str] = (), linked_to: Sequence[str] = (), answers_ahead: int = ANSWERS_AHEAD,
    ) -> Iterator[Page]:  # fmt: skip
        """All pages from `after` on, in the order of ids. Raises Truncated when one lacks rows."""
        last, read = after, 0
        answers = self._answers(properties, after, archived, history, linked_to)
        for asked, answer in ahead(answers, self.client, answers_ahead) if answers_ahead else answers:
            page = self._whole(properties, asked, answer, archived, history, linked_to)
            last, read = page.ids[-1] if len(page) else last, read + len(page)
            self._is_the_end(page, last, read, archived)
            yield page

    def living(
        self, properties: Sequence[str], table: RawTable, after: str | None = None, *,
        history: Sequence[str] = (), linked_to: Sequence[str] = (), answers_ahead: int = ANSWERS_AHEAD,
    ) -> Iterator[AnyPage]:  # fmt: skip
        """The same of those outside the recycle bin, as sheets where a sheet tells all."""
        last, read, limit = after, 0, _limit(history)
        fits = len(fitting(properties)) == len(properties)
        answers = self._answers(properties, after, False, history, linked_to)
        for asked, answer in ahead(answers, self.client, answers_ahead) if answers_ahead else answers:
            page: AnyPage | None = sheet_in(answer, table, properties, history) if fits else None
            if page is None or len(page) < limit:
                page = self._whole(properties, asked, answer, False, history, linked_to)
            last, read = page.ids[-1] if len(page) else last, read + len(page)
            self._is_the_end(page, last, read, False)
            yield page

    def _whole(
        self, properties: Sequence[str], after: str | None, answer: bytes, archived: bool,
        history: Sequence[str], linked_to: Sequence[str],
    ) -> Page:  # fmt: skip
        """A page with all that belongs to it."""
        head, limit = fitting(properties), _limit(history)
        page = self._checked(self.client.page_of(answer), head, after, limit, archived, history, linked_to)
        self._fill_in(page, properties[len(head) :], archived)
        self._complete_history(page, history, archived)
        return page

    def _is_the_end(self, page: AnyPage, last: str | None, read: int, archived: bool) -> None:
        """Of the last page: that there is nothing behind it."""
        if page.after is None and archived:
            self._nothing_binned_beyond(last, read)
        elif page.after is None:
            self._nothing_beyond(last, read)

    def open(self, properties: Sequence[str], history: Sequence[str], linked_to: Sequence[str]) -> Page:
        """The first page of a first list, kept for it: it shows beforehand what is associated with what."""
        head, limit = fitting(properties), _limit(history)
        answer = self.client.list_answer(self.type, head, None, limit, history=history, linked_to=linked_to)
        page = self.client.page_of(answer)
        self.opening = answer
        return page

    def _answers(
        self, properties: Sequence[str], after: str | None, archived: bool, history: Sequence[str],
        linked_to: Sequence[str],
    ) -> Iterator[tuple[str | None, bytes]]:  # fmt: skip
        """Each page unread, and after which id it was asked for: the next is on its way while it is read."""
        head, limit = fitting(properties), _limit(history)
        while True:
            answer = None
            if after is None and not archived:
                answer, self.opening = self.opening, None
            if answer is None:
                answer = self.client.list_answer(
                    self.type, head, after, limit, archived=archived, history=history, linked_to=linked_to
                )
            yield after, answer
            following = next_of(answer) or self.client.page_of(answer).after
            if following is None:
                return
            after = following

    def _checked(
        self, page: Page, head: Sequence[str], after: str | None, limit: int, archived: bool,
        history: Sequence[str], linked_to: Sequence[str],
    ) -> Page:  # fmt: skip
        if page.after is None or len(page.results) >= limit:
            return page
        again = self.client.list_page(
            self.type, head, after, limit, archived=archived, history=history, linked_to=linked_to
        )
        if {each["id"] for each in again.results} != {each["id"] for each in page.results}:
            raise self.truncated(len(page.results), len(again.results))
        if not archived:
            between = [_id("GTE", after or "0"), _id("LT", page.after)]
            self._all_there(between, {str(each["id"]) for each in page.results})
        return page

    def _nothing_beyond(self, last: str | None, read: int) -> None:
        """A list that ends early looks like a whole one; search knows whether there are more.

        Of a first list it was asked beforehand: what came since then is brought by the next window.
        """
        if self.highest is not None and int(last or 0) >= self.highest:
            return
        self._all_there([_id("GT", last or "0")], set(), read)

    def _nothing_binned_beyond(self, last: str | None, read: int) -> None:
        """Search knows nothing of the recycle bin, so of a first list the page after the last is asked for.

        Of a later one `gone_for_good` asks.
        """
        if self.highest is None or last is None:
            return
        if self.client.list_page(self.type, (self.cursor,), str(int(last) + 1), archived=True).results:
            raise self.truncated(read, read + 1)

    def gone_for_good(self, ids: Sequence[str], binned: int) -> list[str]:
        """These ids, which a list of the recycle bin (of so many) lacks: it may have ended early, and who is
        gone is marked so, or even taken for deleted for privacy. Raises Truncated when one is in there."""
        there = self.client.batch_read(self.type, ids, (self.cursor,), archived=True)
        if there:
            raise self.truncated(binned, binned + len(there))
        return list(ids)

    def _all_there(self, filters: list[Json], seen: set[str], read: int = 0) -> None:
        """Search lags behind the list: what it knows besides is looked at before anything is said."""
        found = self.client.search_page(self.type, (self.cursor,), filters)
        missing = [str(each["id"]) for each in found.results if str(each["id"]) not in seen]
        if missing:
            there = {str(each["id"]) for each in self.client.batch_read(self.type, missing, (self.cursor,))}
            if there & set(missing):
                raise self.truncated(read + len(seen), read + (found.total or len(missing)))

    def _fill_in(self, page: Page, properties: Sequence[str], archived: bool) -> None:
        """The properties that found no room in the URL, by id."""
        if not properties or not page.results:
            return
        ids = [str(each["id"]) for each in page.results]
        found = self.client.batch_read(self.type, ids, properties, archived=archived)
        more = {str(each["id"]): each["properties"] for each in found}
        gone = [each for each in ids if each not in more]
        page.results[:] = [
            each | {"properties": more[str(each["id"])] | each["properties"]}
            for each in page.results
            if str(each["id"]) not in gone
        ]

    def _complete_history(self, page: Page, history: Sequence[str], archived: bool) -> None:
        if not history:
            return
        long = [str(each["id"]) for each in page.results if _is_cut(each)]
        whole = self.client.batch_read(self.type, long, (self.cursor,), history, archived=archived)
        past = {str(each["id"]): each.get("propertiesWithHistory") for each in whole}
        page.results[:] = [
            each | {"propertiesWithHistory": past[str(each["id"])]} if str(each["id"]) in past else each
            for each in page.results
        ]

    # -- search --------------------------------------------------------------------------------------

    def newest(self, lower: datetime, upper: datetime) -> Page:
        """The newest page of a window: ids and versions, and how many there are in all."""
        return self.client.search_page(
            self.type, (self.cursor,), self._window(lower, upper), sort=self.cursor, newest_first=True
        )

    def small(self, lower: datetime, upper: datetime) -> Page | None:
        """The same of an object that one page of the list holds: ids and versions of the window, and how many
        there are of all. None: there are more."""
        page = self.client.list_page(self.type, (self.cursor,))
        if page.after is not None:
            return None
        inside = range(microseconds(lower), microseconds(upper))
        found = [each for each in page.results if self.version(each) in inside]
        return Page(found, None, len(page.results))

    def changed(self, lower: datetime, upper: datetime, last: str | None = None) -> Iterator[list[Json]]:
        """Pages of ids and versions last modified in [lower, upper), in the order of ids, after `last`.

        Each page begins after the last id, never at a number of rows: a record that changes while it is read
        leaves the window, and with numbers the one behind it would slip onto the page just read. Nor do
        numbers reach past SEARCH_CEILING rows of one moment. Raises Truncated when fewer came than there are.
        """
        window = self._window(lower, upper)
        first = [_id("GT", last)] if last else []
        expected, read = None, 0
        while True:
            beyond = [_id("GT", last)] if last else []
            page = self.client.search_page(self.type, (self.cursor,), window + beyond)
            expected = page.total or 0 if expected is None else expected
            read += len(page.results)
            yield page.results
            if not page.results or (page.total or 0) <= len(page.results):
                break
            last = str(page.results[-1]["id"])
        if read < expected:
            left = self.client.search_page(self.type, (self.cursor,), window + first, limit=1).total or 0
            if read < left:
                raise self.truncated(read, expected)

    def extent(self) -> Extent:
        """How many there are and the highest id, as far as search knows."""
        page = self.client.search_page(self.type, (self.cursor,), (), limit=1, newest_first=True)
        return Extent(page.total or 0, max((int(each["id"]) for each in page.results), default=0))

    def _window(self, lower: datetime, upper: datetime) -> list[Json]:
        return [
            {"propertyName": self.cursor, "operator": operator, "value": str(microseconds(at) // 1000)}
            for operator, at in (("GTE", lower), ("LT", upper))
        ]

    def version(self, record: Json) -> int | None:
        moment = moment_of((record.get("properties") or {}).get(self.cursor))
        return None if moment is None else microseconds(moment)

    def truncated(self, read: int, total: int) -> errors.Truncated:
        return errors.Truncated(
            f"HubSpot gave {read:,} of {total:,} {self.type}", where=self.host, remedy="run this again"
        )


def _limit(history: Sequence[str]) -> int:
    return HISTORY_LIMIT if history else LIST_LIMIT


def fitting(properties: Sequence[str]) -> Sequence[str]:
    """As many of the first as a list's address has room for."""
    room = URL_ROOM
    for position, name in enumerate(properties):
        room -= len(name) + 3  # a comma is three characters in a URL
        if room < 0:
            return properties[:position]
    return properties


def _is_cut(record: Json) -> bool:
    past = (record.get("propertiesWithHistory") or {}).values()
    return any(len(changes or ()) >= LISTED_REVISIONS for changes in past)


def _id(operator: str, value: str) -> Json:
    return {"propertyName": "hs_object_id", "operator": operator, "value": value}
