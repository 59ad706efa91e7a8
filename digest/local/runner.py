"""`make run`: everything on one machine, started in order, watched, and stopped together.

    private servers -> migrate -> inbox, worker, beat, web -> seeds -> (stay | the whole job once) -> stop

The runner is the parent of all but the two private servers. It ends in one of three ways: asked to (Ctrl-C, SIGTERM), because
something it started ended, or because the whole job is done.
"""

import contextlib
import datetime as dt
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

import redis
from rich.console import Console
from rich.table import Table

from digest.environment import BASE, LOCAL_ENV, VAR
from digest.local import host, lock, ports, settings_file
from digest.local.family import ChildDied, Family
from digest.local.host import ROOT_IS_FINE, WORKER_OPTIONS
from digest.local.private import Private
from digest.local.servers import ServerFailed, place

_SAVED_PAGE = BASE / "seeds" / "daily-papers-03-13.txt"
_MANAGE = (sys.executable, str(BASE / "manage.py"))
_PATIENCE_SECONDS = 180.0
_SERVERS_EVERY_SECONDS = 5.0
_WORKER = "local"


@dataclass(frozen=True)
class Options:
    once: bool
    date: dt.date
    port: int
    hosts: int = 0


class NotReady(RuntimeError):
    """Something that was started does not answer in time."""


def _ask_to_stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class Runner:
    def __init__(self, options: Options, console: Console) -> None:
        self._options = options
        self._console = console
        self._private = Private(VAR)
        self._family = Family(VAR / "run", VAR / "log")
        self._password: str | None = None
        self._servers_checked_at = time.monotonic()

    def run(self) -> int:
        """The whole run; returns the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup's wish is respected
                signal.signal(number, _ask_to_stop)
        try:
            with lock.hold(VAR / "run"):
                return self._run_and_stop()
        except lock.Held as error:
            return self._complain(error)
        except PermissionError as error:
            return self._complain(f"{error.filename} may not be written. Run as the account that ran before, or remove {VAR}.")

    def _run_and_stop(self) -> int:
        status = 0
        try:
            status = self._work()
        except KeyboardInterrupt:
            self._console.print("\nAsked to stop.")
        except (ServerFailed, ChildDied, NotReady, OSError) as error:
            status = self._complain(error)
        finally:
            # Also after a fault of our own, whose traceback follows.
            status = self._stop() or status
        return status

    def _stop(self) -> int:
        """Stop what was started; returns 1 when something would not stop."""
        # A second Ctrl-C must not leave half of it running; what follows is bounded in time.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        try:
            with self._step("Stop what was started"):
                self._family.stop()
                self._private.stop_after_a_run()
        except ServerFailed as error:
            return self._complain(error)
        return 0

    def _work(self) -> int:
        if stopped := self._family.adopt_nothing():
            self._console.print(f"Stopped {stopped} processes that an earlier run left behind.")
        with self._step("Start PostgreSQL and Valkey"):
            self._private.start_for_a_run()
            _reach_redis(os.environ.get("REDIS_URL") or None)
        if place(VAR) != VAR:
            self._console.print(f"  Their account may not enter {VAR}; their data is in {place(VAR)}.")
        with self._site() as port, ports.listen() as inbox:
            values = settings_file.write(LOCAL_ENV, port=port, smtp_port=ports.number(inbox))
            environment = {**os.environ, **values, "PAPER_ROUND_VAR": str(VAR), "PYTHONPATH": str(BASE)}
            with self._step("Bring the database up to date"):
                self._migrate(environment)
            # They take seconds to start, in which the seeds are loaded.
            self._start(environment, port, inbox.fileno())
            with self._step("Load topics, sources and the saved page"):
                self._load_seeds(environment)
            with self._step("Wait for the worker" if self._options.once else "Wait for the worker and the web server"):
                self._await(port)
            if self._options.once:
                from digest.local import once

                return once.perform(self._console, self._check)
            self._show(port)
            while True:
                self._check()
                time.sleep(0.5)

    def _check(self) -> None:
        """Raises when a part of the run has ended by itself."""
        self._family.check()
        if time.monotonic() > self._servers_checked_at + _SERVERS_EVERY_SECONDS:
            self._private.check()
            self._servers_checked_at = time.monotonic()

    @contextlib.contextmanager
    def _site(self) -> Iterator[int]:
        """The site's port, held while the block lasts. `--once` serves no site; its links name the port that is asked for."""
        if self._options.once:
            yield self._options.port
            return
        with ports.claim(self._options.port) as claimed:
            port = ports.number(claimed)
            if port != self._options.port:
                self._console.print(f"  Port {self._options.port} is taken; the site uses {port}.")
            yield port

    def _migrate(self, environment: dict[str, str]) -> None:
        self._family.complete("migrate", [*_MANAGE, "migrate", "--no-input"], environment)
        self._set_up_django(environment)
        if self._options.once:
            return  # It serves no admin, and a password is shown but once: by the run that does.
        from digest.local import account

        self._password = account.ensure()

    def _load_seeds(self, environment: dict[str, str]) -> None:
        date = self._options.date.isoformat()
        self._family.complete("load seeds", [*_MANAGE, "load_seeds"], environment)
        self._family.complete("ingest", [*_MANAGE, "ingest", str(_SAVED_PAGE), "--format", "page", "--date", date], environment)
        self._console.print(f"  The saved page says Mar 13 and no year; its papers are listed as of {date}.")

    def _set_up_django(self, environment: dict[str, str]) -> None:
        """Django in this process, with the settings of the others and a quieter log."""
        os.environ.update({**environment, "LOG_LEVEL": "WARNING", "DJANGO_SETTINGS_MODULE": "digest.settings"})
        import django

        django.setup()

    def _start(self, environment: dict[str, str], port: int, inbox: int) -> None:
        python = [sys.executable, "-m"]
        celery = [*python, "celery", "-A", "digest"]
        self._family.start(
            "inbox", [*python, "digest.local.smtp_server", str(inbox), str(settings_file.INBOX)], environment, pass_fds=[inbox]
        )
        if self._options.hosts:
            self._start_hosts(environment)
        else:
            self._start_worker(environment)
            self._family.start("beat", [*celery, "beat", "--pidfile", "", "--loglevel", "INFO"], environment)
        if not self._options.once:
            self._family.start(
                "web server",
                [
                    *python, "granian", "--interface", "wsgi", "--host", ports.HOST, "--port", str(port), "--workers", "1",
                    "--blocking-threads", "8", "--no-ws", "--access-log", "digest.wsgi:application",
                ],
                environment,
            )  # fmt: skip

    def _start_worker(self, environment: dict[str, str]) -> None:
        self._family.start(
            "worker",
            [
                sys.executable, "-m", "celery", "-A", "digest", "worker", "--hostname", f"{_WORKER}@localhost",
                "--pool", "prefork", "--concurrency", "2", *WORKER_OPTIONS,
            ],
            {**environment, "PYTHONWARNINGS": ROOT_IS_FINE},
        )  # fmt: skip

    def _start_hosts(self, environment: dict[str, str]) -> None:
        """Each with its workers and its beat; the first worker of the first one answers for all that the site is ready."""
        for number in range(self._options.hosts):
            name = f"host-{number + 1}"
            self._family.start(name, [sys.executable, "-m", "digest.local.host", name], environment, group="host")
        apart = "each in a network of its own" if host.can_be_apart() else "in this machine's network, as it allows no other"
        self._console.print(f"  {self._options.hosts} hosts with two workers and a beat each, {apart}.")

    def _await(self, port: int) -> None:
        """Wait until the worker and the web server answer; the inbox's socket listens from the start."""
        from digest.celery import app

        deadline = time.monotonic() + _PATIENCE_SECONDS
        waiting = {"worker"} if self._options.once else {"worker", "web server"}
        while waiting:
            self._family.check()
            if "web server" in waiting and _serves(port):
                waiting.discard("web server")
            elif "worker" in waiting and app.control.ping(destination=[self._first_worker()], timeout=0.5, limit=1):
                waiting.discard("worker")
            elif time.monotonic() > deadline:
                raise NotReady(f"No answer from the {' and the '.join(sorted(waiting))}. Look into {VAR / 'log'}.")

    def _first_worker(self) -> str:
        return "send@host-1" if self._options.hosts else f"{_WORKER}@localhost"

    def _show(self, port: int) -> None:
        table = Table(show_header=False, box=None, pad_edge=False)
        site = f"http://{ports.HOST}:{port}"
        password = f"account [bold]admin[/], password [bold]{self._password}[/] (shown this once)"
        table.add_row("Site", f"{site}/")
        table.add_row("Inbox", f"{site}/inbox/", "every message that leaves")
        table.add_row("Admin", f"{site}/admin/", password if self._password else "the account made earlier")
        table.add_row("Logs", str(VAR / "log"))
        self._console.print()
        self._console.print(table)
        self._console.print("\nCtrl-C stops all of it.")

    @contextlib.contextmanager
    def _step(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        with self._console.status(what):
            yield
        self._console.print(f"{what} [dim]{time.monotonic() - started:.1f} s[/]")

    def _complain(self, error: object) -> int:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), style="red", markup=False)
        return 1


def _reach_redis(url: str | None) -> None:
    """Raises NotReady when the environment names a Redis that does not answer; the private one has just been started."""
    if url is None:
        return
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise NotReady(
            f"Redis does not answer at REDIS_URL ({error}). Start it, or unset REDIS_URL for a private one."
        ) from error


def _serves(port: int) -> bool:
    """Whether the site answers; anything but a fault of the server will do."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{ports.HOST}:{port}/", timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
