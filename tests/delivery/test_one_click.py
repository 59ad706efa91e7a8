"""The preflight's POST to the one-click address: over a real connection, with TLS, to servers that answer well and badly."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from pytest_django import Settings

from digest.preflight import Finding, Internet, Level
from digest.preflight.wire import one_click
from subscriptions import tokens
from subscriptions.models import Consent, Subscription
from tests.delivery.cast import reader

CERTIFICATE = Path(__file__).parent.parent / "data" / "tls" / "relay.pem"

Start = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], Start], Any]


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        """Nothing: the tests look at what was asked, not at a log."""


class _Server(ThreadingMixIn, WSGIServer):
    """Each connection in a thread of its own, which `server_close` waits for."""

    daemon_threads = False


@contextmanager
def site(application: Application) -> Iterator[str]:
    """A server with a certificate for localhost; its address."""
    server = make_server("127.0.0.1", 0, application, server_class=_Server, handler_class=_Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answering(status: str, *headers: tuple[str, str], body: bytes = b"<h1>Somebody else</h1>") -> Application:
    """An application that says the same to everybody."""

    def application(environ: dict[str, Any], start: Start) -> list[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start(status, [("Content-Type", "text/html"), *headers])
        return [body]

    return application


def checked(address: str, authorities: Path | None = CERTIFICATE) -> Finding:
    (finding,) = one_click(Internet(5.0, str(authorities) if authorities else None), address)
    return finding


@pytest.mark.django_db(transaction=True)
def test_our_own_site_passes_and_nothing_changes(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    reader("ada")
    before = list(Subscription.objects.values()), list(Consent.objects.values())
    ours = get_wsgi_application()
    asked: list[dict[str, str]] = []

    def application(environ: dict[str, Any], start: Start) -> Any:
        asked.append({name: value for name, value in environ.items() if isinstance(value, str)})
        try:
            return list(ours(environ, cast("Any", start)))
        finally:
            connections.close_all()

    with site(application) as address:
        finding = checked(address)
    assert (finding.level, finding.found) == (Level.FINE, f"{address} answers")
    (request,) = asked
    assert (request["REQUEST_METHOD"], request["PATH_INFO"]) == ("POST", tokens.unsubscribe_path(0))
    assert not {"HTTP_COOKIE", "HTTP_ORIGIN", "HTTP_REFERER"} & request.keys()
    assert (list(Subscription.objects.values()), list(Consent.objects.values())) == before


@pytest.mark.parametrize(
    ("application", "found", "mend"),
    [
        (
            answering("301 Moved", ("Location", "https://www.example.org/unsubscribe/")),
            "redirects one-click unsubscription (301) to https://www.example.org/unsubscribe/",
            "RFC 8058 forbids redirects",
        ),
        (answering("302 Found", ("Location", "/login")), "redirects one-click unsubscription (302) to /login", "SITE_URL"),
        (answering("403 Forbidden", body=b"CSRF verification failed."), "refuses one-click unsubscription (403)", "CSRF token"),
        (answering("405 Method Not Allowed"), "refuses one-click unsubscription (405)", "without a login"),
        (answering("200 OK"), "answers one-click unsubscription with a page that is not ours", "something before it"),
        (answering("400 Bad Request"), "answers 400 to one-click unsubscription", "proxy_set_header Host"),
        (answering("404 Not Found"), "does not know the link of a one-click unsubscription (404)", "TOKEN_KEYS"),
        (answering("502 Bad Gateway"), "answers 502 to one-click unsubscription", "its log"),
    ],
    ids=[
        "moved",
        "a login",
        "CSRF",
        "GET only",
        "a page of somebody else's",
        "another host's name",
        "other keys",
        "nothing behind the proxy",
    ],
)
def test_what_answers_in_its_place_is_fatal_and_named(application: Application, found: str, mend: str) -> None:
    with site(application) as address:
        finding = checked(address)
    assert (finding.level, finding.found) == (Level.FATAL, f"{address} {found}")
    assert mend in finding.mend


def test_a_certificate_that_does_not_hold_is_fatal() -> None:
    with site(answering("200 OK")) as address:
        finding = checked(address, authorities=None)
    assert finding.level is Level.FATAL
    assert "certificate" in finding.found.lower()


def test_an_authority_of_ones_own_is_trusted_through_the_usual_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with site(answering("404 Not Found")) as address:
        assert "404" in checked(address, authorities=None).found


def test_a_site_without_https_is_not_even_asked() -> None:
    assert checked("http://localhost:1").found == "http://localhost:1 is not https"
