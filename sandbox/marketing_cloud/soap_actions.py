"""Create, Update, Delete, Perform and Execute: which object is meant, and what became of each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from sandbox.call import Call
from sandbox.marketing_cloud import (
    account,
    auth,
    rows,
    scopes,
    soap_changes,
    soap_kept,
    soap_lists,
    soap_rows,
    soap_subscribers,
    tracking,
)
from sandbox.marketing_cloud.extensions import RowError
from sandbox.marketing_cloud.soap_text import XSI_TYPE, Refused, child, failed, local, text_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

_NO_SCOPE = 5
Do = Callable[["MarketingCloud", Call, Element, int], str]
_DO: dict[tuple[str, str], Do] = {
    ("Create", "DataExtension"): soap_changes.create,
    ("Update", "DataExtension"): soap_changes.update,
    ("Delete", "DataExtension"): soap_changes.delete,
    ("Create", "QueryDefinition"): soap_changes.create_query,
    ("Perform", "QueryDefinition"): soap_changes.perform,
    ("Create", "List"): soap_lists.create,
    ("Update", "List"): soap_lists.update,
    ("Delete", "List"): soap_lists.delete,
    ("Delete", "Subscriber"): soap_subscribers.delete,
    ("Delete", "DataExtensionObject"): soap_rows.delete,
    **{("Create", name): partial(soap_kept.create, name=name) for name in soap_kept.PARTS},
    **{("Update", name): partial(soap_kept.update, name=name) for name in soap_kept.PARTS},
    **{("Delete", name): partial(soap_kept.delete, name=name) for name in soap_kept.PARTS},
}
_SAVE = {"Subscriber": soap_subscribers.save, "DataExtensionObject": soap_rows.save}
"""What a save option makes an upsert of: a create that also changes, an update that also adds."""


def objects(request: Element) -> list[tuple[str, Element]]:
    """The objects of a request with their types."""
    found = []
    for each in request:
        if local(each) == "Definitions":
            found += objects(each)
        elif local(each) in ("Objects", "Definition"):
            found.append((each.get(XSI_TYPE, "").rpartition(":")[2], each))
    return found


def change(mc: MarketingCloud, call: Call, action: str, request: Element) -> tuple[str, str]:
    """OverallStatus and the results as XML."""
    found, out, bad = objects(request), [], 0
    token = auth.token_of(call)
    both = _is_upsert(request)
    for number, (kind, element) in enumerate(found):
        told = len(call.changes)
        try:
            if not scopes.may_soap(mc, token, kind, write=True):
                raise Refused(_NO_SCOPE, scopes.PERMISSION)
            _meet_fault(call)
            with mc.store.transaction():
                out.append(_way(action, kind, both)(mc, call, element, number))
        except Refused as problem:
            bad += 1
            del call.changes[told:]
            out.append(failed(problem, number, _object(kind, element)))
    status = "OK" if found and not bad else "Has Errors" if bad < len(found) else "Error"
    return status, "".join(out)


def _meet_fault(call: Call) -> None:
    try:
        rows.meet_fault(call)
    except RowError as problem:
        raise Refused(problem.code, problem.message) from None


def _is_upsert(request: Element) -> bool:
    options = child(child(request, "Options"), "SaveOptions")
    return any(text_of(each, "SaveAction").lower() == "updateadd" for each in options or ())


def _way(action: str, kind: str, both: bool) -> Do:
    if kind in _SAVE and action in ("Create", "Update"):
        return partial(_SAVE[kind], add=both or action == "Create", change=both or action == "Update")
    if (action, kind) not in _DO:
        raise Refused(2, f"{action} of {kind or 'an object without a type'} is not supported here")
    return _DO[action, kind]


def _object(kind: str, element: Element) -> str:
    """The object that was refused, where its answer shows it."""
    if kind != "Subscriber":
        return ""
    return soap_subscribers.shown(text_of(element, "SubscriberKey"), text_of(element, "EmailAddress"))


def execute(mc: MarketingCloud, call: Call, request: Element) -> tuple[str, str]:
    """LogUnsubEvent: somebody unsubscribed by another's page."""
    wish = child(request, "Requests")
    name = text_of(wish, "Name")
    told = {
        text_of(each, "Name"): text_of(each, "Value") for each in wish or () if local(each) == "Parameters"
    }
    key = told.get("SubscriberKey") or told.get("EmailAddress") or ""
    known = mc.store.value("select 1 from subscribers where key = ?", (key,))
    listed = told.get("ListID", "")
    if name != "LogUnsubEvent" or not known:
        problem = "Subscriber not found" if name == "LogUnsubEvent" else f"{name} is not supported here"
        return "Error", _told("Error", problem)
    tracking.leave(mc.store, key, call.now, account.whole(listed))
    call.change("Subscriber", key, "update", "Status", None, "Unsubscribed")
    return "OK", _told("OK", "Event posted")


def _told(code: str, message: str) -> str:
    return (
        f"<Results><StatusCode>{code}</StatusCode><StatusMessage>{escape(message)}</StatusMessage></Results>"
    )
