"""`crm mappings check` and `crm mappings docs`: is the mapping fit for the CRMs, and the page of it."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from cli.screen import table
from pipelines.errors import Exit
from pipelines.settings import load_settings


def check_mappings(*, as_json: bool) -> Exit:
    """Print every finding. GATE when one is an error."""
    from pipelines.reverse_sync.mirror.check import check

    resolved = check(load_settings())
    errors = sum(finding.level == "error" for finding in resolved.findings)
    if as_json:
        print(json.dumps([finding.as_dict() for finding in resolved.findings], indent=2))
        return Exit.GATE if errors else Exit.OK
    console = Console(highlight=False)
    rows = [
        (
            finding.level,
            finding.where,
            finding.field,
            finding.what + (f"; {finding.remedy}" if finding.remedy else ""),
        )
        for finding in resolved.findings
    ]
    if rows:
        console.print(table("Field mappings", ("", "where", "field", "finding"), rows, wrapping=(1, 2, 3)))
    lines = sum(len(pair.lines) for pair in resolved.pairs)
    console.print(f"{lines} lines between {len(resolved.pairs)} pairs of objects, {errors} errors.")
    return Exit.GATE if errors else Exit.OK


def write_page(target: Path | None) -> None:
    """The page of the mappings, to a file or to the screen."""
    from pipelines.reverse_sync.mirror.check import check
    from pipelines.reverse_sync.mirror.page import page

    text = page(check(load_settings()))
    if target is None:
        print(text, end="")
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(f"Written to {target}")
