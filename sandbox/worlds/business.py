"""The business behind the default world, before any CRM has seen it: companies, people, campaigns, deals.

Plain data drawn from a seed. How it is spelled in each CRM is `dirt.py`; what each CRM holds of it, the sides.
"""

from __future__ import annotations

import math
import random
import unicodedata
from dataclasses import dataclass, field

from sandbox.times import DAY, HOUR, MINUTE, from_ms
from sandbox.worlds import names
from sandbox.worlds.reps import REPS, Rep

SPAN = 730
SIZES = {"XS": 300, "S": 5_600}
_MONTHS = (1.0, 1.05, 1.2, 1.1, 1.1, 1.0, 0.7, 0.65, 1.2, 1.3, 1.2, 0.6)
_ORIGINS = (
    "ORGANIC_SEARCH",
    "DIRECT_TRAFFIC",
    "REFERRALS",
    "SOCIAL_MEDIA",
    "PAID_SEARCH",
    "EMAIL_MARKETING",
    "OFFLINE",
)


@dataclass
class Company:
    key: int
    name: str
    legal: str
    domain: str
    industry: int
    employees: int
    revenue: int
    place: tuple[str, str, str, str, str, str, str]
    created: int
    rep: Rep


@dataclass
class Campaign:
    key: int
    name: str
    kind: tuple[str, str, str, float, float, int]
    start: int
    end: int
    budget: int
    spend: int
    utm: str


@dataclass
class Person:
    key: int
    first: str
    last: str
    email: str
    title: str
    phone: str
    company: Company | None
    created: int
    origin: str
    campaign: Campaign | None
    rep: Rep | None
    stages: dict[str, int] = field(default_factory=dict)
    in_hubspot: bool = True
    in_salesforce: bool = True
    opted_out: bool = False


@dataclass
class Moment:
    """A deal as it stood from `at` on. `progress` runs from 0 to 1; won and lost are 2 and -1."""

    at: int
    progress: float
    amount: int
    close: int
    rep: Rep


@dataclass
class Deal:
    key: int
    name: str
    company: Company
    contacts: list[Person]
    currency: str
    moments: list[Moment]
    repeat: bool
    in_hubspot: bool = True
    in_salesforce: bool = True

    @property
    def created(self) -> int:
        return self.moments[0].at

    @property
    def last(self) -> Moment:
        return self.moments[-1]


@dataclass
class Business:
    now: int
    companies: list[Company]
    campaigns: list[Campaign]
    people: list[Person]
    deals: list[Deal]


def rng_for(seed: int, part: str) -> random.Random:
    """A generator of its own for each part, so that a change in one leaves the others as they were."""
    return random.Random(f"{seed}:{part}")


def ascii_of(text: str) -> str:
    plain = text.translate(str.maketrans("øłß", "ols")).replace("Ł", "L").replace("Ø", "O")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


def working_time(rng: random.Random, start: int, end: int) -> int:
    """An instant between two others, on most days a working hour of a working day, busier in some months."""
    if end <= start:
        return start
    for _ in range(8):
        day = rng.randrange(start, end)
        moment = from_ms(day)
        if moment.weekday() < 5 or rng.random() < 0.1:
            if rng.random() * 1.3 < _MONTHS[moment.month - 1]:
                break
    at = day - day % DAY + int(rng.triangular(7, 20, 13) * HOUR) + rng.randrange(60) * MINUTE
    return min(max(start, at), end)


def build(seed: int, size: str, now: int) -> Business:
    """The whole business of a size, as it stands `now`."""
    count = SIZES[size]
    start = now - SPAN * DAY
    companies = _companies(rng_for(seed, "companies"), max(50, count // 6), start)
    campaigns = _campaigns(rng_for(seed, "campaigns"), start, now)
    people = _people(rng_for(seed, "people"), count, companies, campaigns, start, now)
    deals = _deals(rng_for(seed, "deals"), round(count * 0.29), people, now)
    _funnel(rng_for(seed, "funnel"), people, deals, now)
    return Business(now, companies, campaigns, people, deals)


def _companies(rng: random.Random, count: int, start: int) -> list[Company]:
    found, taken = [], set()
    while len(found) < count:
        name = f"{rng.choice(names.COMPANY_FIRST)} {rng.choice(names.COMPANY_SECOND)}"
        if name in taken:
            continue
        taken.add(name)
        place = rng.choice(names.PLACES)
        employees = max(3, int(rng.lognormvariate(5.0, 1.5)))
        segment = "enterprise" if employees > 1_000 else "mid-market" if employees > 100 else "nurture"
        rep = rng.choice([r for r in REPS if r.segment == segment and r.currency == place[4]] or
                         [r for r in REPS if r.segment == segment])  # fmt: skip
        domain = f"{name.lower().replace(' ', '-' if rng.random() < 0.3 else '')}.{place[5]}"
        created = start + rng.randrange(60 * DAY)
        found.append(
            Company(len(found), name, place[6], domain, rng.randrange(12), employees,
                    employees * rng.randrange(60, 240) * 1_000, place, created, rep)
        )  # fmt: skip
    return found


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
        found.append(Campaign(key, name, kind, begin - begin % DAY, end - end % DAY, int(budget), spend, utm))
    return found


def _people(
    rng: random.Random, count: int, companies: list[Company], campaigns: list[Campaign], start: int, now: int
) -> list[Person]:  # fmt: skip
    weights = [math.sqrt(c.employees) for c in companies]
    titles, title_weights = [t for t, _ in names.TITLES], [w for _, w in names.TITLES]
    fresh = round(count * 0.065)
    found: list[Person] = []
    for key in range(count):
        first, last = rng.choice(names.FIRST), rng.choice(names.LAST)
        company = rng.choices(companies, weights)[0] if rng.random() < 0.95 else None
        is_fresh = key >= count - fresh
        created = working_time(
            rng, now - 14 * DAY if is_fresh else start, now - HOUR if is_fresh else now - 14 * DAY
        )
        running = [c for c in campaigns if c.start <= created <= c.end and rng.random() < c.kind[4] / 2.5]
        campaign = rng.choice(running) if running and rng.random() < 0.6 else None
        origin = campaign.kind[2] if campaign else rng.choice(_ORIGINS)
        rep = None if is_fresh else company.rep if company and rng.random() < 0.85 else rng.choice(REPS)
        person = Person(
            key, first, last, "", rng.choices(titles, title_weights)[0], "", company, created, origin, campaign, rep,
        )  # fmt: skip
        person.email = _email(rng, person)
        person.phone = _phone(rng, company)
        person.opted_out = rng.random() < 0.04
        found.append(person)
    for person in found:
        draw = rng.random()
        person.in_hubspot, person.in_salesforce = draw < 0.80, draw < 0.62 or draw >= 0.80
    return found


def _email(rng: random.Random, person: Person) -> str:
    first, last = (ascii_of(x).lower().replace("'", "").replace(" ", "") for x in (person.first, person.last))
    pattern = rng.choice(("{f}.{l}", "{f}.{l}", "{f0}{l}", "{f}{l0}", "{l}.{f}"))
    local = pattern.format(f=first, l=last, f0=first[0], l0=last[0])
    # The number keeps two people of the same name at one company apart, as mail administrators do.
    local += str(person.key) if rng.random() < 0.35 or person.company is None else f".{person.key % 97}"
    return f"{local}@{person.company.domain if person.company else 'mail.example'}"


def _phone(rng: random.Random, company: Company | None) -> str:
    if rng.random() < 0.2:
        return ""
    code = company.place[3] if company else "1"
    return f"+{code} {rng.randrange(200, 990)} {rng.randrange(100, 999)} {rng.randrange(1000, 9999)}"


def _deals(rng: random.Random, count: int, people: list[Person], now: int) -> list[Deal]:
    buyers = [p for p in people if p.company and p.rep and p.created < now - 30 * DAY and p.title != "Intern"]
    colleagues: dict[int, list[Person]] = {}
    for person in buyers:
        if person.company:
            colleagues.setdefault(person.company.key, []).append(person)
    weights = [0.4 + (p.campaign.kind[4] if p.campaign else 0.6) for p in buyers]
    found: list[Deal] = []
    sold: set[int] = set()
    for key in range(count):
        person = rng.choices(buyers, weights)[0]
        company = person.company
        if company is None:
            continue
        others = [p for p in colleagues[company.key] if p is not person and p.created < now - 20 * DAY]
        contacts = [person, *rng.sample(others, min(len(others), rng.choice((0, 0, 1, 1, 2))))]
        created = max(p.created for p in contacts) + int(rng.lognormvariate(3.2, 0.9) * DAY)
        created = min(created, now - rng.randrange(1, 20) * DAY)
        repeat = company.key in sold
        moments = _moments(rng, person, company, created, now)
        if moments[-1].progress == 2:
            sold.add(company.key)
        label = (
            rng.choice(("New Business", "Platform", "Expansion", "Renewal", "Pilot"))
            if not repeat
            else "Expansion"
        )
        in_both = rng.random()
        found.append(
            Deal(key, f"{company.name} - {label}" + (f" {from_ms(created):%b %Y}" if rng.random() < 0.5 else ""),
                 company, contacts, company.place[4], moments, repeat, in_both < 0.85, in_both < 0.7 or in_both >= 0.85)
        )  # fmt: skip
    return found


def _moments(rng: random.Random, person: Person, company: Company, created: int, now: int) -> list[Moment]:
    """A deal's way: forward most of the time, back now and then, its close date slipping, won or lost or open."""
    rep = person.rep or company.rep
    amount = int(rng.lognormvariate(9.3, 0.7) * (1 + math.log10(company.employees)))
    amount -= amount % 10
    close = created + rng.randrange(45, 120) * DAY
    found = [Moment(created, 0.0, amount, close, rep)]
    effect = person.campaign.kind[4] if person.campaign else 0.8
    chance = min(0.8, 0.26 + 0.1 * effect)
    pace = 1.6 if company.employees > 1_000 else 1.0
    at, progress = created, 0.0
    while True:
        at += max(HOUR, int(rng.lognormvariate(2.3, 0.8) * pace * DAY))
        if at > now:
            return found
        if rng.random() < (1 - chance) * 0.28:
            return [*found, Moment(at, -1.0, amount, at, rep)]
        progress = max(0.0, progress + (-0.2 if rng.random() < 0.08 else rng.choice((0.15, 0.2, 0.25))))
        if progress >= 0.999:
            won = rng.random() < 0.35 + chance * 0.75
            return [*found, Moment(at, 2.0 if won else -1.0, amount, at, rep)]
        if rng.random() < 0.2:
            amount = max(500, int(amount * rng.uniform(0.75, 1.3)) // 10 * 10)
        if rng.random() < 0.3 or close < at:
            close = max(close, at) + rng.randrange(14, 50) * DAY
        if rng.random() < 0.03:
            rep = rng.choice(REPS)
        found.append(Moment(at, progress, amount, close, rep))


def _funnel(rng: random.Random, people: list[Person], deals: list[Deal], now: int) -> None:
    """When each person entered each lifecycle stage: those in deals all the way, the others as chance has it."""
    opened: dict[int, int] = {}
    won: dict[int, int] = {}
    for deal in deals:
        for person in deal.contacts:
            opened[person.key] = min(deal.created, opened.get(person.key, now))
            if deal.last.progress == 2:
                won[person.key] = min(deal.last.at, won.get(person.key, now))
    for person in people:
        stages = person.stages
        at = person.created
        if rng.random() < 0.12 and person.key not in opened:
            stages["subscriber"] = at
            continue
        stages["lead"] = at
        if person.key in opened:
            gap = max(0, opened[person.key] - at)
            stages["marketingqualifiedlead"] = at + int(gap * rng.uniform(0.1, 0.5))
            stages["salesqualifiedlead"] = at + int(gap * rng.uniform(0.55, 0.95))
            stages["opportunity"] = opened[person.key]
            if person.key in won:
                stages["customer"] = won[person.key]
            continue
        for stage, chance in (("marketingqualifiedlead", 0.4), ("salesqualifiedlead", 0.3)):
            at += int(rng.lognormvariate(2.5, 0.9) * DAY)
            if at > now or rng.random() > chance:
                break
            stages[stage] = at
