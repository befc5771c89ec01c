"""Great Expectations' own HTML pages of what was checked, a site per scope, and one page that leads to them.

Belongs here: rendering. The pages are made from validation results in this process; nothing is fetched.
"""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

from expectations.results import SCOPES, Scope
from pipelines.run import Run

TITLES = {"raw": "What arrived from the CRMs", "marts": "The marts", "desired": "What would be written back"}
INDEX = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Quality checks</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem }}
li {{ margin: .5rem 0 }}
</style>
<h1>Quality checks</h1>
<ul>
{items}
</ul>
</html>
"""


def render(context: Any, folder: Path, scope: Scope, run: Run) -> Path:
    """Replace the site of `scope` by what `context` validated; returns the page that leads to all sites."""
    target = folder / scope
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    _compile_templates_once()
    context.add_data_docs_site(site_name=scope, site_config=_site(target))
    context.build_data_docs(site_names=[scope])
    (target / "run").write_text(run.id)
    index = folder / "index.html"
    index.write_text(
        INDEX.format(items="\n".join(_item(folder, known) for known in SCOPES)), encoding="utf-8"
    )
    return index


@cache
def _compile_templates_once() -> None:
    """Each page has an environment of Jinja's own; what it compiles is kept beside the packages, like what
    Python has compiled of them, where those are ours."""
    from great_expectations.render.view.view import DefaultJinjaView
    from jinja2 import FileSystemBytecodeCache

    kept = Path(sys.prefix) / "share" / "crm" / "jinja"
    if not os.access(sys.prefix, os.W_OK):
        return
    kept.mkdir(parents=True, exist_ok=True)
    make = DefaultJinjaView.__init__

    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self.env.bytecode_cache = FileSystemBytecodeCache(str(kept))

    DefaultJinjaView.__init__ = begin


def _site(target: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        # The page of what was seen has each expectation too; nothing is profiled here.
        "site_section_builders": {"expectations": "None", "profiling": "None"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(target)},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
    }


def _item(folder: Path, scope: Scope) -> str:
    note = folder / scope / "run"
    if not note.exists():
        return f"<li>{TITLES[scope]}: not checked yet</li>"
    return f'<li><a href="{scope}/index.html">{TITLES[scope]}</a> (run {note.read_text()})</li>'
