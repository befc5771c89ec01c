"""What happened between the business and its people: memberships and tasks, and which sold."""

from __future__ import annotations

import random
from dataclasses import dataclass
from operator import attrgetter

from sandbox.times import DAY, HOUR, MINUTE
from sandbox.worlds.draw import Draws, Generator, working_time
from sandbox.worlds.model import Business, Campaign, Deal, Person
from sandbox.worlds.reps import REPS, Rep

_ANSWERS = {"Webinar": ("Registered", "Attended", "Attended"), "Trade Show": ("Attended", "Responded")}
_KINDS, _KIND_SUMS = ("Call", "Email", "Meeting", "Other"), (44, 78, 92, 100)
_SUBJECTS = {
    "Call": ("Call", "Follow-up call", "Discovery call"),
    "Email": ("Email: next steps", "Email: proposal"),
    "Meeting": ("Demo", "Review meeting"),
    "Other": ("Prepare quote", "Send documents"),
}
_BY_KEY = attrgetter("key")
_ANSWERED = ("Responded",)
_SILENCE = ("Sent", "Sent", "Opened", "Opened", "No Show", "Bounced")


@dataclass(slots=True)
class Membership:
    """A person in a campaign; `responded` is when they answered or came, None when they did neither."""

    person: Person
    campaign: Campaign
    at: int
    status: str
    responded: int | None
    cause_of: Deal | None = None

    @property
    def came(self) -> bool:
        return self.responded is not None and self.responded == self.campaign.held


@dataclass(slots=True)
class Task:
    """Something a rep did or means to do with a person."""

    person: Person
    kind: str
    subject: str
    at: int
    done: int | None
    rep: Rep
    deal: Deal | None
    cause_of: Deal | None = None


def memberships(draws: Draws, business: Business) -> list[Membership]:
    """Who was in which campaign. Good campaigns are answered more often, and by those who buy."""
    rng, now = draws("memberships"), business.now
    buyers = {p.key for d in business.deals for p in d.contacts}
    began = [c for c in business.campaigns if c.start < now]
    reached: dict[int, list[Campaign]] = {}
    found = []
    for person in business.people:
        if not person.in_salesforce or person.untouched:
            continue
        # Campaigns end at midnight, so who comes later on a day meets the same ones.
        reach = reached.get(person.created // DAY)
        if reach is None:
            reach = reached[person.created // DAY] = [c for c in began if c.end > person.created]
        buyer = person.key in buyers
        for campaign in _pick(rng, reach, _count(rng, 8.4 if buyer else 5.5)):
            start = max(campaign.start, person.created)
            at = working_time(rng, start, max(start, min(campaign.end, now - HOUR)))
            found.append(_membership(rng, person, campaign, at, now, buyer))
    return found


def answers(members: list[Membership]) -> tuple[dict[int, int], set[tuple[int, int]]]:
    """When each person answered first, and who was at which campaign's event."""
    first: dict[int, int] = {}
    for member in members:
        key, at = member.person.key, member.responded
        if at is not None and at < first.get(key, at + 1):
            first[key] = at
    return first, {(member.person.key, member.campaign.key) for member in members if member.came}


def _count(rng: random.Random, mean: float) -> int:
    return max(0, round(rng.gauss(mean, mean / 2.5)))


def _pick(rng: random.Random, reach: list[Campaign], wanted: int) -> list[Campaign]:
    picked = rng.sample(reach, min(wanted, len(reach)))
    picked.sort(key=_BY_KEY)
    return picked


def _membership(
    rng: random.Random, person: Person, campaign: Campaign, at: int, now: int, buyer: bool
) -> Membership:
    chance = campaign.kind[3] * (1.15 if buyer else 0.95)
    if rng.random() >= chance:
        return Membership(person, campaign, at, rng.choice(_SILENCE), None)
    status = rng.choice(_ANSWERS.get(campaign.kind[0], _ANSWERED))
    responded = min(now, at + int(rng.expovariate(1 / 3.0) * DAY))
    if status == "Attended" and campaign.held is not None and at < campaign.held <= now:
        responded = campaign.held
    return Membership(person, campaign, at, status, responded)


def tasks(draws: Draws, business: Business) -> list[Task]:
    """Calls, e-mails and meetings: a few with everyone who has an owner, more around deals."""
    rng = draws("tasks")
    deals: dict[int, list[Deal]] = {}
    for deal in business.deals:
        for person in deal.contacts:
            deals.setdefault(person.key, []).append(deal)
    found = []
    for person in business.people:
        if not person.in_salesforce or person.rep is None:
            continue
        until = min(business.now, person.created + 200 * DAY)
        for _ in range(_count(rng, 1.5)):
            found.append(
                _task(rng, person, person.rep, working_time(rng, person.created, until), business.now, None)
            )
        for deal in deals.get(person.key, ()):
            end = min(business.now, deal.last.at)
            for _ in range(_count(rng, 2.7)):
                at = working_time(rng, max(person.created, deal.created - 15 * DAY), end)
                found.append(
                    _task(rng, person, rng.choice((deal.last.rep, person.rep)), at, business.now, deal)
                )
    return found


def _task(rng: Generator, person: Person, rep: Rep, at: int, now: int, deal: Deal | None) -> Task:
    kind = rng.weighted(_KINDS, _KIND_SUMS)
    if rng.random() < 0.02:
        rep = rng.choice(REPS)
    done = min(at + rng.randrange(10 * MINUTE, 2 * HOUR), now) if rng.random() < 0.9 else None
    return Task(person, kind, rng.choice(_SUBJECTS[kind]), at, done, rep, deal)


def settle_causes(draws: Draws, business: Business, members: list[Membership], done: list[Task]) -> None:
    """For each deal, which answers and meetings of its contacts brought it about: the answer key's secret."""
    rng = draws("causes")
    answers: dict[int, list[Membership]] = {}
    for member in members:
        if member.responded is not None:
            answers.setdefault(member.person.key, []).append(member)
    meetings: dict[int, list[Task]] = {}
    for task in done:
        if task.kind == "Meeting" and task.done is not None:
            meetings.setdefault(task.person.key, []).append(task)
    for deal in business.deals:
        until, keys = deal.created, [p.key for p in deal.contacts]
        since = until - 120 * DAY
        likely = [
            m for k in keys for m in answers.get(k, ())
            if m.cause_of is None and m.responded is not None and since <= m.responded <= until
        ]  # fmt: skip
        for member in rng.sample(likely, min(len(likely), 2)):
            if rng.random() < member.campaign.kind[4] / 2.2:
                member.cause_of = deal
        for task in [
            t for k in keys for t in meetings.get(k, ())
            if t.done is not None and since <= t.done <= until and t.cause_of is None
        ][:1]:  # fmt: skip
            task.cause_of = deal
