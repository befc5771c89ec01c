"""Makes the project's environment in `.venv`, with the standard library alone.

uv does the work: the one on PATH when it is recent enough, else one fetched from PyPI and kept in
`.venv/bin`. Neither pip nor ensurepip is needed, and no interpreter is ever downloaded: the environment
uses the Python that runs this file. Nothing happens when the environment already matches `uv.lock`.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / ".matches"
UV_VERSION = "0.13.9"
UV_OLDEST = (0, 8)
PYTHON_FROM, PYTHON_BELOW = (3, 11), (3, 14)


def main() -> int:
    if not PYTHON_FROM <= sys.version_info[:2] < PYTHON_BELOW:
        return fail(
            f"Python {platform.python_version()} cannot run this project; "
            "install Python 3.11, 3.12 or 3.13 and say make PYTHON=python3.12"
        )
    wanted = fingerprint()
    if STAMP.is_file() and STAMP.read_text() == wanted:
        return 0
    print("Preparing .venv (packages come from PyPI; the first time takes a minute or so)", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            uv = find_uv() or fetch_uv(Path(scratch))
        except (OSError, LookupError, ValueError) as error:
            return fail(
                f"uv could not be fetched from PyPI ({error}); install uv yourself and run this again"
            )
        done = subprocess.run(
            [str(uv), "sync", "--frozen", "--quiet", "--python", sys.executable], cwd=ROOT, env=uv_env()
        )
        if done.returncode != 0:
            return fail("the packages could not be installed; the lines above say why")
        keep(uv)
    STAMP.write_text(wanted)
    return 0


def fail(sentence: str) -> int:
    print(f"{sentence}.", file=sys.stderr)
    return 1


def fingerprint() -> str:
    """Of everything that decides what the environment holds."""
    digest = hashlib.sha256()
    for part in (ROOT / "pyproject.toml", ROOT / "uv.lock"):
        digest.update(part.read_bytes())
    digest.update(" ".join([sys.executable, platform.python_version(), str(ROOT)]).encode())
    return digest.hexdigest()


def uv_env() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return kept | {"UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(VENV)}


def find_uv() -> Path | None:
    for candidate in (shutil.which("uv"), VENV / "bin" / "uv"):
        if candidate and Path(candidate).is_file() and uv_version(Path(candidate)) >= UV_OLDEST:
            return Path(candidate)
    return None


def uv_version(uv: Path) -> tuple[int, ...]:
    shown = subprocess.run([str(uv), "--version"], capture_output=True, text=True)
    found = re.search(r"(\d+)\.(\d+)", shown.stdout)
    return tuple(int(part) for part in found.groups()) if found else (0, 0)


def fetch_uv(scratch: Path) -> Path:
    """Download uv's wheel for this machine from the package index, check its sha256, unpack the program."""
    index = (
        os.environ.get("UV_DEFAULT_INDEX")
        or os.environ.get("UV_INDEX_URL")
        or os.environ.get("PIP_INDEX_URL")
        or "https://pypi.org/simple"
    )
    request = urllib.request.Request(
        f"{index.rstrip('/')}/uv/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        files = json.load(answer)["files"]
        base = answer.url
    file = next((f for f in files if is_wheel_for_here(f["filename"])), None)
    if file is None:
        raise LookupError(f"no wheel of uv {UV_VERSION} for {sysconfig.get_platform()}")
    wheel = scratch / file["filename"]
    with urllib.request.urlopen(urllib.parse.urljoin(base, file["url"]), timeout=300) as answer:
        wheel.write_bytes(answer.read())
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != file["hashes"]["sha256"]:
        raise ValueError("its checksum does not match the index")
    with zipfile.ZipFile(wheel) as archive:
        inside = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
        program = scratch / "uv"
        program.write_bytes(archive.read(inside))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def is_wheel_for_here(filename: str) -> bool:
    if not (filename.startswith(f"uv-{UV_VERSION}-") and filename.endswith(".whl")):
        return False
    machine = {"AMD64": "x86_64", "arm64": "arm64"}.get(platform.machine(), platform.machine())
    if sys.platform == "darwin":
        return "macosx" in filename and f"_{machine}.whl" in filename
    libc = "musllinux" if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "") else "manylinux"
    return libc in filename and f"_{machine}." in filename


def keep(uv: Path) -> None:
    """Leave the fetched uv in the environment, for the next time."""
    home = VENV / "bin" / "uv"
    if uv.parent != home.parent and shutil.which("uv") is None:
        shutil.copy2(uv, home)


if __name__ == "__main__":
    sys.exit(main())
