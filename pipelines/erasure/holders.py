"""Which CRMs still hold the people: they are asked, now. Nothing is written there.

Belongs here: the questions. An erasure here does not erase there; whoever asked has to know what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.marketing_cloud import soap
from pipelines.clients.open import open_hubspot, open_marketing_cloud, open_salesforce
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.erasure.subject import Subject
from pipelines.settings import Settings

_AT_ONCE = 50


def still_held(settings: Settings, subject: Subject) -> dict[str, str]:
    """Vendor -> a sentence's end, of each connected CRM: how many records it has, or why it did not say."""
    ask: dict[str, Callable[[Settings, Subject], int]] = {
        "hubspot": _hubspot, "salesforce": _salesforce, "marketing_cloud": _marketing_cloud,
    }  # fmt: skip
    said = {}
    for connection in settings.connections:
        try:
            count = ask[connection.vendor](settings, subject)
        except errors.ClientError as error:
            said[connection.vendor] = f"could not be asked: {error}"
        else:
            said[connection.vendor] = f"still holds {count:,} records of them" if count else "holds nothing"
    return said


def _hubspot(settings: Settings, subject: Subject) -> int:
    with open_hubspot(settings) as client:
        found = {str(each["id"]) for each in client.batch_read("contacts", subject.ids("hubspot"), ["email"])}
        for some in _pieces(subject.emails):
            found |= _by_email(client, some)
        return len(found)


def _by_email(client: HubSpotClient, emails: Sequence[str]) -> set[str]:
    found: set[str] = set()
    after = None
    while True:
        where = [{"propertyName": "email", "operator": "IN", "values": list(emails)}]
        page = client.search_page("contacts", ["email"], where, after)
        found |= {str(each["id"]) for each in page.results}
        after = page.after
        if after is None:
            return found


def _salesforce(settings: Settings, subject: Subject) -> int:
    with open_salesforce(settings) as client:
        found: set[str] = set()
        for name, prefix in (("Lead", "00Q"), ("Contact", "003")):
            mine = [each for each in subject.ids("salesforce") if each.startswith(prefix)]
            found |= _where(client, name, "Id", mine) | _where(client, name, "Email", subject.emails)
        return len(found)


def _marketing_cloud(settings: Settings, subject: Subject) -> int:
    """Subscribers by their keys, which may be ids of Salesforce, and by address."""
    keys = dict.fromkeys((*subject.ids("marketing_cloud"), *subject.ids("salesforce"), *subject.emails))
    with open_marketing_cloud(settings) as client:
        found: set[str] = set()
        for name, values in (("SubscriberKey", list(keys)), ("EmailAddress", list(subject.emails))):
            for some in _pieces(values):
                for page in client.retrieve("Subscriber", ("SubscriberKey",), soap.among(name, some)):
                    found |= {row["SubscriberKey"] for row in page.rows}
        return len(found)


def _where(client: SalesforceClient, name: str, field: str, values: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for some in _pieces(values):
        listed = ", ".join("'" + each.replace("\\", "\\\\").replace("'", "\\'") + "'" for each in some)
        for page in client.query_pages(f"SELECT Id FROM {name} WHERE {field} IN ({listed})"):
            found |= {str(each["Id"]) for each in page.records}
    return found


def _pieces(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
