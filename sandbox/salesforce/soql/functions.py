"""SOQL's functions of single values, as SQL: currencies, formats, zones, distances, parts of dates.

Belongs here: what a function makes of a value. What a path is, is in `scope`.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sandbox import times
from sandbox.salesforce.fields import NUMERIC, Field, SObject
from sandbox.salesforce.org import Org

_NUMBER = "cast(strftime('%{code}', {{}}) as integer)"
PARTS = {
    **{f"{kind}_{part}": _NUMBER.format(code=code) for kind in ("calendar", "fiscal")
       for part, code in (("year", "Y"), ("month", "m"))},
    **{f"{kind}_quarter": "(cast(strftime('%m', {}) as integer) + 2) / 3" for kind in ("calendar", "fiscal")},
    "day_in_month": _NUMBER.format(code="d"), "day_in_year": _NUMBER.format(code="j"),
    "hour_in_day": _NUMBER.format(code="H"), "week_in_year": "(cast(strftime('%j', {}) as integer) + 6) / 7",
    "week_in_month": "(cast(strftime('%d', {}) as integer) + 6) / 7",
    "day_in_week": "cast(strftime('%w', {}) as integer) + 1", "day_only": "substr({}, 1, 10)",
}  # fmt: skip
"""Parts of a date or an instant."""
_DATED = {
    "Opportunity": '{t}."CloseDate"', "OpportunityHistory": '{t}."CloseDate"',
    "OpportunityLineItem": '(select o."CloseDate" from "Opportunity" o where o."Id" = {t}."OpportunityId")',
}  # fmt: skip
"""Whose amounts have the rate of a day, where the org has such rates."""
_RADIUS = {"km": 6371.0088, "mi": 3958.7613}


def in_corporate(org: Org, sobject: SObject, alias: str, expression: str) -> str:
    """A row's amount in the org's own currency, by the rate of the row's."""
    if "CurrencyIsoCode" not in sobject.fields or "CurrencyType" not in org.objects:
        return expression
    own = f'{alias}."CurrencyIsoCode"'
    rates = [f'(select c."ConversionRate" from "CurrencyType" c where c."IsoCode" = {own})', "1.0"]
    if sobject.name in _DATED and "DatedConversionRate" in org.objects:
        day = _DATED[sobject.name].format(t=alias)
        rates.insert(
            0,
            f'(select d."ConversionRate" from "DatedConversionRate" d where d."IsoCode" = {own} and '
            f'd."StartDate" <= {day} order by d."StartDate" desc limit 1)',
        )
    return f"({expression} / coalesce({', '.join(rates)}))"


def amount_in_corporate(org: Org, literal: str) -> float | None:
    """`USD5000` in the org's own currency; None for a currency it does not have."""
    row = org.store.row(
        'select "ConversionRate" from "CurrencyType" where "IsoCode" = ? and "IsActive" = \'true\'',
        (literal[:3],),
    )
    return float(literal[3:]) / float(row[0]) if row is not None and row[0] else None


def zone_name(org: Org) -> str:
    """Where the user is: days of date literals begin there."""
    found = org.store.value('select "TimeZoneSidKey" from "User" where "Id" = ?', (org.user_id,))
    try:
        return ZoneInfo(str(found)).key if found else "UTC"
    except (ValueError, OSError, KeyError):  # no zone of that name is a KeyError
        return "UTC"


def local(org: Org, expression: str) -> str:
    """An instant as the user's clock shows it."""
    zone = zone_name(org)
    return expression if zone == "UTC" else f"soql_local({expression}, '{zone}')"


def formatted(org: Org, found: Field, expression: str, iso: str) -> str:
    """A value as people in the United States read it."""
    scale = 2 if found.scale is None else found.scale
    shown = local(org, expression) if found.type == "datetime" else expression
    return f"soql_format('{found.type}', {shown}, {iso}, {scale})"


def register(db: sqlite3.Connection, now: Callable[[], int]) -> None:
    """Let a connection run the functions that SQLite does not have."""
    db.create_function("soql_now", 0, lambda: times.iso_seconds(now()))
    db.create_function("soql_local", 2, _local, deterministic=True)
    db.create_function("soql_format", 4, _format, deterministic=True)
    db.create_function("soql_distance", 5, _distance, deterministic=True)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _local(value: str | None, zone: str) -> str | None:
    if value is None:
        return None
    instant = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return instant.astimezone(_zone(zone)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _format(kind: str, value: object, iso: str | None, scale: int) -> str | None:
    if value is None:
        return None
    if kind in NUMERIC:
        number = f"{float(str(value)):,.{0 if kind == 'int' else scale}f}"
        if kind == "currency":
            return f"{iso} {number}" if iso else number
        return f"{number}%" if kind == "percent" else number
    if kind in ("date", "datetime"):
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        day = f"{moment.month}/{moment.day}/{moment.year}"
        return day if kind == "date" else f"{day}, {moment.hour % 12 or 12}:{moment.minute:02d} " + (
            "AM" if moment.hour < 12 else "PM"
        )  # fmt: skip
    return str(value)


def _distance(
    latitude: float | None, longitude: float | None, to_latitude: float, to_longitude: float, unit: str
) -> float | None:
    """Along the surface of the earth."""
    if latitude is None or longitude is None:
        return None
    one, other = math.radians(latitude), math.radians(to_latitude)
    half_high, half_wide = (one - other) / 2, math.radians(longitude - to_longitude) / 2
    chord = math.sin(half_high) ** 2 + math.cos(one) * math.cos(other) * math.sin(half_wide) ** 2
    return 2 * _RADIUS[unit] * math.asin(min(1.0, math.sqrt(chord)))
