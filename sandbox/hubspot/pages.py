"""Pages over tables whose rows hold what the API shows: by `after`, by `offset`, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.responses import Response

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, requests
from sandbox.store import Store


def shown(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The things in the first column."""
    return [orjson.loads(row[0]) for row in rows]


def done(
    call: Call, results: Sequence[Any], problems: Sequence[Any] = (), status: int = 200, **more: Any
) -> Response:
    """What a batch came to: a 207 when some of its inputs failed."""
    stamp = times.iso(call.now)
    shown = {"status": "COMPLETE", "results": results, "startedAt": stamp, "completedAt": stamp, **more}
    if problems:
        shown |= {"numErrors": len(problems), "errors": problems}
    return answer(shown, 207 if problems else status)


def following(call: Call, after: str) -> dict[str, Any]:
    kept = [(k, v) for k, v in parse_qsl(call.query_string, keep_blank_values=True) if k != "after"]
    link = f"{call.base_url}{call.path}?{urlencode([*kept, ('after', after)])}"
    return {"next": {"after": after, "link": link}}


def by_after(
    call: Call, store: Store, source: str, values: Sequence[Any] = (), *, order: str = "id",
    default: int = 100, most: int = 100, total: bool = False,
) -> Response:  # fmt: skip
    """`source` is `table where ...`; `after` counts rows, an opaque token to a client."""
    limit, after = requests.number_of(call, "limit", default, most), requests.position_of(call)
    rows = store.rows(
        f"select shown from {source} order by {order} limit ? offset ?", [*values, limit + 1, after]
    )
    page: dict[str, Any] = {"results": shown(rows[:limit])}
    if total:
        page = {"total": store.value(f"select count(*) from {source}", values)} | page
    if len(rows) > limit:
        page["paging"] = following(call, str(after + limit))
    return answer(page)


def newest_first(
    call: Call, store: Store, table: str, key: str, clauses: Sequence[tuple[str, Any]], *, default: int,
    most: int,
) -> Response:  # fmt: skip
    """The old API's way: `startTimestamp` and `endTimestamp` inclusive, `offset` a token, `hasMore`."""
    limit = requests.number_of(call, "limit", default, most)
    wanted = [("1 = ?", 1), *clauses]
    for name, comparison in (("startTimestamp", ">="), ("endTimestamp", "<=")):
        text = call.query.get(name)
        if text is None:
            continue
        at = requests.whole_id(text)
        if at is None:
            raise errors.validation(call, f"{name} must be milliseconds since 1970")
        wanted.append((f"at {comparison} ?", at))
    offset = requests.whole(call, "offset")
    where, values = " and ".join(clause for clause, _ in wanted), [value for _, value in wanted]
    rows = store.rows(
        f"select shown from {table} where {where} order by at desc, id desc limit ? offset ?",
        [*values, limit + 1, offset],
    )
    more = len(rows) > limit
    page = {"hasMore": more, "offset": str(offset + limit), key: shown(rows[:limit])}
    return answer(page)
