"""What `make` does before anything else, in an environment that is there already."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import bootstrap


@pytest.mark.parametrize("keeps_nothing", [True, False])
def test_modules_are_compiled_where_python_would_keep_nothing(
    keeps_nothing: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(bootstrap, "fingerprint", lambda: "the same")
    monkeypatch.setattr(sys, "dont_write_bytecode", keeps_nothing)
    (tmp_path / "stamp").write_text("the same")
    for name in bootstrap.PACKAGES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_text("answer = 42")
    assert bootstrap.main() == 0
    compiled = {path.parts[-3] for path in tmp_path.rglob("module.*.pyc")}
    assert compiled == (set(bootstrap.PACKAGES) if keeps_nothing else set())
