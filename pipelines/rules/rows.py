"""Parsed rules -> the rows and column types of the tables of schema `rules`.

Belongs here: one function per table, nothing else. Column names are promised in docs/interfaces.md.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipelines.rules.attribution import Attribution
from pipelines.rules.attribution_models import POINTS
from pipelines.rules.identity import Identity
from pipelines.rules.kpis import Kpis
from pipelines.rules.lead_score import LeadScore
from pipelines.rules.routing import Load
from pipelines.rules.stages import Stages
from pipelines.rules.teams import Teams

Columns = tuple[tuple[str, pa.DataType], ...]
Rows = tuple[Columns, list[tuple[Any, ...]]]

_TEXT, _WHOLE, _YES_NO = pa.string(), pa.int64(), pa.bool_()
_VENDORS = ("hubspot", "salesforce")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _texts(*names: str) -> Columns:
    return tuple((name, _TEXT) for name in names)


def stages(rules: Stages) -> Rows:
    columns: Columns = (
        *_texts("vendor", "pipeline", "stage", "canonical_stage"),
        ("position", _WHOLE), ("is_closed", _YES_NO), ("is_won", _YES_NO),
    )  # fmt: skip
    return columns, [
        (vendor, pipeline, stage, entry.stage, position, entry.closed is not None, entry.closed == "won")
        for position, entry in enumerate(rules.opportunity, start=1)
        for vendor in _VENDORS
        for pipeline, stage in entry.of(vendor)
    ]


def lifecycle(rules: Stages) -> Rows:
    """A value that is only written, and never read, has `is_read` false; see config/stages.yml."""
    columns: Columns = (
        *_texts("vendor", "object", "value", "canonical_stage"),
        ("position", _WHOLE), ("is_read", _YES_NO), ("is_written", _YES_NO),
    )  # fmt: skip
    content: list[tuple[Any, ...]] = []
    for position, entry in enumerate(rules.lifecycle, start=1):
        for vendor, kind in (("hubspot", "contacts"), ("salesforce", "Lead")):
            read, written = getattr(entry.reads, vendor), getattr(entry.writes, vendor)
            values = list(dict.fromkeys([*read, *([written] if written else [])]))
            content += [(vendor, kind, v, entry.stage, position, v in read, v == written) for v in values]
    return columns, content


def load_values(rules: Load) -> Rows:
    """What makes a person an open lead that nobody works on; see `Load`."""
    values = {
        "stage": rules.stages, "closed_status": rules.closed_statuses,
        "worked_status": rules.worked_statuses,
    }  # fmt: skip
    return _texts("kind", "value"), [(kind, value) for kind, some in values.items() for value in some]


def lifecycle_dates(rules: Stages) -> Rows:
    """Whose date of first entry counts, by stage."""
    columns: Columns = (*_texts("canonical_stage", "picks"), ("position", _WHOLE))
    return columns, [(e.stage, e.date, position) for position, e in enumerate(rules.lifecycle, start=1)]


def lifecycle_defaults(rules: Stages) -> Rows:
    """The stage of a record that names none."""
    columns: Columns = (*_texts("vendor", "object", "canonical_stage"), ("position", _WHOLE))
    places = {entry.stage: position for position, entry in enumerate(rules.lifecycle, start=1)}
    return columns, [
        (*kind.split("."), stage, places[stage]) for kind, stage in rules.lifecycle_defaults.items()
    ]


def lead_score_rules(rules: LeadScore) -> Rows:
    """Fit rules have a row for each value they match; a rule counts once however many of its rows match."""
    columns: Columns = (
        *_texts("rule", "kind", "match_value"),
        ("points", _WHOLE), ("half_life_days", _WHOLE), ("at_most", _WHOLE),
    )  # fmt: skip
    fit = [
        (rule.rule, rule.attribute, str(value).lower(), rule.points, None, None)
        for rule in rules.fit
        for value in rule.values
    ]
    engagement = [
        (rule.rule, "touch", rule.touch, rule.points, rule.half_life_days, rule.at_most)
        for rule in rules.engagement
    ]
    return columns, [*fit, *engagement]


def lead_score(rules: LeadScore) -> Rows:
    """One row: whose score is of record, and how it is tested."""
    columns: Columns = (*_texts("score_of_record", "outcome"), ("horizon_days", _WHOLE), ("cohorts", _WHOLE))
    tested = rules.backtest
    return columns, [(rules.score_of_record, tested.outcome, tested.horizon_days, tested.cohorts)]


def lead_score_bands(rules: LeadScore) -> Rows:
    """Scores from `from_score` up to `to_score`, both included."""
    columns: Columns = (("band", _TEXT), ("from_score", _WHOLE), ("to_score", _WHOLE))
    starts = rules.backtest.bands
    ends = [*(start - 1 for start in starts[1:]), 100]
    return columns, [(f"{start:02d}-{end}", start, end) for start, end in zip(starts, ends, strict=True)]


def channels(rules: Attribution) -> Rows:
    columns = (*_texts("vendor", "kind", "match_value", "channel", "source", "medium"), ("position", _WHOLE))
    return columns, [
        (vendor, kind, rule.match, rule.channel, rule.source, rule.medium, position)
        for position, (vendor, kind, rule) in enumerate(rules.channels.rows(), start=1)
    ]


def attribution_models(rules: Attribution) -> Rows:
    weights = tuple((f"w_{point}", _WHOLE) for point in POINTS)
    places = (("places", pa.list_(_WHOLE)), ("places_back", pa.list_(_WHOLE)))
    columns: Columns = (
        ("model", _TEXT), ("position", _WHOLE), ("lookback_days", _WHOLE), ("is_written_back", _YES_NO),
        *_texts("variant", "method", "basis"), ("mask", _WHOLE), *weights, *places,
        ("half_life_days", pa.float64()), ("markov_order", _WHOLE),
    )  # fmt: skip
    return columns, [
        (
            each.model, position, each.basis.lookback_days, each.model == rules.written_back,
            each.variant, each.method, each.basis.name, each.mask,
            *(each.weights.get(point, 0) for point in POINTS),
            _places(each.positions), _places({-place: weight for place, weight in each.positions.items()}),
            each.half_life_days, each.order,
        )
        for position, each in enumerate(rules.resolved(), start=1)
    ]  # fmt: skip


def _places(weights: dict[int, int]) -> list[int]:
    """The weights of positions 1, 2, ... as a list; empty when none is positive."""
    return [weights.get(place, 0) for place in range(1, max((0, *weights)) + 1)]


def attribution_bases(rules: Attribution) -> Rows:
    """Which touches count under the models that name the basis."""
    texts = pa.list_(_TEXT)
    columns: Columns = (
        ("basis", _TEXT), ("lookback_days", _WHOLE), *_texts("lookback_from", "eligibility"),
        ("without_channels", texts), ("only_touch_types", texts), ("unless_alone", _YES_NO),
    )  # fmt: skip
    bases = {each.basis.name: each.basis for each in rules.resolved()}
    return columns, [
        (
            name, basis.lookback_days, basis.lookback_from, basis.eligibility,
            list(basis.without_channels), list(basis.only_touch_types), basis.unless_alone,
        )
        for name, basis in sorted(bases.items())
    ]  # fmt: skip


def attribution_sync(rules: Attribution) -> Rows:
    """What of attribution is written back: (setting, is_on)."""
    columns: Columns = (("setting", _TEXT), ("is_on", _YES_NO))
    return columns, list(rules.sync.dataSync.model_dump().items())


def touch_types(rules: Attribution) -> Rows:
    return _texts("touch_type", "earns"), list(rules.earning().items())


def attribution_settings(rules: Attribution) -> Rows:
    """Lists and limits of attribution as (setting, value), a row for each value."""
    bots, coverage, campaigns = rules.bots, rules.coverage, rules.campaigns
    lists: dict[str, tuple[str, ...]] = {
        "earns_without_channel": rules.earns_without_channels,
        "membership_status": tuple(status.lower() for status in rules.membership_statuses),
        "bot_seconds": (str(bots.seconds_after_delivery),),
        "bot_links": (str(bots.links_at_once),),
        "bot_user_agent": tuple(agent.lower() for agent in bots.user_agents),
        "coverage_touch_type": coverage.touch_types,
        "coverage_without_channel": coverage.without_channels,
        "coverage_after_creation": ("yes",) if coverage.after_creation else (),
        "campaigns_join_when": campaigns.join_when,
        "influence_model": (rules.campaign_influence.model,) if rules.campaign_influence.model else (),
        "campaigns_review_when": campaigns.review_when,
    }
    return _texts("setting", "value"), [(name, value) for name, values in lists.items() for value in values]


def campaign_decisions(rules: Attribution) -> Rows:
    """Pairs of campaigns that config settles."""
    settled = ((rules.campaigns.same, "same"), (rules.campaigns.different, "different"))
    return _texts("left_key", "right_key", "verdict"), [
        (min(pair), max(pair), verdict) for pairs, verdict in settled for pair in pairs
    ]


def identity(rules: Identity) -> Rows:
    """Every list and switch of the matching policy as (setting, value)."""
    lists: dict[str, tuple[str, ...]] = {
        "plus_tags": (rules.email.plus_tags,),
        "role_local_part": rules.email.role_local_parts,
        "placeholder_address": rules.email.placeholder_addresses,
        "placeholder_domain": rules.email.placeholder_domains,
        "free_domain": rules.company.free_domains,
    }
    numbers = rules.matching
    content = [(name, v.lower()) for name, values in lists.items() for v in values]
    content += [
        ("key", f"{entity}.{kind}")
        for entity in ("person", "account", "opportunity")
        for kind in getattr(rules.keys, entity)
    ]
    content += [
        ("join_from", str(numbers.join_from)), ("review_from", str(numbers.review_from)),
        ("most_records", str(numbers.most_records_per_key)), ("most_names", str(numbers.most_names_per_key)),
        ("largest_block", str(numbers.largest_block)), ("review_when", str(rules.deals.review_when)),
    ]  # fmt: skip
    merges = rules.merges
    content += [("merge_object", name) for name in merges.objects]
    content += [("merge_from", str(merges.probability_from)), ("merge_at_most", str(merges.at_most))]
    content += [("merge_when", ",".join(sorted(set(line)))) for line in rules.deals.merge_when]
    return _texts("setting", "value"), content


def identity_links(rules: Identity) -> list[tuple[str, str, str]]:
    """(left_key, right_key, verdict) of each pair that config/identity.yml settles."""
    settled = ((rules.must_link, "same"), (rules.cannot_link, "different"))
    return [(min(pair), max(pair), verdict) for pairs, verdict in settled for pair in pairs]


def survivorship(rules: Identity) -> Rows:
    """Fields that name a rule; `sources` is a field's own order, `vendor.object` joined by commas."""
    return _texts("entity", "field", "rule", "sources"), [
        (entity, field, rule, None) if isinstance(rule, str) else (entity, field, "sources", ",".join(rule))
        for entity, fields in rules.survivorship.fields.items()
        for field, rule in fields.items()
    ]


def precedence(rules: Identity) -> Rows:
    columns = (*_texts("entity", "vendor", "object"), ("rank", _WHOLE))
    return columns, [
        (entity, *source.split("."), rank)
        for entity in ("person", "account", "opportunity")
        for rank, source in enumerate(getattr(rules.survivorship, entity), start=1)
    ]


def kpis(rules: Kpis) -> Rows:
    columns: Columns = (
        *_texts("kpi", "label"), ("target", pa.float64()), *_texts("direction", "unit"), ("position", _WHOLE)
    )  # fmt: skip
    return columns, [
        (k.kpi, k.label, k.target, k.direction, k.unit, position)
        for position, k in enumerate(rules.kpis, start=1)
    ]


def opening_hours(rules: Kpis) -> Rows:
    """ISO weekday (Monday is 1), minutes after midnight in the business zone."""
    columns: Columns = (("weekday", _WHOLE), ("opens_minute", _WHOLE), ("closes_minute", _WHOLE))
    hours = rules.opening_hours
    opens, closes = hours.opens.hour * 60 + hours.opens.minute, hours.closes.hour * 60 + hours.closes.minute
    return columns, [(_WEEKDAYS.index(day) + 1, opens, closes) for day in hours.days]


def calendars(rules: Kpis, people: Teams) -> Rows:
    """Blocks of hours in each person's zone, the business's (also under '') for who has none of their own."""
    columns: Columns = (
        *_texts("calendar", "zone"), ("weekday", _WHOLE), ("opens_minute", _WHOLE), ("closes_minute", _WHOLE)
    )  # fmt: skip
    usual: list[tuple[int, int, int]] = [
        (day, opens, closes) for day, opens, closes in opening_hours(rules)[1]
    ]
    blocks = [("", rules.business_zone, *block) for block in usual]
    for email, person in people.people.items():
        zone = person.zone or rules.business_zone
        if person.hours is None:
            blocks += [(email, zone, *block) for block in usual]
            continue
        week = people.calendars.hours[person.hours] if isinstance(person.hours, str) else person.hours
        for day, of_day in enumerate(week):
            for opens, closes in of_day:
                blocks.append((email, zone, day + 1, opens, min(closes, 1440)))
                if closes > 1440:
                    blocks.append((email, zone, (day + 1) % 7 + 1, 0, closes - 1440))
    return columns, blocks


def calendar_holidays(people: Teams) -> Rows:
    """Days off of each person by the region whose holidays they have."""
    columns: Columns = (*_texts("calendar"), ("day", pa.date32()))
    return columns, [
        (email, holiday.day)
        for email, person in people.people.items()
        for holiday in people.calendars.holidays.get(person.holidays or "", ())
    ]


def team_members(rules: Teams) -> Rows:
    columns: Columns = (
        *_texts("team", "member_email"), ("position", _WHOLE), ("weight", pa.float64()), ("active", _YES_NO)
    )  # fmt: skip
    return columns, [(m.team, m.email.lower(), m.position, m.weight, m.active) for m in rules.members]


def owner_links(rules: Teams) -> Rows:
    """Owners and users whom teams.yml names by their id."""
    named = ((email, person.hubspot_owner, person.salesforce_user) for email, person in rules.people.items())
    return _texts("vendor", "source_id", "email"), [
        (vendor, own, email)
        for email, owner, user in named
        for vendor, own in (("hubspot", owner), ("salesforce", user))
        if own
    ]
