"""The asset graph, written down: a change of it is seen in review.

After a change that is meant: `python -m tests.architecture.test_graph_snapshot` writes graph.txt again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.build import build_defs
from orchestration.dbt_graph import manifest as read_manifest
from pipelines.settings import PROJECT_ROOT, Settings

SNAPSHOT = Path(__file__).with_name("graph.txt")


def drawn(manifest: Mapping[str, Any], home: Path) -> str:
    """One line per asset by group: its key, and what it reads."""
    settings = Settings(home=home, config_dir=PROJECT_ROOT / "config")
    graph = build_defs(settings, manifest=manifest).resolve_asset_graph()
    groups: dict[str, list[str]] = {}
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        reads = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        line = f"  {key.to_user_string()}" + (f" <- {reads}" if reads else "")
        groups.setdefault(node.group_name or "", []).append(line)
    return "\n".join(f"{group}\n" + "\n".join(lines) for group, lines in sorted(groups.items())) + "\n"


def test_the_graph_is_as_it_was_written_down(manifest, tmp_path):
    assert drawn(manifest, tmp_path) == SNAPSHOT.read_text()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), config_dir=PROJECT_ROOT / "config")
        SNAPSHOT.write_text(drawn(read_manifest(settings), Path(folder)))
