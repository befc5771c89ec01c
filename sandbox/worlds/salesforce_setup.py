"""An org's own setup in the default world: roles, queues, territories, hours, money, products, quotas.

Nothing here depends on a customer, but for the accounts of a territory. Everything is a constant or follows
from the world's dates.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sandbox.salesforce import picklists
from sandbox.times import DAY, from_ms, parse
from sandbox.worlds.reps import MANAGERS, REPS
from sandbox.worlds.salesforce_org import QUEUE_ID
from sandbox.worlds.salesforce_side import Salesforce

Row = dict[str, Any]
RATES = {"USD": 1.0, "EUR": 0.92, "GBP": 0.79}
PRODUCTS = (
    ("Core Platform", "CORE", "Platform", 1_200), ("Analytics Pack", "ANLT", "Add-on", 450),
    ("Automation Pack", "AUTO", "Add-on", 380), ("Premium Support", "SUPP", "Services", 900),
    ("Onboarding", "ONBD", "Services", 2_500), ("Integration Hub", "INTG", "Platform", 760),
)  # fmt: skip
HOLIDAYS = (
    ("New Year's Day", 1, 1),
    ("Labour Day", 5, 1),
    ("Founders' Day", 9, 14),
    ("Christmas Day", 12, 25),
)


def start(side: Salesforce) -> None:
    """Put the setup into the org."""
    at = side.business.now - 800 * DAY
    _people(side, at)
    _territories(side, at)
    _hours(side, at)
    _money(side, at)
    _products(side, at)
    _periods(side, at)


def _add(side: Salesforce, name: str, rows: list[Row]) -> list[str]:
    """Rows with new ids; those ids."""
    found = [{"Id": side.loader.new_id(name), **row} for row in rows]
    side.loader.add(name, found)
    return [row["Id"] for row in found]


def _people(side: Salesforce, at: int) -> None:
    stamp = {"SystemModstamp": at}
    (top,) = _add(side, "UserRole", [{"Name": "VP Sales", "DeveloperName": "VP_Sales", **stamp}])
    for manager in MANAGERS:
        name = f"{manager.last} Team"
        (role,) = _add(side, "UserRole", [
            {"Name": name, "DeveloperName": name.replace(" ", "_"), "ParentRoleId": top,
             "ForecastUserId": side.users[manager.email], **stamp}
        ])  # fmt: skip
        team = [side.users[rep.email] for rep in REPS if rep.manager == manager.email]
        side.loader.store.db.executemany(
            'update "User" set UserRoleId = ? where Id = ?', [(role, user) for user in team]
        )
    _add(side, "QueueSobject", [{"QueueId": QUEUE_ID, "SobjectType": t, **stamp} for t in ("Lead", "Case")])
    _add(side, "GroupMember", [
        {"GroupId": QUEUE_ID, "UserOrGroupId": side.users[m.email], **stamp} for m in MANAGERS
    ])  # fmt: skip
    _add(side, "LeadStatus", [
        {"MasterLabel": s, "ApiName": s, "SortOrder": n, "IsDefault": n == 1, "CreatedDate": at,
         "IsConverted": s == "Closed - Converted"}
        for n, s in enumerate(picklists.PICKLISTS["Lead"]["Status"], start=1)
    ])  # fmt: skip
    _add(side, "RecordType", [
        {"Name": n, "DeveloperName": n.replace(" ", "_"), "SobjectType": "Opportunity", "IsActive": True,
         "CreatedDate": at} for n in ("New Business", "Renewal")
    ])  # fmt: skip


def _territories(side: Salesforce, at: int) -> None:
    stamp = {"SystemModstamp": at}
    for manager, name in zip(
        MANAGERS, ("North America", "Continental Europe", "United Kingdom"), strict=True
    ):
        (territory,) = _add(side, "Territory2", [
            {"Name": name, "DeveloperName": name.replace(" ", "_"), **stamp}
        ])  # fmt: skip
        side.territories[manager.currency] = territory
        team = [manager, *(rep for rep in REPS if rep.manager == manager.email)]
        _add(side, "UserTerritory2Association", [
            {"UserId": side.users[rep.email], "Territory2Id": territory, "IsActive": True,
             "RoleInTerritory2": "Manager" if rep is manager else "Account Executive", **stamp}
            for rep in team
        ])  # fmt: skip


def add(side: Salesforce) -> None:
    """Put a region's accounts into their territories."""
    for currency, territory in side.territories.items():
        _add(side, "ObjectTerritory2Association", [
            {"ObjectId": side.accounts[c.key], "Territory2Id": territory,
             "AssociationCause": "Territory2Manual",
             "SobjectType": "Account", "SystemModstamp": c.created}
            for c in side.business.companies if c.place[4] == currency
        ])  # fmt: skip


def _hours(side: Salesforce, at: int) -> None:
    for number, zone in enumerate(("America/New_York", "Europe/Rome", "Europe/London")):
        week: Row = {}
        for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
            week |= {f"{day}StartTime": "09:00:00.000Z", f"{day}EndTime": "17:30:00.000Z"}
        _add(side, "BusinessHours", [
            {"Name": f"{zone.rpartition('/')[2].replace('_', ' ')} office", "IsActive": True,
             "IsDefault": number == 0, "TimeZoneSidKey": zone, "CreatedDate": at, **week}
        ])  # fmt: skip
    year = from_ms(side.business.now).year
    _add(side, "Holiday", [
        {"Name": name, "ActivityDate": date(y, month, day).isoformat(), "IsAllDay": True, "CreatedDate": at}
        for y in (year - 1, year) for name, month, day in HOLIDAYS
    ])  # fmt: skip


def _months(side: Salesforce, count: int) -> list[date]:
    """First days of the latest `count` months, oldest first, this month last."""
    now = from_ms(side.business.now)
    found = [date(now.year, now.month, 1)]
    while len(found) < count:
        found.insert(0, (found[0] - timedelta(days=1)).replace(day=1))
    return found


def _money(side: Salesforce, at: int) -> None:
    _add(side, "CurrencyType", [
        {"IsoCode": code, "ConversionRate": rate, "DecimalPlaces": 2, "IsActive": True,
         "IsCorporate": code == "USD", "CreatedDate": at} for code, rate in RATES.items()
    ])  # fmt: skip
    months = _months(side, 27)
    following = [*months[1:], date(9999, 12, 31)]
    for code, base in RATES.items():
        _add(side, "DatedConversionRate", [
            {"IsoCode": code, "StartDate": start.isoformat(), "NextStartDate": end.isoformat(),
             "ConversionRate": base if code == "USD" else round(base * (1 + ((n * 7) % 13 - 6) / 150), 6),
             "CreatedDate": parse(f"{start.isoformat()}T00:05:00Z")}
            for n, (start, end) in enumerate(zip(months, following, strict=True))
        ])  # fmt: skip


def _products(side: Salesforce, at: int) -> None:
    (book,) = _add(side, "Pricebook2", [
        {"Name": "Standard Price Book", "IsActive": True, "IsStandard": True, "CreatedDate": at}
    ])  # fmt: skip
    for name, code, family, price in PRODUCTS:
        (product,) = _add(side, "Product2", [
            {"Name": name, "ProductCode": code, "Family": family, "IsActive": True, "CreatedDate": at,
             "CurrencyIsoCode": "USD"}
        ])  # fmt: skip
        entries = _add(side, "PricebookEntry", [
            {"Name": name, "Pricebook2Id": book, "Product2Id": product, "ProductCode": code, "IsActive": True,
             "UnitPrice": round(price * rate, 2), "CurrencyIsoCode": currency, "CreatedDate": at}
            for currency, rate in RATES.items()
        ])  # fmt: skip
        for currency, entry in zip(RATES, entries, strict=True):
            side.prices.setdefault(currency, []).append(
                (entry, product, name, code, round(price * RATES[currency], 2))
            )


def _periods(side: Salesforce, at: int) -> None:
    stamp = {"SystemModstamp": at}
    for start in _months(side, 12):
        end = (start + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        label = f"{start:%B} {start.year}"
        (period,) = _add(side, "Period", [
            {"StartDate": start.isoformat(), "EndDate": end.isoformat(), "Type": "Month",
             "Number": start.month,
             "IsForecastPeriod": True, "FullyQualifiedLabel": label, **stamp}
        ])  # fmt: skip
        _add(side, "ForecastingQuota", [
            {"QuotaOwnerId": side.users[rep.email], "PeriodId": period, "StartDate": start.isoformat(),
             "QuotaAmount": 40_000.0 + 5_000 * (n % 4), "IsAmount": True, "CurrencyIsoCode": rep.currency,
             "CreatedDate": at} for n, rep in enumerate(REPS)
        ])  # fmt: skip
        _add(side, "ForecastingItem", [
            {"OwnerId": side.users[rep.email], "PeriodId": period, "ForecastCategoryName": category,
             "ForecastAmount": amount, "AmountWithoutAdjustments": amount, "IsAmount": True,
             "IsUpToDate": True,
             "CurrencyIsoCode": rep.currency, **stamp}
            for n, rep in enumerate(REPS)
            for category, amount in (("Commit", 20_000.0 + 1_000 * n), ("Best Case", 32_000.0 + 1_000 * n))
        ])  # fmt: skip
