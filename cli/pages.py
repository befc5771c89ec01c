"""`crm dashboard` and `crm report`: the page over the published file, served or written.

Belongs here: the address and the sentences in the terminal. The page is `dashboards`.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from pipelines.errors import CrmError
from pipelines.settings import load_settings
from pipelines.warehouse import Warehouse


def serve_dashboard(port: int) -> None:
    """Serve until Ctrl-C. Raises CrmError when nothing is published or the port is taken."""
    from dashboards.server import serve

    settings = load_settings()
    console = Console(highlight=False)
    with Warehouse(settings.paths).reading():
        pass
    try:
        serve(settings, port, lambda url: console.print(f"The page: {url}   (Ctrl-C ends it)"))
    except OSError as error:
        raise CrmError(
            f"port {port} is taken", where="crm dashboard", remedy="name another: crm dashboard --port 0"
        ) from error


def write_report(file: Path | None, wish: dict[str, str]) -> None:
    """Write the page. Raises CrmError when nothing is published or the wish cannot be met."""
    from dashboards.report import write

    settings = load_settings()
    written = write(settings, file or settings.home / "report.html", wish)
    Console(highlight=False).print(f"{written} ({written.stat().st_size / 1e6:.1f} MB, opens in any browser)")
