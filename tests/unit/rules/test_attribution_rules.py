"""What config says about attribution is what the models are given, and a mistake is a sentence."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.errors import ConfigError
from pipelines.rules.attribution import load_attribution
from pipelines.rules.attribution_models import AttributionModel, Sync, resolved
from pipelines.rules.syncs import load_syncs
from pipelines.settings import PROJECT_ROOT

GIVEN = PROJECT_ROOT.parent / "shared" / "configs" / "attribution_sync.json"
FOUR = ("first-touch", "lead-creation", "opportunity-creation", "closed-won")


def sync(**said: Any) -> Sync:
    return Sync.model_validate({"model": "multi-touch", "touchpoints": FOUR, **said})


def weights(entry: dict[str, Any], said: Sync | None = None) -> dict[str, int]:
    return resolved(AttributionModel.model_validate(entry), said or sync()).weights


@pytest.mark.outside
@pytest.mark.skipif(not GIVEN.is_file(), reason="the given configuration is not here")
def test_the_given_file_is_read_unchanged_and_is_full_path(config: Path) -> None:
    shutil.copy(GIVEN, config / "attribution_sync.json")
    known = load_attribution(config)
    given = json.loads(GIVEN.read_text())
    assert list(known.sync.touchpoints) == given["touchpoints"]
    assert known.sync.dataSync.model_dump() == given["dataSync"]
    model = next(each for each in known.resolved() if each.model == "multi_touch")
    assert model.weights == {
        "first": 225_000, "lead": 225_000, "opportunity": 225_000, "close": 225_000, "others": 100_000
    }  # fmt: skip
    assert model.basis.lookback_days == 90


def test_the_file_beside_takes_the_place_of_the_part(config: Path) -> None:
    said = {"model": "multi-touch", "touchpoints": FOUR[:2], "lookbackWindow": "30d", "lookbackFrom": "close"}
    (config / "attribution_sync.json").write_text(json.dumps(said))
    models = {each.model: each for each in load_attribution(config).resolved()}
    assert models["multi_touch"].weights == {"first": 400_000, "lead": 400_000, "others": 200_000}
    assert {each.basis.lookback_days for each in models.values()} == {30}
    assert {each.basis.lookback_from for each in models.values()} == {"close"}
    (config / "attribution_sync.json").write_text(json.dumps({**said, "lookbackWindow": "3 months"}))
    with pytest.raises(ConfigError, match=r"attribution_sync\.json line 1.*lookbackWindow|lookbackWindow.*"):
        load_attribution(config)


@pytest.mark.parametrize(
    ("touchpoints", "each", "others"), [(4, 225_000, 100_000), (3, 300_000, 100_000), (2, 400_000, 200_000)]
)
def test_the_number_of_touchpoints_is_the_shape(touchpoints: int, each: int, others: int) -> None:
    found = weights({"model": "multi_touch"}, sync(touchpoints=FOUR[:touchpoints]))
    assert found.pop("others") == others
    assert set(found.values()) == {each}


def test_weights_override() -> None:
    said = {"first-touch": "0.5", "closed-won": "0.25", "others": "0.25"}
    expected = {"first": 500_000, "close": 250_000, "others": 250_000}
    assert weights({"model": "multi_touch"}, sync(weights=said)) == expected
    assert weights({"model": "multi_touch", "weights": said}) == expected


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"model": "ours"}, "ours is no known variant"),
        (
            {"model": "ours", "weights": {"first-touch": "0.5", "others": "0.4"}},
            "the weights sum to 0.9, not to 1",
        ),
        (
            {"model": "ours", "weights": {"first-touch": "1.5", "others": "-0.5"}},
            "weight of others is negative",
        ),
        ({"model": "ours", "weights": {"middle": "1"}}, "middle is no point of a journey"),
        ({"model": "ours", "positions": {0: "1"}}, "positions are 1 to 50"),
        ({"model": "first", "weights": {"first-touch": "1"}}, "the weights of first are given"),
        ({"model": "linear", "half_life_days": 7}, "half_life_days belongs to time_decay"),
        ({"model": "linear", "order": 2}, "order belongs to markov"),
        ({"model": "Ours!", "variant": "first"}, "pattern"),
        ({"model": "markov", "order": 0}, "greater than or equal to 1"),
        ({"model": "last", "only_touch_types": ["conversions"]}, "Input should be 'membership'"),
        ({"model": "salesforce_first", "only_touch_types": ["form"]}, "knows memberships only"),
    ],
)
def test_a_model_that_cannot_be_is_refused(entry: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        AttributionModel.model_validate(entry)


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("  - model: linear", "  - {model: paid, variant: linear, without_channels: [e-mail]}\n", "of paid"),
        ("[import, integration]", "[imports] #", "earns_without_channels"),
    ],
)
def test_a_channel_that_no_touch_can_have_is_refused(
    config: Path, before: str, after: str, named: str
) -> None:
    file = config / "attribution.yml"
    file.write_text(file.read_text().replace(before, after + before, 1))
    with pytest.raises(ConfigError, match=f"{named} names (e-mail|imports), which no rule of channels gives"):
        load_attribution(config)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"touchpoints": ["first-touch", "first-touch"]}, "a touchpoint stands twice"),
        ({"touchpoints": []}, "at least 1"),
        ({"weights": {"first-touch": "0.5"}}, "the weights sum to 0.5"),
        ({"touchpoints": FOUR[:1], "weights": {"closed-won": "1"}}, "not among the touchpoints"),
        ({"syncFrequency": "often"}, "syncFrequency"),
    ],
)
def test_a_sync_that_cannot_be_is_refused(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        sync(**said)


def test_models_that_agree_in_what_counts_share_the_work() -> None:
    bases = {resolved(AttributionModel(model=name), sync()).basis for name in ("first", "linear", "markov")}
    assert len(bases) == 1
    decay = resolved(AttributionModel(model="time_decay", half_life_days=Decimal(3)), sync())
    assert (decay.method, decay.half_life_days) == ("decay", 3.0)


def test_what_attribution_says_of_its_frequency_holds_for_syncs_of_nothing_else(config: Path) -> None:
    def found() -> dict[str, str]:
        syncs = load_syncs(config).syncs
        return {name: sync.syncFrequency for name, sync in syncs.items() if sync.vendor != "marketing_cloud"}

    mixed = {"hubspot_contacts", "salesforce_leads", "salesforce_contacts"}  # scores and owners beside
    places = ("hubspot_deals", "salesforce_opportunities", "salesforce_campaigns")
    of_attribution = {f"{place}_attribution" for place in places}
    assert {name for name, said in found().items() if said == "real-time"} == of_attribution
    (config / "attribution_sync.json").write_text(
        json.dumps({"model": "multi-touch", "touchpoints": FOUR, "syncFrequency": "15 minutes"})
    )
    rules = (config / "attribution.yml").read_text()
    (config / "attribution.yml").write_text(
        rules.replace("revenue_by_model: []", "revenue_by_model: [first]")
    )
    text = (config / "syncs.yml").read_text()
    own = "existing: existing_hubspot__deals\n"
    (config / "syncs.yml").write_text(text.replace(own, own + "    syncFrequency: daily\n"))
    said = found()
    assert said["hubspot_deals_attribution"] == "daily"  # its own
    assert said["salesforce_campaigns_attribution"] == said["salesforce_campaign_revenue"] == "15 minutes"
    assert not any(said[name] for name in mixed)
