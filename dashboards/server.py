"""The page on 127.0.0.1. What was asked of a published file is kept; a refresh shows with the next click.

Belongs here: addresses, what is kept between two clicks, and starting. What the page says is `page`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboards import page
from dashboards.answers import as_csv, ask, tables
from dashboards.filters import WISHES, choices, read
from dashboards.panels import Panel
from dashboards.panels import panel as panel_of
from pipelines.errors import CrmError
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

_MOST_PAGES = 16


class Kept:
    """The page as it was last asked for, with what filters, for as long as the published file is the same.

    One question at a time: DuckDB shares a file that is open among all of a process, so a click during
    another, just after a refresh, would be told of the file before it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._warehouse = Warehouse(settings.paths)
        self._alone = threading.Lock()
        self._file: tuple[int, ...] = ()
        self._pages: OrderedDict[frozenset[tuple[str, str]], str] = OrderedDict()

    def page(self, wish: Mapping[str, str]) -> str:
        asked = frozenset((name, value) for name, value in wish.items() if name in WISHES and value)
        with self._alone:
            self._forget_what_is_old()
            if asked not in self._pages:
                self._pages[asked] = self._written(wish)
            self._pages.move_to_end(asked)
            while len(self._pages) > _MOST_PAGES:
                self._pages.popitem(last=False)
            return self._pages[asked]

    def rows(self, panel: Panel, wish: Mapping[str, str]) -> str:
        with self._alone, self._warehouse.reading() as connection:
            filters = read(wish, choices(connection))
            return as_csv(ask(connection, panel, filters, tables(connection)))

    def _written(self, wish: Mapping[str, str]) -> str:
        with self._warehouse.reading() as connection:
            known = choices(connection)
            return page.render(connection, read(wish, known), known, as_of=moment(self._settings))

    def _forget_what_is_old(self) -> None:
        published = self._settings.paths.published
        stat = published.stat() if published.exists() else None
        file = (stat.st_ino, stat.st_mtime_ns, stat.st_size) if stat else ()
        if file != self._file:
            self._file = file
            self._pages.clear()


def application(settings: Settings, kept: Kept | None = None) -> Starlette:
    """`/` the page, `/csv/<panel>` its rows. Filters are query parameters."""
    answers = kept or Kept(settings)

    def whole(request: Request) -> Response:
        return HTMLResponse(answers.page(request.query_params))

    def rows(request: Request) -> Response:
        panel = panel_of(request.path_params["panel"])
        if panel is None:
            return PlainTextResponse("there is no such panel\n", 404)
        named = {"Content-Disposition": f'attachment; filename="{panel.key}.csv"'}
        return Response(answers.rows(panel, request.query_params), media_type="text/csv", headers=named)

    return Starlette(routes=[Route("/", _told(whole)), Route("/csv/{panel}", _told(rows))])


def moment(settings: Settings) -> str:
    """When the published file was swapped in."""
    written = settings.paths.published.stat().st_mtime
    return datetime.fromtimestamp(written, UTC).strftime("%Y-%m-%d %H:%M")


def serve(settings: Settings, port: int, started: Callable[[str], None]) -> None:
    """Serve until Ctrl-C. `started` is given the address, once the first click costs no more than others."""
    kept = Kept(settings)
    config = uvicorn.Config(application(settings, kept), host="127.0.0.1", port=port, log_level="warning")
    with config.bind_socket() as socket:
        kept.page({})
        started(f"http://127.0.0.1:{socket.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[socket])


def _told(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """A wish that cannot be met is a sentence, not a traceback."""

    def told(request: Request) -> Response:
        try:
            return answer(request)
        except CrmError as error:
            return PlainTextResponse(f"{error}\n", 400)

    return told
