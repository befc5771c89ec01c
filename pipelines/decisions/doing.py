"""What is to be done about a decision, as rows of `decisions.actions` that plan and apply carry out.

Belongs here: keys that follow from the decision, texts from templates, who is told where, and quiet hours.
How an action is done at a vendor is its handler's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.decisions.facts import Facts, Owner, Person
from pipelines.decisions.journeys import TYPES as JOURNEY_TYPES
from pipelines.errors import ConfigError
from pipelines.rules.actions import ActionRule
from pipelines.rules.notifications import Channel, NotificationsFile
from pipelines.rules.stages import Stages
from pipelines.rules.teams import Queue, Teams
from pipelines.rules.templates import Rendered, Templates

_VENDOR_OF = {"slack": "slack", "mail": "mail", "webhook": "webhook"}


@dataclass(frozen=True)
class Row:
    """One row of `decisions.actions`."""

    action_key: str
    sync: str
    kind: str
    vendor: str
    object: str
    record_key: str | None
    person_id: str | None
    payload: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    provider: str = "decided"
    rule: str = ""
    reason: str = ""
    due_at: datetime | None = None
    place: int = 0
    """In the order in which things are to be done, as far as no need and no hour says otherwise."""

    def needing(self, needs: tuple[str, ...]) -> Row:
        """The same, done once these are."""
        return replace(self, needs=needs) if needs else self


@dataclass(frozen=True)
class About:
    """What an action is about: the decision behind it, and who is concerned."""

    key: str
    sync: str
    rule: str
    reason: str
    person: Person | None = None
    owner: Owner | None = None
    previous: str | None = None
    team: str = ""
    record_key: str | None = None
    """The deal, for what is no person's."""
    more: Mapping[str, Any] = field(default_factory=dict)


class Doing:
    """Makes rows. One for a run: everything it needs is given to it, the clock too."""

    def __init__(
        self,
        facts: Facts,
        teams: Teams,
        stages: Stages,
        templates: Templates,
        notifications: NotificationsFile,
        now: datetime,
    ) -> None:
        self.facts, self.teams, self.stages = facts, teams, stages
        self.templates, self.notifications, self.now = templates, notifications, now
        self.notes: list[str] = []

    def told(self, about: About) -> dict[str, Any]:
        """What a template may speak of."""
        person, owner = about.person, about.owner
        manager = self.facts.owner(self.teams.manager_of(owner.email if owner else None, about.team))
        return {
            "person": person.told if person else {}, "owner": owner.told if owner else None,
            "previous_owner": about.previous, "team": about.team, "rule": about.rule, "reason": about.reason,
            "manager": manager.told if manager else None, "score": person.score if person else None,
            "stage": (person.stage or "").replace("_", " ") if person else None,
            "history": person.history if person else (), "deals": person.deals if person else (),
            "links": self.facts.links(person) if person else [], "meeting_link": self.meeting_link(about),
            "now": f"{self.now:%Y-%m-%d %H:%M} UTC", "next_step": "get in touch", **about.more,
        }  # fmt: skip

    def said(self, template: str, about: About, *, marked_up: bool) -> Rendered:
        """A template filled. `marked_up`: where it goes, signs mean something; what people and companies are
        called is text. One that lacks a value says why, and who, and nothing else: nobody waits for it."""
        told = self.told(about)
        told = _as_text(told) if marked_up else told
        try:
            return self.templates.render(template, told)
        except ConfigError as error:
            self.notes.append(f"{error.what}; instead people are told the reason alone")
        name = (told["person"] or told.get("deal") or {}).get("name", "")
        short = f"{name}: {told['reason']}" if name else str(told["reason"])
        return Rendered(short, "\n".join([short, *told["links"]]))

    def meeting_link(self, about: About) -> str | None:
        """The owner's own link, as teams.yml or HubSpot has it, or the team's."""
        if about.owner is not None:
            known = self.teams.people.get(about.owner.email)
            if (known and known.meeting_link) or about.owner.meeting_link:
                return (known.meeting_link if known else None) or about.owner.meeting_link
        team = self.teams.team_of(about.owner.email if about.owner else None, about.team)
        return team.meeting_link if team else None

    def message(self, about: About, template: str, channel_name: str, key: str) -> Row | None:
        """A message by a channel; None, and a note, when nobody can be found to send it to."""
        channel = self.notifications.channels.get(channel_name)
        if channel is None:
            self.notes.append(f"channel {channel_name} is not in notifications.yml, so nobody is told")
            return None
        to = self._to(channel, about)
        if to is None:
            self.notes.append(f"nobody is told by channel {channel_name} where there is no {channel.to}")
            return None
        said = self.said(template, about, marked_up=channel.kind == "slack")
        payload = {"to": to, "text": said.body or said.subject, "subject": said.subject, "via": channel.via}
        if self.notifications.quiet_hours is not None:
            payload["zone"] = self._zone_of(about.owner) or self.notifications.quiet_hours.zone
        return Row(
            f"{about.key}.{key}", about.sync, "message", _VENDOR_OF[channel.kind], "messages", None,
            about.person.person_id if about.person else None, payload, (), "decided", about.rule,
            about.reason, self.after_quiet_hours(about.owner),
        )  # fmt: skip

    def after_quiet_hours(self, owner: Owner | None) -> datetime | None:
        """When a message may go: None for now, else the end of the quiet hours in the person's zone."""
        quiet = self.notifications.quiet_hours
        return quiet.until(self.now, self._zone_of(owner)) if quiet is not None else None

    def _zone_of(self, owner: Owner | None) -> str | None:
        known = self.teams.people.get(owner.email) if owner else None
        return known.zone if known else None

    def enrol_in_queue(self, about: About, name: str, queue: Queue) -> list[Row]:
        """What a queue is in each system, for one person."""
        person, found = about.person, []
        assert person is not None
        contact = (
            self.facts.key("hubspot", "contacts", person.contact_hubspot) if person.contact_hubspot else None
        )
        if queue.hubspot_list and contact:
            listed = {"list": queue.hubspot_list, **_refusal(person, queue.purpose)}
            found.append(self._row(about, "list", "list_membership", "hubspot", contact, listed))
        if queue.hubspot_sequence and contact:
            sender = queue.sender or person.owner or ""
            found.append(
                self.enrolment(about, "sequence", queue.hubspot_sequence, sender, contact, queue.purpose)
            )
        if queue.salesforce_queue and person.lead_salesforce:
            lead = self.facts.key("salesforce", "Lead", person.lead_salesforce)
            found.append(self._row(about, "queue", "fields", "salesforce", lead,
                                   {"fields": {"OwnerId": queue.salesforce_queue}}))  # fmt: skip
        if queue.journey:
            found += self.journey("journey", "enter-journey", about, queue.journey, {}, queue.purpose)
        return found

    def journey(
        self, name: str, kind: str, about: About, journey: str, fields: Mapping[str, Any], purpose: str = ""
    ) -> list[Row]:
        """An entry, an exit, or new data for those entries that are kept up."""
        person, known = about.person, self.facts.journeys
        assert person is not None
        if kind == "leave-journey":
            return self._leaving(name, about, journey)
        who = known.subscribers.get(person.person_id)
        if who is None:
            self.notes.append(f"{kind} {journey} is not done for somebody who is no subscriber by an id")
            return []
        if kind == "enter-journey":
            payload = known.entry(
                person.person_id, person.score, journey,
                opted_out=person.refuses(purpose, known.purposes.get(journey, "")), purpose=purpose,
            )  # fmt: skip
            return [self._row(about, name, "journey_entry", "marketing_cloud", who.record_key, payload)]
        found = []
        for payload in known.updates(person.person_id, journey, fields):
            key = f"{name}.{payload['entry_id']}"
            found.append(self._row(about, key, "journey_update", "marketing_cloud", who.record_key, payload))
        if not found:
            self.notes.append(f"update-journey {journey} finds no entry; journeys.yml must keep its event up")
        return found

    def _leaving(self, name: str, about: About, journey: str) -> list[Row]:
        """An exit under each key that is inside: after a conversion the stay is the lead's."""
        assert about.person is not None
        stays = self.facts.journeys.inside.get((about.person.person_id, journey), ())
        if not stays:
            self.notes.append(f"leave-journey {journey} is not done for somebody who is not in it")
        return [
            self._row(about, f"{name}.{key}", "journey_exit", "marketing_cloud", record_key,
                      {"journey": journey, "contact_key": key})
            for key, record_key in stays
        ]  # fmt: skip

    def enrolment(
        self, about: About, key: str, sequence: str, sender: str, contact: str, purpose: str = ""
    ) -> Row:
        person = about.person
        assert person is not None
        sender = sender or (about.owner.email if about.owner else "")
        payload = {
            "sequence": sequence, "sender": sender, "email": person.told["email"],
            **_refusal(person, purpose),
        }  # fmt: skip
        fault = self.facts.unfit_to_send(sender)
        return self._row(about, key, "enrolment", "hubspot", contact,
                         payload | ({"already": fault} if fault else {}))  # fmt: skip

    def of_person(self, rule: ActionRule, about: About) -> list[Row]:
        """The rows of one entry of `actions:` that is about a person."""
        person = about.person
        assert person is not None
        records = self.records(person)
        if rule.type == "update-lifecycle":
            return [
                row
                for v, o, key in records
                for row in self._stage(rule.name, about, v, o, key, rule.value, back=False)
            ]
        if rule.type in ("create-task", "create-note"):
            return self.texts(rule, about, records[:1])
        if rule.type == "enroll-sequence":
            contact = next((key for vendor, _, key in records if vendor == "hubspot"), None)
            fault = self.facts.unfit_to_send(rule.sender or (about.owner.email if about.owner else ""))
            if contact is None or fault:
                said = f"waits: {fault}" if fault else "needs a contact in HubSpot"
                self.notes.append(f"enroll-sequence {rule.sequence} {said}")
                return []
            return [self.enrolment(about, rule.name, rule.sequence, rule.sender, contact, rule.purpose)]
        if rule.type == "set-fields":
            return [self._row(about, name, "fields", v, key, {"fields": said})
                    for name, v, key, said in rule.sets(records)]  # fmt: skip
        if rule.type == "send-notification":
            row = self.message(about, rule.template, rule.channel, rule.name)
            return [row] if row else []
        if rule.type in JOURNEY_TYPES:
            return self.journey(rule.name, rule.type, about, rule.journey, rule.fields, rule.purpose)
        self.notes.append(f"{rule.type} is not done for a person")
        return []

    def texts(
        self, rule: ActionRule, about: About, records: Sequence[tuple[str, str, str]],
        at: datetime | None = None,
    ) -> list[Row]:  # fmt: skip
        """A task, or a note, with the context package as its body. `at`: when it is made, if not now."""
        name, is_note = rule.template or rule.task_type, rule.type == "create-note"
        templates = [each for each in (name, "context" if about.person else "") if self.templates.has(each)]
        due = (at or self.now) + (rule.due_in or timedelta(days=1))
        found = []
        for vendor, _, key in records:
            owner_id = getattr(about.owner, vendor, None) if about.owner else None
            in_hubspot = vendor == "hubspot"  # whose bodies are HTML
            parts = [self.said(each, about, marked_up=in_hubspot).body for each in templates]
            body = "\n\n".join(part for part in parts if part)
            body = body.replace("\n", "<br>") if in_hubspot else body
            if is_note and in_hubspot:
                payload: dict[str, Any] = {"body": body, "at": _utc(self.now), "owner_id": owner_id}
                found.append(self._row(about, rule.name, "note", vendor, key, payload))
                continue
            subject = self.said(name, about, marked_up=False).subject if self.templates.has(name) else ""
            payload = {
                "subject": subject or (rule.task_type or "follow up").replace("-", " ").capitalize(),
                "body": body, "due_at": _utc(due) if in_hubspot else self._day_of(due, about.owner),
                "owner_id": owner_id, "priority": rule.priority,
                "type": "call" if "call" in rule.task_type else "todo",
            }  # fmt: skip
            if is_note:  # a task that is done is what Salesforce shows as a note beside others
                payload |= {"status": "Completed", "due_at": self._day_of(self.now, about.owner)}
            found.append(self._row(about, rule.name, "task", vendor, key, payload))
        return found

    def _day_of(self, moment: datetime, owner: Owner | None) -> str:
        """A moment by the owner's clock: Salesforce keeps the day alone."""
        return moment.astimezone(ZoneInfo(self._zone_of(owner) or "UTC")).isoformat(timespec="seconds")

    def lead_record(self, about: About) -> list[Row]:
        """A lead object of HubSpot for a person who is handed over, where the portal uses them."""
        person, start = about.person, self.facts.new_lead
        contact = person.contact_hubspot if person else None
        if person is None or start is None or contact is None or contact in self.facts.with_open_lead:
            return []
        payload = {
            "name": f"{person.told['name']}, {self.now:%Y-%m-%d}", "pipeline": start[0], "stage": start[1],
            "owner_id": about.owner.hubspot if about.owner else None,
        }  # fmt: skip
        return [self._row(about, "lead", "lead", "hubspot", self.facts.key("hubspot", "contacts", contact),
                          payload)]  # fmt: skip

    def back_to(self, about: About, stage: str) -> list[Row]:
        """The stage of a lead that sales gave back, in each of their records that is past it: one that stayed
        would bring the others forward again."""
        person, order = about.person, [str(each.stage) for each in self.stages.lifecycle]
        assert person is not None
        first = {person.contact_hubspot, person.lead_salesforce}
        found = []
        for vendor, kind, record_id, held in person.staged:
            is_past = held is not None and order.index(held) > order.index(stage)
            if kind == "Lead" and is_past:
                self.notes.append(
                    f"the status of a lead that was given back still means {held} in Salesforce, so the "
                    "stage comes forward again; change the status there"
                )
            if kind == "Lead" or is_past:  # our field of a lead is not what its status says
                name = "recycle" if record_id in first else f"recycle.{record_id}"
                key = self.facts.key(vendor, kind, record_id)
                found += self._stage(name, about, vendor, kind, key, stage, back=True)
        return found

    def records(self, person: Person) -> list[tuple[str, str, str]]:
        """(vendor, object, key) of the person's records: HubSpot's contact first."""
        ids = (
            ("hubspot", "contacts", person.contact_hubspot),
            ("salesforce", "Lead", person.lead_salesforce),
            ("salesforce", "Contact", person.contact_salesforce),
        )
        return [(v, o, self.facts.key(v, o, i)) for v, o, i in ids if i]

    def _stage(
        self, name: str, about: About, vendor: str, object_name: str, key: str, stage: str, *, back: bool
    ) -> list[Row]:
        """One record's lifecycle stage. Backwards HubSpot takes it only when it was emptied before."""
        known = next(each for each in self.stages.lifecycle if each.stage == stage)
        value = getattr(known.writes, vendor)
        if value is None or object_name == "Contact":
            return []
        fields = {"lifecyclestage": value} if vendor == "hubspot" else {"Lead_Status__c": value}
        payload: dict[str, Any] = {"fields": fields, "read_back": True}
        if back and vendor == "hubspot":
            payload["clear_first"] = ["lifecyclestage"]
        return [self._row(about, f"{name}.{vendor}", "fields", vendor, key, payload)]

    def _row(
        self, about: About, key: str, kind: str, vendor: str, record_key: str, payload: Mapping[str, Any]
    ) -> Row:
        object_name = record_key.split(":")[2]
        return Row(f"{about.key}.{key}", about.sync, kind, vendor, object_name, record_key,
                   about.person.person_id if about.person else None, payload, (), "decided", about.rule,
                   about.reason)  # fmt: skip

    def _to(self, channel: Channel, about: About) -> str | None:
        """Where a message goes: an address or a channel."""
        email = about.owner.email if about.owner else None
        team = self.teams.team_of(email, about.team)
        if channel.to == "owner":
            known = self.teams.people.get(email or "")
            return (known.slack if known and channel.kind == "slack" else None) or email
        if channel.to == "manager":
            return self.teams.manager_of(email, about.team)
        if channel.to == "team":
            return team.slack if team else None
        return channel.to


def _as_text(told: Any) -> Any:
    """Values whose signs mean nothing where they go: Slack would call everybody, HubSpot show a link."""
    if isinstance(told, str):
        return escape(told, quote=False)
    if isinstance(told, Mapping):
        return {name: _as_text(value) for name, value in told.items()}
    return [_as_text(each) for each in told] if isinstance(told, list | tuple) else told


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _refusal(person: Person, purpose: str) -> dict[str, Any]:
    """Whether they refuse what it writes for; the purpose stays, for it is asked again while it waits."""
    said: dict[str, Any] = {"opted_out": person.refuses(purpose)}
    return said | ({"purpose": purpose} if purpose else {})
