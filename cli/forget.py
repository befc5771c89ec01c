"""Removes what `make clean` and `make reset` promise to. Standard library only: it works without `.venv`.

`clean` forgets what can be rebuilt. `reset` forgets everything below `var/`, state and the sandbox too.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

VAR = Path(__file__).resolve().parent.parent / "var"
REBUILT = (
    "warehouse.duckdb",
    "warehouse.duckdb.wal",
    "work.duckdb",
    "work.duckdb.wal",
    "work.by_hand",
    "work.duckdb.tmp",
    "analytics.duckdb",
    "analytics.duckdb.tmp",
    "spool",
    "dlt",
    "dbt",
    "data_docs",
    "logs",
    "dagster",
)


def forget(what: str, home: Path = VAR) -> list[str]:
    """Remove the named set below `home`; the names that were there come back."""
    names = (
        REBUILT if what == "clean" else tuple(sorted(p.name for p in home.iterdir())) if home.is_dir() else ()
    )
    gone = []
    for name in names:
        path = home / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        else:
            continue
        gone.append(name)
    return gone


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in ("clean", "reset"):
        print("usage: python3 -m cli.forget clean|reset", file=sys.stderr)
        return 2
    gone = forget(sys.argv[1])
    print(f"Removed from var/: {', '.join(gone)}." if gone else "There was nothing to remove.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
