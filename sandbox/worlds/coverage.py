"""Which deals marketing truly had a part in: the answer key's word on attribution coverage.

Belongs here: what happened, from the business and from what was written down while the CRMs were filled. How
coverage is found out from the CRMs is not known here.
"""

from __future__ import annotations

from sandbox import times
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.model import Business, Deal, Person
from sandbox.worlds.region import Records
from sandbox.worlds.reps import HEADQUARTERS

_OF_MARKETING = frozenset(
    ("submission", "attended", "click", "conversion", "recent_conversion", "latest_source")
)
_NEVER = "9999"
"""After every instant."""


def settle(key: AnswerKey, business: Business, salesforce: Records) -> None:
    """Fill `key.coverage` for a region: a deal is covered when one of its people met marketing before it.

    A deal whose people are not in its CRM is nobody's there, and so all of its company's.
    """
    colleagues: dict[int, list[Person]] = {}
    for person in business.people:
        if person.company is not None:
            colleagues.setdefault(person.company.key, []).append(person)
    named = [_named(deal) or colleagues.get(deal.company.key, []) for deal in business.deals]
    met = _met({person.key: person for people in named for person in people}, key, salesforce)
    key.coverage += [
        (deal.key, any(met.get(person.key, _NEVER) <= opened for person in people))
        for deal, people in zip(business.deals, named, strict=True)
        for opened in [times.iso(deal.created)]
    ]


def _met(people: dict[int, Person], key: AnswerKey, salesforce: Records) -> dict[int, str]:
    """When each of these people met marketing first, as the answer key has instants: they sort as text."""
    met = {who: times.iso(person.created) for who, person in people.items() if _has_a_source(person)}
    moments = [
        # Salesforce knows the day only.
        *((who, times.iso(times.midnight(at, HEADQUARTERS))) for who, at in salesforce.answers.items()
          if who in people),
        *((who, at) for who, _, _, _, kind, at, _ in key.touches if kind in _OF_MARKETING and who in people),
        *((who, times.iso(at)) for who, at in salesforce.clicks),
    ]  # fmt: skip
    for who, at in moments:
        if at < met.get(who, _NEVER):
            met[who] = at
    return met


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
