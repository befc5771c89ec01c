"""Pages for people: templates beside this file, filled in. What they show is the business of who renders."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import times

if TYPE_CHECKING:
    from jinja2 import Environment


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    found.filters["iso"] = times.iso
    return found


def render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)
