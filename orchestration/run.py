"""The two doors of the command line to Dagster: run a job in this process, serve the UI.

Belongs here: the instance's home, exit codes, the UI's process. The graph is in `build`.
"""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
from pathlib import Path

import dagster as dg

from pipelines.errors import CrmError, Exit, UsageError
from pipelines.run import Reporter
from pipelines.settings import PROJECT_ROOT, Settings, as_environment

HOST = "127.0.0.1"
JOBS = ("refresh", "activation", "freshness")
INSTANCE = """# Written by crm; runs and events are kept beside this file.
telemetry:
  enabled: false
nux:
  enabled: false
python_logs:
  python_log_level: INFO
run_coordinator:
  module: dagster.core.run_coordinator
  class: DefaultRunCoordinator
"""
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_job(name: str, settings: Settings, reporter: Reporter | None = None) -> int:
    """Run a job of the graph in this process; its runs show in the UI. Returns the exit code.

    Raises the CrmError that stopped it. A failed gate on the desired state is raised too, after publishing.
    """
    from orchestration.build import build_defs
    from orchestration.resources import RunLoop, loop_resource

    if name not in JOBS:
        raise UsageError(f"there is no job {name!r}", remedy=f"use one of {', '.join(JOBS)}")
    made: list[RunLoop] = []
    resource = loop_resource(settings, reporter, made.append)
    definitions = build_defs(settings, overrides={"run_loop": resource})
    with dg.DagsterInstance.from_config(str(prepare_home(settings))) as instance:
        job = definitions.resolve_job_def(name)
        try:
            job.execute_in_process(instance=instance, run_config=QUIET)
        except dg.DagsterError as error:
            raise made[0].gate_failed if made and made[0].gate_failed else error from None
    if made and made[0].gate_failed:
        raise made[0].gate_failed
    partial = any(step.status == "partial" for step in made[0].loop.results) if made else False
    return Exit.PARTIAL if partial else Exit.OK


def dev(settings: Settings, port: int) -> int:
    """Serve the UI on 127.0.0.1 until it is interrupted; nothing it started outlives this process."""
    _refuse_taken(port)
    home = prepare_home(settings)
    command = [
        sys.executable, "-m", "orchestration.supervise",
        sys.executable, "-m", "dagster", "dev", "-m", "orchestration.definitions",
        "-h", HOST, "-p", str(port), "--log-level", "warning",
    ]  # fmt: skip
    environment = as_environment(settings, {"DAGSTER_HOME": str(home), "PYTHONWARNINGS": "ignore"})
    supervisor = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, stdin=subprocess.PIPE)  # noqa: S603
    assert supervisor.stdin is not None
    try:
        return supervisor.wait()
    except KeyboardInterrupt:
        return Exit.OK
    finally:
        supervisor.stdin.close()  # it ends the whole tree; also when we are killed and the kernel closes it
        supervisor.wait()


def prepare_home(settings: Settings) -> Path:
    """DAGSTER_HOME with an instance file: local, and silent towards the outside."""
    home = settings.paths.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(INSTANCE, encoding="utf-8")
    return home


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise CrmError(
                f"port {port} is in use",
                where=HOST,
                remedy="choose another with --port, or end what listens there",
            ) from None
