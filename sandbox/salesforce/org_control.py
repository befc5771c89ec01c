"""`/_sandbox/org`: what an administrator, time or bad luck does to an org, on request.

`POST {"do": "merge", "object": "Lead", "master": "...", "losers": ["..."]}`, and so on: see _DEEDS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.salesforce import lifecycle, org, schema
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import SObject, parse
from sandbox.salesforce.metadata import shown
from sandbox.salesforce.metadata.components import Deploying
from sandbox.salesforce.metadata.fields import Problem
from sandbox.salesforce.metadata.kept import CHILDREN
from sandbox.salesforce.metadata.package import Component

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Wish = dict[str, Any]


def routes(sf: Salesforce) -> list[Route]:
    async def post(request: Request) -> Response:
        try:
            wish = orjson.loads(await request.body())
            deed = _DEEDS[wish["do"]]
            with sf.store.transaction():
                call = _call(sf)
                done = deed(sf, call, wish)
                sf.store.log_changes(call.now, call.request_id, call.changes)
            return answer({"done": done})
        except RowError as problem:
            return answer({"error": problem.message}, 400)
        except Problem as problem:
            sf.read_org()
            return answer({"error": str(problem)}, 400)
        except (KeyError, ValueError, TypeError, AttributeError) as problem:
            known = ", ".join(sorted(_DEEDS))
            return answer({"error": f"{type(problem).__name__} {problem}; known deeds: {known}"}, 400)

    return [Route("/_sandbox/org", post, methods=["POST"])]


def _call(sf: Salesforce) -> Call:
    return Call(
        "POST", "/_sandbox/org", "", {}, {}, b"", sf.store, sf.clock.now(), sf.next_request_id(), ""
    )  # fmt: skip


def _object(sf: Salesforce, wish: Wish) -> SObject:
    return sf.org.objects[wish["object"]]


def _merge(sf: Salesforce, call: Call, wish: Wish) -> Any:
    lifecycle.merge(sf, call, _object(sf, wish), wish["master"], wish["losers"])


def _convert(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """A lead becomes an account, a contact and an opportunity; or hangs on an `account`, alone."""
    account = wish.get("account", "")
    wanted = lifecycle.Conversion(account=account, without_opportunity=bool(account))
    return lifecycle.convert(sf, call, wish["lead"], wanted)


def _purge(sf: Salesforce, call: Call, wish: Wish) -> Any:
    lifecycle.purge(sf, call, _object(sf, wish), wish["ids"])


def _undelete(sf: Salesforce, call: Call, wish: Wish) -> Any:
    lifecycle.undelete(sf, call, _object(sf, wish), wish["ids"])


def _show_later(sf: Salesforce, call: Call, wish: Wish) -> Any:
    lifecycle.show_later(sf, _object(sf, wish), wish["ids"], times.parse(wish["at"]))


def _forget_deletions(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """The delete log is purged: getDeleted reaches back to now only."""
    sf.store.db.execute("delete from purged")
    sf.store.set_meta("deletions_since", str(call.now))


def _add_field(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """`line` (or `lines`) as in the schema. A field that is there already gets the new definition: its type
    changes."""
    sobject = _object(sf, wish)
    added = [parse(line, {}) for line in wish.get("lines") or [wish["line"]]]
    for field in added:
        if field.name not in sobject.fields:
            sf.store.db.execute(f'alter table "{sobject.name}" add column "{field.name}" {field.sql_type}')
    _define(sf, replace(sobject, fields=sobject.fields | {field.name: field for field in added}))


def _remove_field(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """A field goes, and what is put together of it, as an address of its parts."""
    sobject = _object(sf, wish)
    schema.drop_column(sf.store, sobject.name, wish["name"])
    part = f'{{t}}."{wish["name"]}"'
    kept = {
        name: field
        for name, field in sobject.fields.items()
        if name != wish["name"] and part not in field.formula
    }
    _define(sf, replace(sobject, fields=kept))


def _hide(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """Take the user's right to see an object, or one field of it, away; `show` gives it back."""
    sf.store.db.execute(
        "insert or replace into unseen values (?, ?)", (wish["object"], wish.get("field", ""))
    )
    _again(sf)


def _show(sf: Salesforce, call: Call, wish: Wish) -> Any:
    sf.store.db.execute(
        "delete from unseen where object = ? and field = ?", (wish["object"], wish.get("field", ""))
    )
    _again(sf)


def _add_object(sf: Salesforce, call: Call, wish: Wish) -> Any:
    _define(sf, schema.custom_object(wish["name"], wish["prefix"], wish["lines"]))


def _set_values(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """Values stored as they are, stamps left alone: what a formula depends on, or a very old row."""
    sets = ", ".join(f'"{name}" = ?' for name in wish["values"])
    ids = wish["ids"] if "ids" in wish else [wish["id"]]
    sf.store.db.executemany(
        f'update "{_object(sf, wish).name}" set {sets} where Id = ?',
        [(*wish["values"].values(), each) for each in ids],
    )


def _expire_sessions(sf: Salesforce, call: Call, wish: Wish) -> Any:
    sf.store.db.execute("delete from tokens")


def _rotate(sf: Salesforce, call: Call, wish: Wish) -> Any:
    sf.store.set_meta("rotate_refresh", "1" if wish.get("on", True) else "")


def _use_calls(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """Others have used this many of today's calls."""
    sf.daily.used = int(wish["used"])


def _cut(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """The next answers of a kind lose their last rows: `rest` pages or `bulk` results."""
    sf.cut[wish["kind"]] = int(wish.get("times", 1))


def _slow_deploys(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """The next deploys are in progress for this many looks at their status."""
    sf.store.set_meta("deploy_polls", str(int(wish["polls"])))


def _cover(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """How much of a class or trigger the tests cover, in percent; below 0: the test of that name fails."""
    sf.store.db.execute("insert or replace into coverage values (?, ?)", (wish["name"], int(wish["percent"])))


def _edit_metadata(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """What an administrator changes by hand: `content` over a component's own, or none to delete it."""
    deploying = Deploying(sf, sf.metadata, call.now)
    kind, name = wish["type"], wish["name"]
    if wish.get("content") is None:
        done = deploying.component(Component(kind, name, "", deleted=True))
        sf.read_org()
        return done
    before = shown.component(sf, kind, name) or {}
    content = {k: v for k, v in (before | wish["content"]).items() if k not in CHILDREN.values()}
    if kind in CHILDREN:
        content["fullName"] = name.partition(".")[2]
    done = deploying.component(Component(kind, name, "", content))
    if kind == "CustomField":
        sf.store.db.execute("delete from unseen where object = ? and field = ?", tuple(name.split(".", 1)))
    sf.read_org()
    return done


def _define(sf: Salesforce, sobject: SObject) -> None:
    schema.create_tables(sf.store, {sobject.name: sobject})
    org.define(sf.store, sobject)
    _again(sf)


def _again(sf: Salesforce) -> None:
    sf.read_org()


def _gap(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """Change events that say no more than that records changed: `kind` create, update, delete or overflow."""
    kind = str(wish.get("kind", "update"))
    if kind not in ("create", "update", "delete", "overflow"):
        raise ValueError("kind is create, update, delete or overflow")
    for each in wish["ids"]:
        call.change(_object(sf, wish).name, each, f"gap_{kind}", "Id", None, each)


def _row_locks(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """Bulk jobs hold the parents of the rows they have in work; `on` false ends it."""
    sf.store.set_meta("row_locks", "1" if wish.get("on", True) else "")


def _duplicate_rule(sf: Salesforce, call: Call, wish: Wish) -> Any:
    """No two records of an object with the same value of a field, unless the client says it may be saved."""
    _object(sf, wish)
    known = orjson.loads(sf.store.value("select value from meta where key = 'duplicate_rules'") or "{}")
    fields = set(known.get(wish["object"], []))
    fields = fields | {wish["field"]} if wish.get("on", True) else fields - {wish["field"]}
    sf.store.set_meta("duplicate_rules", orjson.dumps(known | {wish["object"]: sorted(fields)}).decode())
    _again(sf)


_DEEDS: dict[str, Callable[[Any, Call, Wish], Any]] = {
    "gap": _gap, "row_locks": _row_locks,
    "duplicate_rule": _duplicate_rule, "merge": _merge, "convert": _convert,
    "purge": _purge, "undelete": _undelete, "show_later": _show_later,
    "forget_deletions": _forget_deletions, "add_field": _add_field, "remove_field": _remove_field,
    "hide": _hide, "show": _show, "add_object": _add_object, "set_values": _set_values,
    "expire_sessions": _expire_sessions, "rotate": _rotate, "slow_deploys": _slow_deploys,
    "cover": _cover, "edit_metadata": _edit_metadata, "use_calls": _use_calls, "cut": _cut,
}  # fmt: skip
