"""Marketing Cloud's times, which are US Central, all year without daylight saving, and do not say so.

Belongs here: both ways between them and UTC. Data extensions write dates the American way.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

CENTRAL = timezone(timedelta(hours=-6))
_EARLIEST = 1900
_FORMS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y")


def utc(text: str | None) -> str | None:
    """A time of Marketing Cloud's as ISO in UTC; nothing for its year 1, which means never."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.year < _EARLIEST:
        return None
    aware = moment.replace(tzinfo=CENTRAL) if moment.tzinfo is None else moment
    return aware.astimezone(UTC).isoformat()


def of_epoch(milliseconds: str | None) -> str | None:
    """A moment told in milliseconds since 1970 as ISO in UTC; nothing for what is no number."""
    if not milliseconds or not milliseconds.isdigit():
        return None
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC).isoformat()


def central(text: str | None) -> str | None:
    """A date of a data extension, written the American way or in ISO, as ISO in UTC."""
    if not text:
        return None
    for form in _FORMS:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        return utc(moment.replace(tzinfo=CENTRAL).isoformat())
    return utc(text)


def told(text: str) -> str:
    """A moment in ISO as a data extension is told it: Central time, and no zone."""
    moment = datetime.fromisoformat(text)
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return aware.astimezone(CENTRAL).replace(tzinfo=None).isoformat(timespec="milliseconds")
