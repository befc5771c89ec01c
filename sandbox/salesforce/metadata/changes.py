"""Components that are made, changed, renamed and taken away one by one, without a package.

Belongs here: what SOAP's metadata calls and the Tooling API have in common. What a component does to the org
is `components`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sandbox.call import Call
from sandbox.salesforce import org
from sandbox.salesforce.metadata import shown
from sandbox.salesforce.metadata.components import Deploying, show_permitted
from sandbox.salesforce.metadata.fields import NAME, Problem
from sandbox.salesforce.metadata.kept import CHILDREN
from sandbox.salesforce.metadata.package import Component

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
_CODES = (
    (r"already|duplicate", "DUPLICATE_DEVELOPER_NAME"),
    (r"Required field|Must specify", "REQUIRED_FIELD_MISSING"),
    (r"[Nn]o \w+ named", "INVALID_CROSS_REFERENCE_KEY"),
    (r"referenced elsewhere", "DEPENDENCY_EXISTS"),
    (r"maximum number", "LIMIT_EXCEEDED"),
)


@dataclass(frozen=True)
class Refusal(Exception):
    """Why one component stays as it was: a status code and Salesforce's sentence."""

    code: str
    message: str


def refusal(problem: Problem) -> Refusal:
    said = str(problem)
    code = next((code for pattern, code in _CODES if re.search(pattern, said)), "FIELD_INTEGRITY_EXCEPTION")
    return Refusal(code, said)


def create(sf: Salesforce, call: Call, kind: str, content: Json) -> None:
    """Raises Refusal, as all of these."""
    name = str(content.get("fullName") or "")
    if shown.component(sf, kind, name) is not None:
        told = "There is already a {} named {}.".format("field" if kind == "CustomField" else kind, name)
        raise Refusal("DUPLICATE_DEVELOPER_NAME", told)
    _put(sf, call, kind, name, content)


def update(sf: Salesforce, call: Call, kind: str, content: Json) -> None:
    name = str(content.get("fullName") or "")
    _there(sf, kind, name)
    _put(sf, call, kind, name, content)


def upsert(sf: Salesforce, call: Call, kind: str, content: Json) -> bool:
    """True when it was made."""
    name = str(content.get("fullName") or "")
    there = shown.component(sf, kind, name) is not None
    _put(sf, call, kind, name, content)
    return not there


def delete(sf: Salesforce, call: Call, kind: str, name: str) -> None:
    _there(sf, kind, name)
    take(sf, call, [Component(kind, name, "", deleted=True)])


def take(sf: Salesforce, call: Call, components: list[Component]) -> None:
    """Components that stand or fall together."""
    deploying = Deploying(sf, sf.metadata, call.now)
    done: list[tuple[Component, str]] = []
    _together(sf, lambda: done.extend((each, deploying.component(each)) for each in components))
    for each, how in done:
        if how != "unchanged":
            call.change("metadata", f"{each.kind}.{each.name}", how, "component", None, each.name)
            call.records += 1


def _together(sf: Salesforce, work: Callable[[], None]) -> None:
    try:
        with sf.store.transaction():
            work()
    except Problem as problem:
        raise refusal(problem) from None
    finally:
        sf.read_org()


def _there(sf: Salesforce, kind: str, name: str) -> None:
    if shown.component(sf, kind, name) is None:
        told = f"In field: fullName - no {kind} named {name} found"
        raise Refusal("INVALID_CROSS_REFERENCE_KEY", told)


def _put(sf: Salesforce, call: Call, kind: str, name: str, content: Json) -> None:
    """An object comes with the fields, record types and rules that stand in it."""
    if not name:
        raise Refusal("REQUIRED_FIELD_MISSING", "Required fields are missing: [fullName]")
    if kind in CHILDREN and not name.partition(".")[2]:
        raise Refusal(
            "INVALID_FULL_NAME", f"Invalid fullName, must end in a custom suffix (e.g. __c): {name}"
        )
    own = {key: value for key, value in content.items() if key != "fullName"}
    parts: list[Component] = []
    if kind == "CustomObject":
        for child, element in CHILDREN.items():
            for each in own.pop(element, None) or []:
                parts.append(Component(child, f"{name}.{each.get('fullName')}", "", each))
    elif kind in CHILDREN:
        own = {"fullName": name.partition(".")[2], **own}
    take(sf, call, [Component(kind, name, "", own), *parts])


def rename(sf: Salesforce, call: Call, kind: str, old: str, new: str) -> None:
    """A component by another name; what speaks of a field speaks of it by the new one."""
    _there(sf, kind, old)
    if shown.component(sf, kind, new) is not None:
        raise Refusal("DUPLICATE_DEVELOPER_NAME", f"There is already a {kind} named {new}.")
    parting = "-" if kind == "Layout" else "." if kind in CHILDREN else ""
    if kind == "CustomObject" or (parting and old.partition(parting)[0] != new.partition(parting)[0]):
        raise Refusal("INVALID_FULL_NAME", f"{kind} {old} cannot be renamed to {new}")
    if kind == "CustomField" and not NAME.fullmatch(new.partition(".")[2]):
        raise Refusal("INVALID_FULL_NAME", f"The field name you provided {new} is not valid")

    def work() -> None:
        content = shown.component(sf, kind, old) or {}
        content.pop("fullName")
        if kind in CHILDREN:
            content = {"fullName": new.partition(".")[2], **content}
        sf.metadata.drop(kind, old)
        sf.metadata.put(kind, new, content, call.now)
        if kind == "CustomField":
            _rename_field(sf, old, new, call.now)
        for table, key in (("RecordType", "DeveloperName"), ("PermissionSet", "Name")):
            if kind == table:
                names = [old.rpartition(".")[2], new.rpartition(".")[2]]
                sf.store.db.execute(f'update "{table}" set {key} = ? where {key} = ?', names[::-1])

    _together(sf, work)
    call.change("metadata", f"{kind}.{new}", "renamed", "component", old, new)
    call.records = 1


def _rename_field(sf: Salesforce, old: str, new: str, now: int) -> None:
    parent, _, before = old.partition(".")
    after = new.partition(".")[2]
    sobject, db = sf.org.whole[parent], sf.store.db
    db.execute(f'alter table "{parent}" rename column "{before}" to "{after}"')
    fields = {
        (after if name == before else name): replace(field, name=after) if name == before else field
        for name, field in sobject.fields.items()
    }
    org.define(sf.store, replace(sobject, fields=fields))
    for table in ("unseen", "permitted"):
        db.execute(f"update {table} set field = ? where object = ? and field = ?", (after, parent, before))
    for kind in ("ValidationRule", "CustomField", "RecordType", "Layout", "PermissionSet"):
        word = rf"\b{parent}\.{before}\b" if kind == "PermissionSet" else rf"\b{before}\b"
        for name in sf.metadata.names(kind):
            if kind != "PermissionSet" and re.split(r"[.-]", name)[0] != parent:
                continue
            content = sf.metadata.get(kind, name) or {}
            sf.metadata.put(kind, name, _reworded(content, re.compile(word), after, parent, kind), now)
    sf.read_org()
    show_permitted(sf, sf.metadata)


def _reworded(value: Any, word: re.Pattern[str], after: str, parent: str, kind: str) -> Any:
    if isinstance(value, dict):
        return {key: _reworded(each, word, after, parent, kind) for key, each in value.items()}
    if isinstance(value, list):
        return [_reworded(each, word, after, parent, kind) for each in value]
    if isinstance(value, str):
        return word.sub(f"{parent}.{after}" if kind == "PermissionSet" else after, value)
    return value
