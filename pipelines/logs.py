"""Logs as JSON lines in `var/logs`, one file a run, with one filter that keeps secrets out. Of two runs of
one process at once each has its own, whatever thread works for it (`pipelines.threads`).

Belongs here: logging set-up and the filter. What people see on the screen is `cli`'s.
"""

from __future__ import annotations

import contextvars
import json
import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from pipelines.settings import HubSpotConnection, SalesforceConnection, Settings

_TOKEN_SHAPES = re.compile(
    r"(?i)(bearer\s+|access_token[\"'=:\s]+|client_secret[\"'=:\s]+|refresh_token[\"'=:\s]+|assertion=)[^\s\"'&,}]+"
)
_FILE: contextvars.ContextVar[logging.Handler] = contextvars.ContextVar("log_file")
"""Of the run that this thread works for."""
_URL_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s@/]+@")


class SecretFilter(logging.Filter):
    """Replaces every known secret, and everything shaped like one, by stars, in messages and tracebacks."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self.secrets = tuple(sorted((s for s in secrets if len(s) >= 6), key=len, reverse=True))

    def clean(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return _URL_PASSWORD.sub(r"\1***@", _TOKEN_SHAPES.sub(r"\1***", text))

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.clean(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self.clean(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, run, message."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "run": self.run_id,
            "message": record.getMessage(),
        }
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, ensure_ascii=False)


class _File(logging.Handler):
    """Opens the file for each record: a listener has one for each of its rounds, and nobody says when one is
    over."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def emit(self, record: logging.LogRecord) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - the work goes on without its log, as with handlers of logging
            self.handleError(record)


class _OfRun(logging.Handler):
    """Hands a record to the file of the run it is about; to the last that began where nobody knows."""

    def __init__(self, last: logging.Handler) -> None:
        super().__init__()
        self._last = last

    def emit(self, record: logging.LogRecord) -> None:
        _FILE.get(self._last).handle(record)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every secret value these settings hold."""
    found: list[str] = []
    for connection in settings.connections:
        if isinstance(connection, HubSpotConnection):
            found += [connection.token.reveal(), connection.refresh_token.reveal()]
        elif isinstance(connection, SalesforceConnection):
            found += [connection.private_key.reveal(), connection.refresh_token.reveal()]
        found.append(connection.client_secret.reveal())
    password = _password(settings.state_url)
    found += [password, unquote(password)]
    return tuple(s for s in found if s)


def clean(text: str) -> str:
    """The text as it may be shown: without what is secret to the log of this process, or shaped like it."""
    known = [f for h in logging.getLogger().handlers for f in h.filters if isinstance(f, SecretFilter)]
    return (known[0] if known else SecretFilter(())).clean(text)


def _password(url: str) -> str:
    """The password as it stands in the URL, empty when there is none."""
    _, _, rest = url.partition("://")
    userinfo, at, _ = rest.rpartition("@")
    return userinfo.partition(":")[2] if at else ""


def start(settings: Settings, run_id: str) -> Path:
    """Send what is logged for this run from here on to `var/logs/<run_id>.jsonl`. Returns the file."""
    settings.paths.logs.mkdir(parents=True, exist_ok=True)
    path = settings.paths.logs / f"{run_id}.jsonl"
    file = _File(path)
    file.setFormatter(JsonLines(run_id))
    _FILE.set(file)
    handler = _OfRun(file)
    handler.addFilter(SecretFilter(secrets_of(settings)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for loud in ("httpx", "httpcore", "dlt", "great_expectations"):
        logging.getLogger(loud).setLevel(logging.WARNING)
    return path
