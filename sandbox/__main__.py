"""`python -m sandbox serve`: make the world if it is not there, and serve it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The vendors on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve a world until standard input ends or SIGTERM")
    serve.add_argument("--home", type=Path, required=True, help="where the world's state is kept")
    serve.add_argument(
        "--world",
        default="default",
        help="'default', a folder of data files, or bulk:ROWSxCOLUMNS[+ROWS][@EVENTS] for measuring",
    )
    serve.add_argument("--size", choices=("XS", "S", "M", "L"), default="S", help="of the default world")
    serve.add_argument("--seed", type=int, default=7)
    serve.add_argument("--hubspot-port", type=int, default=0)
    serve.add_argument("--salesforce-port", type=int, default=0)
    serve.add_argument("--marketing-cloud-port", type=int, default=0)
    serve.add_argument("--catchers-port", type=int, default=0, help="of Slack and the webhook catcher")
    serve.add_argument("--smtp-port", type=int, default=0)
    serve.add_argument("--front-port", type=int, default=0, help="of all vendors, and of the proxy")
    serve.add_argument("--no-limits", action="store_true", help="no rate limits, for measuring")
    tick = commands.add_parser("tick", help="let days pass in the world a running sandbox serves")
    tick.add_argument("--home", type=Path, required=True)
    tick.add_argument("--days", type=int, default=1)
    vendor = commands.add_parser("_vendor")
    for name in ("vendor", "home", "fds", "limited"):
        vendor.add_argument(name)
    vendor.add_argument("more", nargs="*")
    return parser.parse_args()


def _say(text: str) -> None:
    print(f"sandbox: {text}", file=sys.stderr, flush=True)


def _tick(home: Path, days: int) -> int:
    import orjson

    from sandbox import times
    from sandbox.tick import TickError, live

    if not 1 <= days <= 3_660:
        _say("--days must be 1 to 3660")
        return 2
    try:
        done = live(home, days)
    except TickError as problem:
        _say(str(problem))
        return 2
    print(orjson.dumps({"days": days, "now": times.iso(done.now), "happened": done.counts}).decode())
    return 0


def main() -> int:
    arguments = _arguments()
    if arguments.command == "_vendor" and arguments.vendor == "front":
        from sandbox.front.process import serve_front
        from sandbox.front.proxy import Backend

        backends = {
            name: Backend(*(int(port) for port in ports.split(":")))
            for name, ports in (part.split("=") for part in arguments.more)
        }
        serve_front(Path(arguments.home), int(arguments.fds.removeprefix("http=")), backends)
        return 0
    if arguments.command == "_vendor":
        from sandbox.vendor_process import serve_vendor

        fds = {name: int(fd) for name, fd in (part.split("=") for part in arguments.fds.split(","))}
        serve_vendor(arguments.vendor, Path(arguments.home), fds, limited=arguments.limited == "1")
        return 0
    if arguments.command == "tick":
        return _tick(arguments.home.expanduser().resolve(), arguments.days)
    from sandbox.server import PortInUse, serve
    from sandbox.worlds.create import Wish, WorldError, open_home

    home = arguments.home.expanduser().resolve()
    try:
        world = open_home(home, Wish(arguments.world, arguments.size, arguments.seed), _say)
    except WorldError as problem:
        _say(str(problem))
        return 2
    ports = {
        "hubspot.http": arguments.hubspot_port,
        "salesforce.http": arguments.salesforce_port,
        "marketing_cloud.http": arguments.marketing_cloud_port,
        "catchers.http": arguments.catchers_port,
        "catchers.smtp": arguments.smtp_port,
        "front.http": arguments.front_port,
    }
    try:
        return serve(home, world, ports, limited=not arguments.no_limits)
    except PortInUse as problem:
        _say(str(problem))
        return 1


if __name__ == "__main__":
    sys.exit(main())
