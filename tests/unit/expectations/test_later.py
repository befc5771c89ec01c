"""A module that stands for another until something of it is asked for."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from expectations.later import when_asked_for


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("seldom", "seldom_used"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / "seldom_used" / "__init__.py").write_text("answer = 42")
    (tmp_path / "seldom" / "part.py").write_text("answer = 43")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [each for each in sys.modules if each.startswith("seldom")]:
        del sys.modules[name]


def test_a_module_is_imported_when_something_of_it_is_asked_for_and_not_before(home: None) -> None:
    import_module("seldom")
    for name in ("seldom_used", "seldom.part", "seldom_there"):
        when_asked_for(name)
    used, part = import_module("seldom_used"), import_module("seldom").part
    inspect.getmodule(compile("1", "no file", "eval"))  # looks for the files of all modules
    assert type(sys.modules["seldom_used"]) is not ModuleType
    assert type(sys.modules["seldom.part"]) is not ModuleType
    assert "seldom_there" not in sys.modules
    assert (used.answer, part.answer) == (42, 43)
    assert type(import_module("seldom_used")) is ModuleType
    assert type(import_module("seldom").part) is ModuleType
    when_asked_for("seldom_used")
    assert type(sys.modules["seldom_used"]) is ModuleType
