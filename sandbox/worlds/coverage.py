"""Which deals marketing truly had a part in: the answer key's word on attribution coverage.

Belongs here: what happened, from the business and from what was written down while the CRMs were filled. How
coverage is found out from the CRMs is not known here.
"""

from __future__ import annotations

from sandbox import times
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.model import Business, Deal, Person
from sandbox.worlds.reps import HEADQUARTERS
from sandbox.worlds.touches import Membership

_OF_MARKETING = ("submission", "attended", "click", "conversion", "recent_conversion", "latest_source")


def settle(
    key: AnswerKey, business: Business, members: list[Membership], clicks: list[tuple[int, int]]
) -> None:  # fmt: skip
    """Fill `key.coverage` for a region: a deal is covered when one of its people met marketing before it.

    A deal whose people are not in its CRM is nobody's there, and so all of its company's.
    """
    met: dict[int, list[int]] = {}
    colleagues: dict[int, list[Person]] = {}
    for person in business.people:
        if person.company is not None:
            colleagues.setdefault(person.company.key, []).append(person)
        if _has_a_source(person):
            met.setdefault(person.key, []).append(person.created)
    for member in members:
        if member.responded is not None:
            # Salesforce knows the day only.
            met.setdefault(member.person.key, []).append(times.midnight(member.responded, HEADQUARTERS))
    for who, _, _, _, kind, at, _ in key.touches:
        if kind in _OF_MARKETING:
            met.setdefault(who, []).append(times.parse(at))
    for who, moment in clicks:
        met.setdefault(who, []).append(moment)
    key.coverage += [
        (deal.key, any(at <= deal.created for person in people for at in met.get(person.key, ())))
        for deal in business.deals
        for people in [_named(deal) or colleagues.get(deal.company.key, [])]
    ]


def _named(deal: Deal) -> list[Person]:
    """Those of a deal's people whom a CRM that has the deal knows."""
    return [
        person
        for person in deal.contacts
        if (deal.in_hubspot and person.in_hubspot) or (deal.in_salesforce and person.in_salesforce)
    ]


def _has_a_source(person: Person) -> bool:
    """Offline is none, but for those whom Salesforce knows from a trade show."""
    return not person.untouched and (person.origin != "OFFLINE" or person.in_salesforce)
