"""`python -m digest.local VERB`: the local run, and the private PostgreSQL and Valkey alone."""

import argparse
import datetime as dt
import os
import sys

from rich.console import Console

from digest.environment import LOCAL_ENV, VAR
from digest.local import lock, settings_file
from digest.local.private import Private
from digest.local.runner import Options, Runner
from digest.local.servers import ServerFailed


def _port(text: str) -> int:
    port = int(text)
    if not 1024 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port from 1024 to 65535")
    return port


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m digest.local", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="start everything and stay until Ctrl-C")
    run.add_argument("--once", action="store_true", help="do the whole job for three demonstration subscribers and end")
    run.add_argument(
        "--date",
        type=dt.date.fromisoformat,
        default=dt.datetime.now(dt.UTC).date(),
        metavar="YYYY-MM-DD",
        help="list the saved page's papers as of this day (today)",
    )
    run.add_argument("--port", type=_port, default=8000, help="the site's port, or the first free one after it (8000)")
    run.add_argument(
        "--hosts", type=int, choices=range(1, 10), default=0, help="as so many hosts, with workers and a beat each"
    )
    verbs.add_parser("up", help="start the private PostgreSQL and Valkey alone, to stay")
    verbs.add_parser("down", help="stop them")
    verbs.add_parser("erase", help="stop them and remove everything that local runs keep")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    asked = _arguments(arguments)
    # Under a narrow umask PostgreSQL's account could not reach its own directory; what is private says so itself.
    os.umask(0o022)
    private = Private(VAR)
    try:
        match asked.verb:
            case "run":
                # A file has no width of its own; this one keeps a Message-ID on one line.
                width = None if sys.stdout.isatty() else 160
                console = Console(highlight=False, soft_wrap=True, width=width)
                return Runner(Options(asked.once, asked.date, asked.port, asked.hosts), console).run()
            case "up":
                private.start()
                private.keep()
                settings_file.write(LOCAL_ENV)
            case "down":
                with lock.hold(VAR / "run"):
                    private.stop()
            case "erase":
                with lock.hold(VAR / "run"):
                    private.erase()
    except (ServerFailed, lock.Held) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
