"""`crm run` and `crm dev`: the same steps through Dagster. The only door of the command line to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cli import held
from cli import world as worlds
from cli.sandbox_process import connected, running
from pipelines.settings import Settings, is_loopback, load_settings


def run_job(name: str) -> int:
    """Run the job `refresh` or `activation` in this process."""
    with _settings() as settings:
        from cli.screen import Screen
        from orchestration.run import run_job as run

        with Screen() as screen:
            return run(name, settings, screen)


def dev(port: int) -> int:
    """Serve the Dagster UI on 127.0.0.1 until Ctrl-C."""
    with _settings() as settings:
        from orchestration.run import dev as serve

        print(f"Dagster opens on http://127.0.0.1:{port} in about 20 s. Ctrl-C stops it.", flush=True)
        return serve(settings, port)


@contextmanager
def _settings() -> Iterator[Settings]:
    """The connections of the environment, or the sandbox's own when there are none."""
    settings = load_settings()
    if settings.connections:
        if not all(is_loopback(connection.url) for connection in settings.connections):
            worlds.refuse_live(settings.home)
        yield settings
        return
    world = worlds.current(settings.home) or worlds.World.named(None)
    with (
        held.entered(settings.home, world, "crm run or crm dev"),
        running(settings.paths.sandbox, world.source, size=worlds.size_of(settings.home)) as ready,
    ):
        yield connected(settings, ready)
