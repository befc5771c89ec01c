"""What stands in the place of dbt's own functions does what they did, for less."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dbt.clients.jinja import get_rendered
from dbt.compilation import Linker
from dbt.contracts.project import ProjectFlags
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.dataclass_schema import ValidationError
from dbt_common.events.event_manager import EventManager
from dbt_common.events.types import Formatting, Note

from pipelines import dbt_costs, dbt_starts, dbt_templates


@pytest.fixture(autouse=True)
def _spared() -> None:
    dbt_costs.spare()


def test_an_event_becomes_a_message_when_it_is_looked_at() -> None:
    event = Note(msg="said")
    assert "pb_msg" not in event.__dict__
    assert event.message() == "said"
    assert event.to_dict() == {"msg": "said"}
    other = Formatting("kept")
    other.msg = "put"
    assert other.message() == "put"


def test_what_nobody_hears_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    manager = EventManager()
    manager.add_callback(told.append)
    manager.fire_event(Note(msg="into the void"))
    assert told == []
    monkeypatch.setattr(dbt_costs, "HEARD", frozenset({"Note"}))
    with monkeypatch.context() as patched:
        patched.setattr(
            Note, "message", None
        )  # who listens gets no message of dbt's, which is made from a copy
        manager.fire_event(Note(msg="heard"))
    manager.fire_event(Formatting("a warning"), force_warn_or_error_handling=True)
    assert [each.data.msg for each in told] == ["heard", "a warning"]


def test_a_template_is_of_the_context_it_is_rendered_with() -> None:
    assert [get_rendered("{{ a }} and {{ b }}", {"a": n, "b": "x"}) for n in (1, 2)] == ["1 and x", "2 and x"]
    assert [get_rendered("{{ a }}", {"a": n}, native=True) for n in (1, [2])] == [1, [2]]
    assert get_rendered("{{ a }}", {"a": 1}) == "1"


def test_a_template_is_compiled_once_for_a_state_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_known", "_in_file"):
        monkeypatch.setattr(dbt_templates, name, {})
    dbt_templates.use(tmp_path / "one")
    assert get_rendered("{{ a }} once", {"a": 1}) == "1 once"
    dbt_templates.keep()
    dbt_templates.use(tmp_path / "another")
    assert not dbt_templates._known
    dbt_templates.use(tmp_path / "one")
    monkeypatch.setattr(MacroFuzzEnvironment, "compile", None)
    assert get_rendered("{{ a }} once", {"a": 2}) == "2 once"
    (tmp_path / "one").write_bytes(b"broken")
    dbt_templates.use(tmp_path / "another")
    dbt_templates.use(tmp_path / "one")
    assert not dbt_templates._known


def test_what_a_query_gives_keeps_its_types() -> None:
    rows = [{"text": "1", "number": 1, "day": date(2026, 1, 2), "list": [1]}]
    for _ in range(2):
        table = agate_helper.table_from_data_flat(rows, ["text", "number", "day", "list"])
        assert list(table.rows[0].values()) == ["1", 1, date(2026, 1, 2), "[1]"]
    assert len(agate_helper.empty_table().rows) == 0


def test_project_and_profile_are_held_against_their_schemas_when_they_are_parsed() -> None:
    with dbt_starts.beginning("parsed before"):
        ProjectFlags.validate({"use_colors": "perhaps"})
    with dbt_starts.beginning(None), pytest.raises(ValidationError, match="perhaps"):
        ProjectFlags.validate({"use_colors": "perhaps"})


def test_models_that_read_each_other_are_named() -> None:
    linker = Linker()
    linker.dependency("a", "b")
    assert linker.find_cycles() is None
    linker.dependency("b", "a")
    assert linker.find_cycles() in ("a --> b", "b --> a")


def test_a_function_that_dbt_has_no_more_is_said() -> None:
    with pytest.raises(AttributeError, match="fire_events"):
        dbt_costs._put(EventManager, fire_events=print)
