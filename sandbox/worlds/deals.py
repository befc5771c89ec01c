"""The deals of the default world: how they open, move, slip and end, and what that makes of people."""

from __future__ import annotations

import math
import random
from itertools import accumulate

from sandbox.times import DAY, HOUR, from_ms
from sandbox.worlds.draw import Generator
from sandbox.worlds.model import Company, Deal, Moment, Person
from sandbox.worlds.reps import REPS

_SKILL = {rep.email: 0.03 * (number % 5) for number, rep in enumerate(REPS)}
"""What a rep adds to the chance of a deal."""


def draw(rng: Generator, first: int, count: int, people: list[Person], now: int) -> list[Deal]:
    """Deals of these people, numbered from `first`."""
    buyers = [p for p in people if p.company and p.rep and p.created < now - 30 * DAY and p.title != "Intern"]
    colleagues: dict[int, list[Person]] = {}
    for person in buyers:
        if person.company:
            colleagues.setdefault(person.company.key, []).append(person)
    weights = list(accumulate(0.4 + (p.campaign.kind[4] if p.campaign else 0.6) for p in buyers))
    found: list[Deal] = []
    sold: set[int] = set()
    for key in range(first, first + count):
        person = rng.weighted(buyers, weights)
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
            Deal(
                key,
                f"{company.name} - {label}" + (f" {from_ms(created):%b %Y}" if rng.random() < 0.5 else ""),
                company,
                contacts,
                company.place[4],
                moments,
                repeat,
                in_both < 0.85,
                in_both < 0.7 or in_both >= 0.85,
            )
        )
    return found


def _moments(rng: random.Random, person: Person, company: Company, created: int, now: int) -> list[Moment]:
    """A deal's way: forward most of the time, back now and then, its close date slipping."""
    rep = person.rep or company.rep
    amount = int(rng.lognormvariate(9.3, 0.7) * (1 + math.log10(company.employees)))
    amount -= amount % 10
    close = created + rng.randrange(45, 120) * DAY
    found = [Moment(created, 0.0, amount, close, rep)]
    effect = person.campaign.kind[4] if person.campaign else 0.8
    chance = min(0.8, 0.24 + 0.1 * effect + _SKILL[rep.email])
    pace = 1.6 if company.employees > 1_000 else 1.0
    at, progress = created, 0.0
    while True:
        at += max(HOUR, int(rng.lognormvariate(2.3, 0.8) * pace * DAY))
        if at > now:
            return found
        if rng.random() < (1 - chance) * 0.2:
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


def enter_stages(rng: random.Random, people: list[Person], deals: list[Deal], now: int) -> None:
    """When each person entered each lifecycle stage: those in deals all the way, others by chance."""
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
