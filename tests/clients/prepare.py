"""Installs clients that are no dependency of ours, each in an environment of its own: `make clients`.

They are pinned; `var/clients` may be deleted at any time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HOME = PROJECT / "var" / "clients"
TAPS = {"tap-hubspot": "4.5.0", "tap-salesforce": "2.8.1"}
NODE = {"jsforce": "3.10.16", "@hubspot/api-client": "13.5.0"}


def program(name: str) -> Path:
    """Where a client's program is, or would be."""
    if name in NODE:
        return HOME / "node" / "node_modules" / name
    return HOME / name / "bin" / name


def main() -> int:
    uv = PROJECT / ".venv" / "bin" / "uv"
    tool = str(uv) if uv.exists() else shutil.which("uv") or "uv"
    for name, version in TAPS.items():
        if program(name).exists():
            continue
        target = str(HOME / name)
        subprocess.run([tool, "venv", "--quiet", "--python", sys.executable, target], check=True)
        python = str(HOME / name / "bin" / "python")
        subprocess.run(
            [tool, "pip", "install", "--quiet", "--python", python, f"{name}=={version}"], check=True
        )
    npm = shutil.which("npm")
    missing = [f"{name}@{version}" for name, version in NODE.items() if not program(name).exists()]
    if npm is None:
        print(f"{', '.join(NODE)} are left out: there is no npm here", file=sys.stderr)
    elif missing:
        folder = HOME / "node"
        folder.mkdir(parents=True, exist_ok=True)
        manifest = folder / "package.json"
        if not manifest.exists():
            manifest.write_text("{}")
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", *missing]
        subprocess.run(command, cwd=folder, check=True)
    print("The clients are in", HOME.relative_to(PROJECT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
