"""The page on 127.0.0.1. Each request opens the published file: a refresh shows with the next click."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboards import page
from dashboards.answers import as_csv, ask, tables
from dashboards.filters import choices, read
from dashboards.panels import panel as panel_of
from pipelines.errors import CrmError
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

_A_DAY = {"Cache-Control": "max-age=86400"}


def application(settings: Settings) -> Starlette:
    """`/` the page, `/csv/<panel>` its rows, `/plotly.js` what draws it. Filters are query parameters."""
    warehouse = Warehouse(settings.paths)

    def whole(request: Request) -> Response:
        with warehouse.reading() as connection:
            known = choices(connection)
            filters = read(request.query_params, known)
            return HTMLResponse(page.render(connection, filters, known, as_of=moment(settings)))

    def rows(request: Request) -> Response:
        panel = panel_of(request.path_params["panel"])
        if panel is None:
            return PlainTextResponse("there is no such panel\n", 404)
        with warehouse.reading() as connection:
            filters = read(request.query_params, choices(connection))
            text = as_csv(ask(connection, panel, filters, tables(connection)))
        named = {"Content-Disposition": f'attachment; filename="{panel.key}.csv"'}
        return Response(text, media_type="text/csv", headers=named)

    def library(_: Request) -> Response:
        return Response(page.library(), media_type="text/javascript", headers=_A_DAY)

    return Starlette(routes=[
        Route("/", _told(whole)), Route("/csv/{panel}", _told(rows)), Route("/plotly.js", library),
    ])  # fmt: skip


def moment(settings: Settings) -> str:
    """When the published file was swapped in."""
    written = settings.paths.published.stat().st_mtime
    return datetime.fromtimestamp(written, UTC).strftime("%Y-%m-%d %H:%M")


def serve(settings: Settings, port: int, started: Callable[[str], None]) -> None:
    """Serve until Ctrl-C. `started` is given the address."""
    config = uvicorn.Config(application(settings), host="127.0.0.1", port=port, log_level="warning")
    socket = config.bind_socket()
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
