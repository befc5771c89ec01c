"""SOSL: words looked for in the names, addresses and numbers of records.

Words, phrases in quotes, AND, OR, AND NOT and brackets; words side by side must all be there, `*` and `?`
stand for anything and one sign. Simplified: there is no ranking and no lag of an index. Without RETURNING the
people, companies and deals are searched.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.salesforce import errors, sobjects, versions
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.query import fetched, shown, types_of
from sandbox.salesforce.soql.compiler import compile_query
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.tree import (
    Comparison,
    Condition,
    Junction,
    Literal,
    Not,
    Path,
    Query,
    SoqlError,
    both,
)

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

MOST, _DEEPEST = 2_000, 20
DEFAULT = ("Account", "Contact", "Lead", "Opportunity", "Campaign")
_FIND = re.compile(
    r"\s*find\s*\{(?P<words>[^}]*)\}\s*(?:in\s+(?P<group>\w+)\s+fields)?\s*"
    r"(?:returning\s+(?P<returning>.*?))?\s*(?:limit\s+(?P<limit>\d{1,4}))?\s*", re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_QUOTE = re.compile(r'(?<!\\)"')
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
    """The same without SOSL: `q`, `sobjects`, `fields`. A quote without its pair is a sign like another."""
    wish = sobjects.body_of(call) if given is None else given
    words = str(wish.get("q") or "").replace("}", " ")
    if len(_QUOTE.findall(words)) % 2:
        words = _QUOTE.sub(r'\\"', words)
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
    """The records a SOSL text finds, as the version has them: in older ones a list and nothing around it."""
    records = found(sf, call, text)
    bare = versions.number_of(call.params["version"]) < versions.SEARCH_RECORDS
    return answer(records if bare else {"searchRecords": records}, charset="UTF-8")


def found(sf: Salesforce, call: Call, text: str) -> list[dict[str, Any]]:
    """The records a SOSL text finds."""
    match = _FIND.fullmatch(text)
    if match is None or (match["group"] or "all").lower() not in _GROUPS:
        raise errors.error(400, "MALFORMED_SEARCH", "search term must be in the form FIND {words}")
    wish = _Wish(match["words"]).read()
    kinds = _GROUPS[(match["group"] or "all").lower()]
    limit = min(int(match["limit"] or MOST), MOST)
    records: list[dict[str, Any]] = []
    for part in _parts(match["returning"]) if match["returning"] else [(name, "") for name in DEFAULT]:
        try:
            records += _in_object(sf, call, part, wish, kinds, limit - len(records))
        except SoqlError as problem:
            raise errors.error(400, problem.code, problem.message) from None
    return records


Wish = str | tuple[str, tuple[Any, ...]]
"""A word or a phrase, or `and`, `or`, `not` with what they join."""
_SIGNS = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([()])|((?:[^\s()"\\]|\\.)+))')


class _Wish:
    """What stands between the braces of FIND, read: OR binds least, then AND, then AND NOT."""

    def __init__(self, text: str) -> None:
        self._left: list[tuple[str, str]] = []
        self._depth = 0
        at, text = 0, text.strip()
        while at < len(text):
            match = _SIGNS.match(text, at)
            if match is None:
                raise errors.error(400, "MALFORMED_SEARCH", f"unexpected token: {text[at:][:40]}")
            phrase, bracket, word = match.groups()
            kind = "phrase" if phrase is not None else "sign" if bracket else "word"
            self._left.append((kind, phrase if phrase is not None else bracket or word))
            at = match.end()

    def read(self) -> Wish:
        found = self._any()
        if self._left:
            raise errors.error(400, "MALFORMED_SEARCH", f"unexpected token: {self._left[0][1]}")
        return found

    def _is(self, *words: str) -> bool:
        ahead = [text.lower() for kind, text in self._left[: len(words)] if kind != "phrase"]
        return ahead == list(words)

    def _take(self, *words: str) -> bool:
        if not self._is(*words):
            return False
        del self._left[: len(words)]
        return True

    def _any(self) -> Wish:
        found = [self._all()]
        while self._take("or"):
            found.append(self._all())
        return found[0] if len(found) == 1 else ("or", tuple(found))

    def _all(self) -> Wish:
        found = [self._one()]
        while self._left and not self._is("or") and not self._is(")"):
            if self._take("and", "not"):
                found.append(("not", (self._one(),)))
            else:
                self._take("and")
                found.append(self._one())
        return found[0] if len(found) == 1 else ("and", tuple(found))

    def _one(self) -> Wish:
        if self._take("("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise errors.error(400, "MALFORMED_SEARCH", "the search has too many nested brackets")
            found = self._any()
            self._depth -= 1
            if not self._take(")"):
                raise errors.error(400, "MALFORMED_SEARCH", "a bracket is not closed")
            return found
        text = re.sub(r"\\(.)", r"\1", self._left.pop(0)[1]) if self._left else ""
        if len(text.strip("*?)")) < 2:
            message = f"search term must be longer than one character: {text}"
            raise errors.error(400, "MALFORMED_SEARCH", message)
        return text


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
    sf: Salesforce, call: Call, part: tuple[str, str], wish: Wish, kinds: tuple[str, ...], most: int
) -> list[dict[str, Any]]:
    name, inside = part
    sobject = sf.org.object(name)
    if sobject is None:
        raise SoqlError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    clause = re.search(r"\b(where|order\s+by|limit|offset)\b", inside, re.IGNORECASE)
    fields, rest = (inside[: clause.start()], inside[clause.start() :]) if clause else (inside, "")
    query = parse(f"select {fields.strip() or 'Id'} from {sobject.name} {rest}")
    where = _condition(sobject, wish, kinds)
    if query.where is not None:
        where = both(where, query.where)
    limit = max(0, most if query.limit is None else min(query.limit, most))
    wanted: Query = replace(query, where=where, limit=limit)
    compiled = compile_query(sf.org, wanted, call.now)
    return shown(compiled, fetched(sf.store, compiled), call.params["version"], types_of(sf.org))


def _condition(sobject: SObject, wish: Wish, kinds: tuple[str, ...]) -> Condition:
    if isinstance(wish, str):
        return _word(sobject, wish, kinds)
    word, parts = wish
    inner = tuple(_condition(sobject, part, kinds) for part in parts)
    return Not(inner[0]) if word == "not" else Junction(word, inner)


def _word(sobject: SObject, word: str, kinds: tuple[str, ...]) -> Condition:
    """The word somewhere in the object's searchable fields."""
    plain = re.sub(r"([\\%_])", r"\\\1", word.strip("*"))
    value = Literal("pattern", "%" + plain.replace("*", "%").replace("?", "_") + "%")
    named = [f for f in sobject.fields.values() if f.type in kinds and f.length <= 255 and f.filterable]
    found = tuple(Comparison(Path((f.name,)), "like", value) for f in named)
    if not found:
        return Comparison(Path(("Id",)), "=", Literal("null", "null"))
    return found[0] if len(found) == 1 else Junction("or", found)
