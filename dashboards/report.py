"""The page as one file that needs nothing else, for those without the server."""

from __future__ import annotations

from pathlib import Path

from dashboards import page
from dashboards.filters import Filters, choices, read
from dashboards.server import moment
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse


def write(settings: Settings, file: Path, wish: dict[str, str] | None = None) -> Path:
    """Write it, whole or not at all. Raises CrmError when nothing is published."""
    with Warehouse(settings.paths).reading() as connection:
        filters: Filters = read(wish or {}, choices(connection))
        text = page.render(connection, filters, None, as_of=moment(settings))
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".partial")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
    return file
