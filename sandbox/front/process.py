"""The front port's process: until its input ends or a signal comes."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from pathlib import Path

from sandbox.clock import real_ms
from sandbox.front.authority import Authority
from sandbox.front.proxy import Backend, Front
from sandbox.pipes import until_eof


def serve_front(home: Path, fd: int, backends: dict[str, Backend]) -> None:
    """Serve on a socket that listens already. Certificates go by the machine's time, as clients do."""
    front = Front(Authority(home, real_ms()), backends)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        serving = asyncio.ensure_future(front.serve(socket.socket(fileno=fd)))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, serving.cancel)
        threading.Thread(
            target=until_eof, args=(0, lambda: loop.call_soon_threadsafe(serving.cancel)), daemon=True
        ).start()
        try:
            await serving
        except asyncio.CancelledError:
            return

    asyncio.run(run())
