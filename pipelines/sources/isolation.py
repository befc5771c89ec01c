"""Keeps dlt to what it is told here: no telemetry, no files of the user's, no variables of the environment.

Belongs here: dlt's run context. Without one of our own dlt starts its telemetry as soon as its configuration
is touched, and a stray variable or `.dlt` folder could send rows elsewhere. Imported where dlt is.
"""

from __future__ import annotations

from pathlib import Path

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.runtime.run_context import RunContext

_CONFIG = {
    "runtime": {"dlthub_telemetry": False, "log_level": "ERROR"},
    "load": {"workers": 4},
    "restore_from_destination": False,
    "enable_runtime_trace": False,
}
"""dlt's working directory begins empty and its state holds nothing: there is nothing to restore it from."""


class _OwnContext(RunContext):  # type: ignore[misc]  # dlt is untyped to us
    """A run context that lives in one folder and knows one configuration."""

    def initial_providers(self) -> list[ConfigProvider]:
        return [CustomLoaderDocProvider("crm-integration", lambda: _CONFIG)]

    @property
    def global_dir(self) -> str:
        return str(self.run_dir)

    @property
    def data_dir(self) -> str:
        return str(self.run_dir)


def isolate(folder: Path) -> None:
    """Make dlt work in `folder` and nowhere else."""
    folder.mkdir(parents=True, exist_ok=True)
    Container()[PluggableRunContext] = PluggableRunContext(_OwnContext(str(folder)))
