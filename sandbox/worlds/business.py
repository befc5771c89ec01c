"""The business behind the default world: companies, campaigns and people, drawn from a seed.

A large business is drawn a region after the other, each with companies, people and deals of its own, so that
nobody has to hold more than one. Its deals are drawn in `deals.py`. How it is spelled is `dirt.py`; what each
CRM holds of it, the sides.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from functools import lru_cache

from sandbox.times import DAY, HOUR, from_ms, midnight
from sandbox.worlds import deals, names
from sandbox.worlds.draw import Draws, Generator, ascii_of, working_time
from sandbox.worlds.model import Business, Campaign, Company, Deal, Person
from sandbox.worlds.reps import REPS

SPAN = 730
_CURRENCIES = ("USD", "EUR", "USD", "USD", "GBP", "USD", "USD")
"""Of campaigns: those of Europe are paid for there."""
SIZES = {"XS": 300, "S": 5_600, "M": 100_000, "L": 1_000_000}
REGION = 25_000
"""People of a region at most."""
_ROOMY = len(names.COMPANY_FIRST) * len(names.COMPANY_SECOND) * 3 // 4
_BETWEEN = [*names.COMPANY_FIRST, *names.LAST]
_REPS_FOR = {
    (segment, place[4]): [r for r in REPS if r.segment == segment and r.currency == place[4]]
    or [r for r in REPS if r.segment == segment]
    for segment in ("enterprise", "mid-market", "nurture")
    for place in names.PLACES
}
_PATTERNS = ("{f}.{l}", "{f}.{l}", "{f0}{l}", "{f}{l0}", "{l}.{f}")
_ORIGINS = (
    "ORGANIC_SEARCH",
    "DIRECT_TRAFFIC",
    "REFERRALS",
    "SOCIAL_MEDIA",
    "PAID_SEARCH",
    "EMAIL_MARKETING",
    "OFFLINE",
)


def regions(draws: Draws, size: str, now: int) -> Iterator[Business]:
    """The business of a size, as it stands `now`: region by region, all of them in the same campaigns."""
    total, start = SIZES[size], now - SPAN * DAY
    crowded = total // 6 > _ROOMY
    campaigns = _campaigns(draws("campaigns"), start, now)
    taken: set[str] = set()
    first = sold_before = 0
    while first < total:
        count = min(REGION, total - first)
        companies = _companies(draws("companies"), max(50, count // 6), start, taken, crowded=crowded)
        people = _people(draws("people"), first, count, companies, campaigns, start, now)
        sold = deals.draw(draws("deals"), sold_before, round(count * 0.29), people, now)
        deals.enter_stages(draws("funnel"), people, sold, now)
        _leave_alone(draws("untouched"), companies, people, sold)
        yield Business(now, companies, campaigns, people, sold)
        first, sold_before = first + count, sold_before + round(count * 0.29)


def _companies(
    rng: random.Random, count: int, start: int, taken: set[str], *, crowded: bool = False
) -> list[Company]:
    """Companies whose names nobody of `taken` has; they are added there."""
    found: list[Company] = []
    first = len(taken)
    while len(found) < count:
        name = _company_name(rng, crowded=crowded)
        if name in taken:
            continue
        taken.add(name)
        place = rng.choice(names.PLACES)
        employees = max(3, int(rng.lognormvariate(5.0, 1.5)))
        segment = "enterprise" if employees > 1_000 else "mid-market" if employees > 100 else "nurture"
        rep = rng.choice(_REPS_FOR[segment, place[4]])
        domain = f"{name.lower().replace(' ', '-' if rng.random() < 0.3 else '')}.{place[5]}"
        created = start + rng.randrange(60 * DAY)
        found.append(
            Company(first + len(found), name, place[6], domain, rng.randrange(12), employees,
                    employees * rng.randrange(60, 240) * 1_000, place, created, rep)
        )  # fmt: skip
    return found


def _company_name(rng: random.Random, *, crowded: bool) -> str:
    """Two words; three where there are more companies than pairs of words."""
    first, second = rng.choice(names.COMPANY_FIRST), rng.choice(names.COMPANY_SECOND)
    return f"{first} {rng.choice(_BETWEEN)} {second}" if crowded else f"{first} {second}"


def _campaigns(rng: random.Random, start: int, now: int) -> list[Campaign]:
    """Forty campaigns: eight run all the time, the others for some weeks; some move buyers, some nobody."""
    found = []
    for key in range(40):
        kind = names.CAMPAIGN_KINDS[key % len(names.CAMPAIGN_KINDS)]
        always = key < 8
        begin = start if always else start + int((key - 8) / 32 * (now - start - 20 * DAY))
        end = now + 180 * DAY if always else begin + rng.randrange(18, 45) * DAY
        topic = names.TOPICS[(key // 8 + key) % len(names.TOPICS)]
        when = from_ms(begin)
        label = "Always On" if always else f"{when:%Y} Q{(when.month + 2) // 3}"
        name = f"{label} {topic} {kind[0]}" + ("" if always else f" {key - 7:02d}")
        budget = round(kind[5] * rng.uniform(0.7, 1.4), -2)
        utm = name.lower().replace(" ", "-")
        spend = int(budget * rng.uniform(0.6, 1.15))
        begin, end = begin - begin % DAY, end - end % DAY
        held = _held(key, begin, end) if kind[0] in ("Webinar", "Trade Show") else None
        currency = _CURRENCIES[key % len(_CURRENCIES)]
        found.append(Campaign(key, name, kind, begin, end, int(budget), spend, utm, currency, held))
    return found


def _held(key: int, begin: int, end: int) -> int:
    """In the afternoon in Europe, or in the evening in Los Angeles, which is the next day in UTC."""
    day = min(begin + 10 * DAY, end - DAY)
    return day + 15 * HOUR if key % 3 else midnight(day + 12 * HOUR, "America/Los_Angeles") + 18 * HOUR


def _people(
    rng: Generator, first_key: int, count: int, companies: list[Company], campaigns: list[Campaign],
    start: int, now: int,
) -> list[Person]:  # fmt: skip
    # Sums made once: `choices` would add the weights up again for every person.
    weights = list(itertools.accumulate(math.sqrt(c.employees) for c in companies))
    titles, title_weights = list(names.TITLES), list(itertools.accumulate(names.TITLES.values()))
    fresh = round(count * 0.065)
    on_days = _OnDays(campaigns)
    found: list[Person] = []
    for key in range(first_key, first_key + count):
        first, last = rng.choice(names.FIRST), rng.choice(names.LAST)
        company = rng.weighted(companies, weights) if rng.random() < 0.95 else None
        is_fresh = key >= first_key + count - fresh
        created = working_time(
            rng, now - 14 * DAY if is_fresh else start, now - HOUR if is_fresh else now - 14 * DAY
        )
        running = [c for c, chance in on_days.at(created) if rng.random() < chance]
        campaign = rng.choice(running) if running and rng.random() < 0.6 else None
        origin = campaign.kind[2] if campaign else rng.choice(_ORIGINS)
        rep = None if is_fresh else company.rep if company and rng.random() < 0.85 else rng.choice(REPS)
        title = rng.weighted(titles, title_weights)
        person = Person(key, first, last, "", title, "", company, created, origin, campaign, rep)
        person.email = _email(rng, person)
        person.phone = _phone(rng, company)
        person.opted_out = rng.random() < 0.04
        found.append(person)
    for person in found:
        draw = rng.random()
        person.in_hubspot, person.in_salesforce = draw < 0.80, draw < 0.62 or draw >= 0.80
    return found


class _OnDays:
    """Which campaigns run, with the chance that one of them reached who came: they change by the day."""

    def __init__(self, campaigns: list[Campaign]) -> None:
        self.campaigns = [(c, c.kind[4] / 2.5) for c in campaigns]
        self._found: dict[int, list[tuple[Campaign, float]]] = {}

    def at(self, instant: int) -> list[tuple[Campaign, float]]:
        number, into = divmod(instant, DAY)
        found = self._found.get(number) if into else self._running(instant)
        if found is None:
            found = self._found[number] = self._running(instant)
        return found

    def _running(self, instant: int) -> list[tuple[Campaign, float]]:
        return [each for each in self.campaigns if each[0].start <= instant <= each[0].end]


def _leave_alone(
    rng: random.Random, companies: list[Company], people: list[Person], sold: list[Deal]
) -> None:
    """One company in ten is sales' own find, and some buy: people from a list whom no campaign reached."""
    won = sorted({deal.company.key for deal in sold if deal.last.progress == 2})
    alone = {company.key for company in companies if rng.random() < 0.08} | set(won[3::8])
    for person in people:
        if person.company and person.company.key in alone:
            person.untouched, person.origin, person.campaign = True, "OFFLINE", None


@lru_cache(maxsize=16_384)
def _spelled(name: str) -> str:
    """A name as it stands in an address."""
    return ascii_of(name).lower().replace("'", "").replace(" ", "")


def _email(rng: random.Random, person: Person) -> str:
    first, last = _spelled(person.first), _spelled(person.last)
    pattern = rng.choice(_PATTERNS)
    local = pattern.format(f=first, l=last, f0=first[0], l0=last[0])
    # The number keeps two people of the same name at one company apart, as mail administrators do.
    local += str(person.key) if rng.random() < 0.35 or person.company is None else f".{person.key % 97}"
    return f"{local}@{person.company.domain if person.company else 'mail.example'}"


def _phone(rng: random.Random, company: Company | None) -> str:
    if rng.random() < 0.2:
        return ""
    code = company.place[3] if company else "1"
    return f"+{code} {rng.randrange(200, 990)} {rng.randrange(100, 999)} {rng.randrange(1000, 9999)}"
