"""Every model against an example worked by hand, by the SQL of the dbt models."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.fixtures.credits import INFLUENCE, JOURNEY, Deal, Touch, credits, parts

LONG_AGO = (
    Touch("a", "2025-01-01 00:00:00+00"), Touch("b", "2025-10-01 00:00:00+00"), Touch("c", "05-01")
)  # fmt: skip


BY_HAND: list[tuple[dict[str, Any], str]] = [
    ({"model": "first"}, "a 1000"),
    ({"model": "last"}, "f 1000"),
    ({"model": "last_non_direct"}, "e 1000"),
    ({"model": "linear"}, "a 166.67 b 166.67 c 166.67 d 166.67 e 166.66 f 166.66"),
    ({"model": "u_shaped"}, "a 400 b 400 c 50 d 50 e 50 f 50"),
    ({"model": "u_shaped_marketo"}, "a 500 b 500"),
    ({"model": "position_based"}, "a 400 b 50 c 50 d 50 e 50 f 400"),
    ({"model": "w_shaped"}, "a 300 b 300 c 33.34 d 300 e 33.33 f 33.33"),
    ({"model": "full_path"}, "a 225 b 225 c 50 d 225 e 50 f 225"),
    ({"model": "multi_touch"}, "a 225 b 225 c 50 d 225 e 50 f 225"),
    ({"model": "j_shaped"}, "a 200 b 50 c 50 d 50 e 50 f 600"),
    ({"model": "inverse_j_shaped"}, "a 600 b 50 c 50 d 50 e 50 f 200"),
    # Four channels, 250 each; e-mail's by its three touches, or to the one with which it came in.
    ({"model": "shapley"}, "a 250 b 83.34 c 83.33 d 250 e 83.33 f 250"),
    ({"model": "shapley_ordered"}, "a 250 b 250 d 250 f 250"),
    # 1, 2, 4, ... 32 of 63 parts, the last the largest.
    ({"model": "step_decay"}, "a 15.87 b 31.75 c 63.49 d 126.98 e 253.97 f 507.94"),
    ({"model": "ours_1", "weights": {"first-touch": "0.3", "last-touch": "0.7"}}, "a 300 f 700"),
    ({"model": "ours_2", "positions": {1: "0.5", 2: "0.3", -2: "0.2"}}, "a 500 b 300 e 200"),
    ({"model": "ours_3", "variant": "linear", "without_channels": ["email"]}, "a 333.34 d 333.33 f 333.33"),
    ({"model": "ours_4", "variant": "linear", "lookback_days": 30}, "a 200 c 200 d 200 e 200 f 200"),
    ({"model": "ours_5", "variant": "linear", "lookback_days": 31, "lookback_from": "close"},
     "a 333.34 e 333.33 f 333.33"),
]  # fmt: skip


def test_each_model_is_what_was_worked_out_by_hand() -> None:
    found = credits([model for model, _ in BY_HAND], Deal(JOURNEY))
    assert found == {model["model"]: parts(by_hand) for model, by_hand in BY_HAND}


def test_time_decay_halves_with_each_half_life() -> None:
    touches = (Touch("a", "05-01"), Touch("b", "05-08"), Touch("c", "05-15"))
    assert credits([{"model": "time_decay", "half_life_days": 7}], Deal(touches, Decimal(700)))[
        "time_decay"
    ] == parts("a 100 b 200 c 400")
    assert credits([{"model": "time_decay", "half_life_days": 14}], Deal(touches[::2], Decimal(600)))[
        "time_decay"
    ] == parts("a 200 c 400")


@pytest.mark.parametrize(
    ("deal", "model", "by_hand"),
    [
        # One touch is everything; two share what the others would have had, evenly by point.
        (Deal(JOURNEY[:1]), "full_path", "a 1000"),
        (Deal((JOURNEY[0], JOURNEY[5])), "position_based", "a 500 f 500"),
        (Deal((JOURNEY[0], JOURNEY[5])), "j_shaped", "a 300 f 700"),
        # a is first, lead and opportunity: three points of four.
        (Deal((JOURNEY[0], JOURNEY[5])), "full_path", "a 750 f 250"),
        # Open: nothing was closed; 225 x 3 and 100 for two others, of 775.
        (Deal((*JOURNEY[:2], *JOURNEY[3:]), Decimal(775), closed=None, won=False),
         "full_path", "a 225 b 225 d 225 e 50 f 50"),
        # No touch before the lead was created: u-shaped loses its 40, of 60 the first has 40.
        (Deal((Touch("a", "03-10"), Touch("b", "04-10")), Decimal(60)), "u_shaped", "a 40 b 20"),
        # Only the very first touch has no window: what comes after it is no first because it was direct.
        (Deal((Touch("a", "2023-05-01 00:00:00+00", "direct"), Touch("b", "2024-05-01 00:00:00+00"),
               Touch("c", "04-10", "direct"))), "last_non_direct", "c 1000"),
        (Deal((Touch("a", "2023-05-01 00:00:00+00", "direct"), Touch("b", "2024-05-01 00:00:00+00"))),
         "last_non_direct", "a 1000"),
        (Deal((Touch("a", "2023-05-01 00:00:00+00"), Touch("c", "04-10", "direct"))),
         "last_non_direct", "a 1000"),
        # Ties in time are told apart by id.
        (Deal((Touch("b", "04-10"), Touch("a", "04-10"))), "first", "a 1000"),
        (Deal((Touch("b", "04-10"), Touch("a", "04-10"))), "last", "b 1000"),
        # Only direct touches: the last of them.
        (Deal((Touch("a", "04-10", "direct"), Touch("b", "04-11", "direct"))), "last_non_direct", "b 1000"),
        # The milestone has its own window: b earned the lead long before the window of the others opened.
        (Deal(LONG_AGO, lead="2025-10-02 00:00:00+00"), "u_shaped", "a 400 b 400 c 200"),
        (Deal(LONG_AGO, lead="2025-10-02 00:00:00+00"), "linear", "a 500 c 500"),
        # A milestone whose last touch is older than the window has none, though there is a first touch:
        # the lead's 40 go to the rest in proportion, so 40 and 20 of 60.
        (Deal(LONG_AGO), "u_shaped", "a 666.67 c 333.33"),
        (Deal(LONG_AGO[:1]), "full_path", "a 1000"),
        # Time decays from the last touch that counts, not from one that only holds a milestone.
        (Deal(LONG_AGO[:2], lead="2025-10-02 00:00:00+00"), "time_decay", "a 1000"),
        # Several people of a deal are one journey.
        (Deal((Touch("a", "02-01"), Touch("b", "03-01", person="ben")), people=("ana", "ben")),
         "linear", "a 500 b 500"),
        # The day of closing counts until it is over.
        (Deal((Touch("a", "06-01"),)), "first", "a 1000"),
        # Refunds are negative, a reopened deal earns pipeline.
        (Deal(JOURNEY[:3], Decimal("-100.00")), "linear", "a -33.34 b -33.33 c -33.33"),
        (Deal(JOURNEY[:2], closed=None, won=False), "linear", "a 500 b 500"),
        (Deal(JOURNEY[:2], Decimal("0.01")), "linear", "a 0.01 b 0.00"),
        # As large as a field of money can be.
        (Deal(JOURNEY[:3], Decimal("9999999999999999.98")), "linear",
         "a 3333333333333333.33 b 3333333333333333.33 c 3333333333333333.32"),
        # Part of it was paid, or given back: the amount that the CRM has now is what is shared out.
        (Deal(JOURNEY[:3], Decimal("666.65")), "linear", "a 222.22 b 222.22 c 222.21"),
    ],
)  # fmt: skip
def test_an_edge_case_is_as_decided(deal: Deal, model: str, by_hand: str) -> None:
    assert credits([{"model": model}], deal)[model] == parts(by_hand)


def test_last_non_direct_falls_back_on_direct_and_on_no_other_channel_left_out() -> None:
    model = {"model": "ours", "variant": "last_non_direct", "without_channels": ["email"]}
    path = (Touch("a", "04-10", "paid_search"), Touch("b", "04-11", "direct"), Touch("c", "04-12", "email"))
    assert credits([model], Deal(path))["ours"] == parts("a 1000")
    assert credits([model], Deal(path[1:]))["ours"] == parts("b 1000")


@pytest.mark.parametrize(
    ("touchpoints", "by_hand"),
    [
        (["first-touch", "lead-creation"], "a 400 b 400 c 50 d 50 e 50 f 50"),
        (
            ["first-touch", "lead-creation", "opportunity-creation"],
            "a 300 b 300 c 33.34 d 300 e 33.33 f 33.33",
        ),
        (["first-touch"], "a 1000"),
    ],
)
def test_fewer_touchpoints_are_another_shape(touchpoints: list[str], by_hand: str) -> None:
    found = credits([{"model": "multi_touch"}], Deal(JOURNEY), touchpoints=touchpoints)
    assert found["multi_touch"] == parts(by_hand)


MEMBERS = (
    Touch("m1", "01-20", campaign="A", kind="membership", earns=False),
    Touch("m2", "02-20", campaign="B", kind="membership", earns=False),
    Touch("m3", "03-20", campaign="A", kind="membership", earns=False),
    Touch("m4", "05-20", campaign="C", kind="membership", earns=True),
    Touch("m5", "05-21", campaign="D", kind="membership", record="salesforce:org:Lead:1"),
    Touch("w", "05-22", kind="conversion"),
    # Attending stands as HubSpot's event; the contact's membership is its copy, and counts by it.
    Touch("h", "05-23", campaign="F", kind="event", record="hubspot:portal:contacts:1", member=True),
    Touch("m6", "05-23", campaign="F", kind="membership", counted=False),
    Touch("late", "06-02", campaign="E", kind="membership"),
)


def test_campaign_influence_knows_campaigns_of_contacts_with_a_role() -> None:
    assert credits(INFLUENCE, Deal(MEMBERS, campaign="B")) == {
        "salesforce_primary": parts("m2 1000"),
        "salesforce_first": parts("m1 1000"),
        "salesforce_last": parts("h 1000"),
        "salesforce_even": parts("h 250 m1 250 m2 250 m4 250"),
    }
    assert not any(credits(INFLUENCE, Deal(MEMBERS, campaign="B", via="account")).values())


def test_a_primary_campaign_nobody_was_a_member_of_earns_nothing() -> None:
    assert credits([{"model": "salesforce_primary"}], Deal(MEMBERS, campaign="Z"))["salesforce_primary"] == {}
