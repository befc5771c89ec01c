"""Currencies of the account: the company's, the exchange rates, which an app may set and change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, pages, requests
from sandbox.hubspot.catalog import CURRENCIES

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

_NAMES = {"USD": "US Dollar", "EUR": "Euro", "GBP": "British Pound"}


def routes(hubspot: HubSpot) -> list[Route]:
    rates, give = "/settings/currencies", hubspot.versioned
    return [
        *give(
            "POST",
            rates,
            "/exchange-rates",
            lambda call: answer(_rate(hubspot, call, requests.body_of(call))),
        ),
        *give("POST", rates, "/exchange-rates/batch/create", lambda call: _rates(hubspot, call)),
        *give("GET", rates, "/exchange-rates/current", lambda call: _current(hubspot, call)),
        *give("GET", rates, "/exchange-rates/{id}", lambda call: answer(_one(hubspot, call))),
        *give("PATCH", rates, "/exchange-rates/{id}", lambda call: _change(hubspot, call)),
        *give("GET", rates, "/codes", lambda call: _codes()),
        *give("GET", rates, "/company-currency", lambda call: _company(hubspot)),
        *give("POST", rates, "/exchange-rates/batch/read", lambda call: _read_rates(hubspot, call)),
        *give("POST", rates, "/exchange-rates/batch/update", lambda call: _change_rates(hubspot, call)),
        *give("POST", rates, "/exchange-rates/update-visibility", lambda call: _show_rates(hubspot, call)),
    ]


def _codes() -> Response:
    return answer({"results": [{"currencyCode": c, "currencyName": _NAMES[c]} for c in CURRENCIES]})


def _company(hubspot: HubSpot) -> Response:
    code = hubspot.store.get_meta("currency")
    made = hubspot.store.value("select min(created) from owners") or 0
    stamp = times.iso(int(made))
    return answer({"id": "1", "currencyCode": code, "createdAt": stamp, "updatedAt": stamp})


def _asked(hubspot: HubSpot, call: Call) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The inputs of a batch, each with the rate of its id."""
    found = []
    for item in requests.inputs_of(call, requests.body_of(call), 100):
        call.params = {**call.params, "id": str(item.get("id"))}
        found.append((item, _one(hubspot, call)))
    return found


def _read_rates(hubspot: HubSpot, call: Call) -> Response:
    return pages.done(call, [rate for _, rate in _asked(hubspot, call)])


def _change_rates(hubspot: HubSpot, call: Call) -> Response:
    wanted = _asked(hubspot, call)
    return pages.done(
        call, [_renewed(hubspot, call, rate, item.get("conversionRate")) for item, rate in wanted]
    )


def _show_rates(hubspot: HubSpot, call: Call) -> Response:
    """Shown to people or not: all rates from one currency to another."""
    body = requests.body_of(call)
    ends = [str(body.get(name)) for name in ("fromCurrencyCode", "toCurrencyCode")]
    rows = hubspot.store.rows("select shown from exchange_rates order by id")
    found = [rate for (blob,) in rows if [(rate := orjson.loads(blob))["fromCurrencyCode"],
                                          rate["toCurrencyCode"]] == ends]  # fmt: skip
    if not found or not isinstance(body.get("visibleInUI"), bool):
        raise errors.validation(call, "fromCurrencyCode, toCurrencyCode of a rate and visibleInUI are wanted")
    for rate in found:
        rate |= {"visibleInUI": body["visibleInUI"], "updatedAt": times.iso(call.now)}
        hubspot.store.db.execute(
            "update exchange_rates set shown = ? where id = ?", (orjson.dumps(rate), int(rate["id"]))
        )
    call.change("exchange-rates", found[0]["id"], "update", "visibleInUI", None, str(body["visibleInUI"]))
    call.records = len(found)
    return answer(found[-1])


def _number(call: Call, said: Any) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 < said < 1e9:
        raise errors.validation(call, "conversionRate must be a number above 0")
    return float(said)


def _rate(hubspot: HubSpot, call: Call, body: dict[str, Any]) -> dict[str, Any]:
    company = hubspot.store.get_meta("currency")
    code = body.get("fromCurrencyCode")
    if code not in CURRENCIES or code == company:
        raise errors.validation(call, f"fromCurrencyCode must be another currency than {company}")
    at = call.now
    if body.get("effectiveAt") is not None:
        try:
            at = times.parse(str(body["effectiveAt"]))
        except ValueError:
            raise errors.validation(call, "effectiveAt must be an ISO 8601 timestamp") from None
    last = hubspot.store.value("select max(id) from exchange_rates")
    number, stamp = int(last or 1_000) + 1, times.iso(call.now)
    shown = {
        "id": str(number), "fromCurrencyCode": code, "toCurrencyCode": company,
        "conversionRate": _number(call, body.get("conversionRate")), "effectiveAt": times.iso(at),
        "createdAt": stamp, "updatedAt": stamp, "visibleInUI": True,
    }  # fmt: skip
    hubspot.store.db.execute("insert into exchange_rates values (?, ?)", (number, orjson.dumps(shown)))
    call.change("exchange-rates", str(number), "create", "conversionRate", None, str(shown["conversionRate"]))
    call.records += 1
    return shown


def _rates(hubspot: HubSpot, call: Call) -> Response:
    results = [_rate(hubspot, call, each) for each in requests.inputs_of(call, requests.body_of(call), 100)]
    return pages.done(call, results)


def _current(hubspot: HubSpot, call: Call) -> Response:
    """Of each currency the latest that is in effect."""
    found: dict[str, Any] = {}
    for (blob,) in hubspot.store.rows(
        "select shown from exchange_rates where json_extract(shown, '$.effectiveAt') <= ? "
        "order by json_extract(shown, '$.effectiveAt'), id",
        (times.iso(call.now),),
    ):
        rate = orjson.loads(blob)
        found[rate["fromCurrencyCode"]] = rate
    return answer({"results": list(found.values())})


def _one(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    own = requests.whole_id(call.params["id"])
    row = hubspot.store.row("select shown from exchange_rates where id = ?", (own,))
    if row is None:
        raise errors.not_found(call)
    found: dict[str, Any] = orjson.loads(row[0])
    return found


def _change(hubspot: HubSpot, call: Call) -> Response:
    rate = _one(hubspot, call)
    return answer(_renewed(hubspot, call, rate, requests.body_of(call).get("conversionRate")))


def _renewed(hubspot: HubSpot, call: Call, rate: dict[str, Any], said: Any) -> dict[str, Any]:
    new = _number(call, said)
    call.change(
        "exchange-rates", rate["id"], "update", "conversionRate", str(rate["conversionRate"]), str(new)
    )
    rate |= {"conversionRate": new, "updatedAt": times.iso(call.now)}
    hubspot.store.db.execute(
        "update exchange_rates set shown = ? where id = ?", (orjson.dumps(rate), int(rate["id"]))
    )
    call.records += 1
    return rate
