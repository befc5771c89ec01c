"""SOSL: words looked for in the names, addresses and numbers of records.

Simplified: every word of FIND must stand in one of a record's searchable fields, `*` ends a word; there is no
ranking and no lag of an index. Without RETURNING the people, companies and deals are searched.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.salesforce import errors, sobjects
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.query import shown, types_of
from sandbox.salesforce.soql.compiler import compile_query
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.tree import Comparison, Condition, Junction, Literal, Path, Query, SoqlError

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

MOST, DEFAULT = 2_000, ("Account", "Contact", "Lead", "Opportunity", "Campaign")
_FIND = re.compile(
    r"\s*find\s*\{(?P<words>[^}]*)\}\s*(?:in\s+(?P<group>\w+)\s+fields)?\s*"
    r"(?:returning\s+(?P<returning>.*?))?\s*(?:limit\s+(?P<limit>\d{1,4}))?\s*", re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_PART = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*", re.DOTALL)
_GROUPS = {
    "all": ("string", "email", "phone", "url", "textarea"), "name": ("string",), "email": ("email",),
    "phone": ("phone",), "sidebar": ("string", "email", "phone"),
}  # fmt: skip


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}"
    return [
        *sf.route("GET", base + "/search", lambda call: search(sf, call, call.query.get("q", ""))),
        *sf.route(
            "GET", base + "/parameterizedSearch", lambda call: _by_parameters(sf, call, dict(call.query))
        ),
        *sf.route("POST", base + "/parameterizedSearch", lambda call: _by_parameters(sf, call, None)),
    ]


def _by_parameters(sf: Salesforce, call: Call, given: dict[str, Any] | None) -> Response:
    """The same without SOSL: `q`, `sobjects`, `fields`."""
    wish = sobjects.body_of(call) if given is None else given
    words = str(wish.get("q") or "").replace("}", " ")
    wanted = wish.get("sobjects") or [
        {"name": name} for name in str(wish.get("sobject") or "").split(",") if name
    ]
    fields = wish.get("fields") or ["Id"]
    names = fields.split(",") if isinstance(fields, str) else fields
    if not isinstance(wanted, list) or not isinstance(names, list):
        raise errors.bad_json("sobjects and fields must be lists")
    parts = [
        f"{each.get('name')}({', '.join(str(f) for f in each.get('fields') or names)})"
        for each in wanted
        if isinstance(each, dict)
    ]
    return search(sf, call, f"FIND {{{words}}}" + (f" RETURNING {', '.join(parts)}" if parts else ""))


def search(sf: Salesforce, call: Call, text: str) -> Response:
    """The records a SOSL text finds."""
    match = _FIND.fullmatch(text)
    if match is None or (match["group"] or "all").lower() not in _GROUPS:
        raise errors.error(400, "MALFORMED_SEARCH", "search term must be in the form FIND {words}")
    words = [w for w in re.split(r"\s+", match["words"].replace("\\", "").strip()) if w.lower() != "and"]
    if not words or any(len(word.strip("*")) < 2 for word in words):
        raise errors.error(400, "MALFORMED_SEARCH", "search term must be longer than one character")
    kinds = _GROUPS[(match["group"] or "all").lower()]
    limit = min(int(match["limit"] or MOST), MOST)
    found: list[dict[str, Any]] = []
    for part in _parts(match["returning"]) if match["returning"] else [(name, "") for name in DEFAULT]:
        try:
            found += _in_object(sf, call, part, words, kinds, limit - len(found))
        except SoqlError as problem:
            raise errors.error(400, problem.code, problem.message) from None
    return answer({"searchRecords": found}, charset="UTF-8")


def _parts(text: str) -> list[tuple[str, str]]:
    """`Account(Id, Name WHERE ...), Contact`: cut at commas outside brackets."""
    cut, depth, parts = 0, 0, []
    for at, sign in enumerate(text + ","):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            match = _PART.fullmatch(text[cut:at])
            if match is None:
                raise errors.error(400, "MALFORMED_SEARCH", f"unexpected token: {text[cut:at][:40]}")
            parts.append((match[1], match[2] or ""))
            cut = at + 1
    return parts


def _in_object(
    sf: Salesforce, call: Call, part: tuple[str, str], words: list[str], kinds: tuple[str, ...], most: int
) -> list[dict[str, Any]]:
    name, inside = part
    sobject = sf.org.object(name)
    if sobject is None:
        raise SoqlError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    clause = re.search(r"\b(where|order\s+by|limit|offset)\b", inside, re.IGNORECASE)
    fields, rest = (inside[: clause.start()], inside[clause.start() :]) if clause else (inside, "")
    query = parse(f"select {fields.strip() or 'Id'} from {sobject.name} {rest}")
    conditions: list[Condition] = [_word(sobject, word, kinds) for word in words]
    if query.where is not None:
        conditions.append(query.where)
    where = conditions[0] if len(conditions) == 1 else Junction("and", tuple(conditions))
    limit = max(0, most if query.limit is None else min(query.limit, most))
    wanted: Query = replace(query, where=where, limit=limit)
    compiled = compile_query(sf.org, wanted, call.now)
    rows = sf.store.rows(compiled.told_sql, compiled.values)
    return shown(compiled, rows, call.params["version"], types_of(sf.org))


def _word(sobject: SObject, word: str, kinds: tuple[str, ...]) -> Condition:
    """The word somewhere in the object's searchable fields."""
    plain = re.sub(r"([\\%_])", r"\\\1", word.strip("*"))
    value = Literal("pattern", "%" + plain.replace("*", "%").replace("?", "_") + "%")
    named = [f for f in sobject.fields.values() if f.type in kinds and f.length <= 255 and f.filterable]
    found = tuple(Comparison(Path((f.name,)), "like", value) for f in named)
    if not found:
        return Comparison(Path(("Id",)), "=", Literal("null", "null"))
    return found[0] if len(found) == 1 else Junction("or", found)
