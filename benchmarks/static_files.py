"""`python -m benchmarks.static_files FOLDER`: a web server that only gives files, the floor for the sandbox.

The same web server as the sandbox's, with nothing behind. It prints its port and ends on SIGTERM.
"""

from __future__ import annotations

import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles


def main() -> int:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(listener.getsockname()[1], flush=True)
    app = Starlette(routes=[Mount("/", StaticFiles(directory=sys.argv[1]))])
    uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="error")).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
