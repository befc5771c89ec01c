"""Words the default world is made of (`words.yml`): people, companies, places, titles, campaigns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_WORDS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))

Place = tuple[str, str, str, str, str, str, str]
CampaignKind = tuple[str, str, str, float, float, int]

FIRST: list[str] = _WORDS["first"].split()
LAST: list[str] = _WORDS["last"].split()
COMPANY_FIRST: list[str] = _WORDS["company_first"].split()
COMPANY_SECOND: list[str] = _WORDS["company_second"].split()
NICKNAMES: dict[str, str] = _WORDS["nicknames"]
TITLES: dict[str, int] = _WORDS["titles"]
PLACES: list[Place] = [tuple(place) for place in _WORDS["places"]]
CAMPAIGN_KINDS: list[CampaignKind] = [tuple(kind) for kind in _WORDS["campaign_kinds"]]
TOPICS: list[str] = _WORDS["topics"]
LEAD_SOURCES: dict[str, str] = _WORDS["lead_sources"]
