"""Makes the Loop a command works with: settings of the environment, a log file, the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

from cli import held, world
from cli.screen import Screen
from pipelines import logs
from pipelines.errors import UsageError
from pipelines.rules import beside
from pipelines.run import Reporter, Run
from pipelines.settings import Settings, is_loopback, load_settings
from pipelines.steps import Loop


@contextmanager
def live_loop(reporter: Reporter | None = None, *, reads_first: bool = False) -> Iterator[Loop]:
    """On the connections of the environment; refuses to mix them into a sandbox world's files. Without a
    `reporter` the screen is told. `reads_first`: what is done first is an extract, and what that takes is
    imported while config is checked."""
    settings = load_settings()
    if not settings.connections:
        raise UsageError(
            "no CRM connection is set", where="environment or .env",
            remedy="fill in .env (docs/going-live.md), or use make build, which brings its own sandbox",
        )  # fmt: skip
    if not all(is_loopback(connection.url) for connection in settings.connections):
        world.refuse_live(settings.home)
    valid = beside.validate(settings.config_dir) if reads_first else None
    with ExitStack() as stack:
        stack.enter_context(_staying(settings))
        told = reporter or stack.enter_context(Screen())
        yield stack.enter_context(loop_for(settings, told, valid))


def _staying(settings: Settings) -> AbstractContextManager[object]:
    """The sandbox's world stays what it is while a step works in it; live data has no world."""
    here = world.current(settings.home)
    return held.entered(settings.home, here, "a step of crm") if here else nullcontext()


def loop_for(settings: Settings, reporter: Reporter, valid: Callable[[], None] | None = None) -> Loop:
    """A Loop with the gates of `expectations`, logging to its own file. `valid` waits for config to be
    checked, where that has begun; else it is checked now. Nobody is asked and nothing is noted before."""
    from expectations.step import Checker

    if valid is None:
        from pipelines.rules import everything

        everything.validate(settings.config_dir)
    else:
        import pipelines.sources.fetch  # noqa: F401 - it takes as long as the check that is under way

        valid()
    run = Run()
    logs.start(settings, run.id)
    return Loop(settings, Checker(), run=run, reporter=reporter)
