"""Log lines: whole, findable by their ids, and without anybody's address."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from digest.observability import logs
from subscriptions import tokens


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a logger called `tests.log` writes as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    configuration = logs.configuration("json", "INFO")
    formatter = configuration["formatters"]["structured"]
    handler.setFormatter(formatter["()"](processors=formatter["processors"], foreign_pre_chain=formatter["foreign_pre_chain"]))
    logger = logging.getLogger("tests.log")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield stream
    logger.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_level_logger_and_instant(written: io.StringIO) -> None:
    logging.getLogger("tests.log").info("published %d issues", 12)
    (line,) = lines(written)
    assert (line["event"], line["level"], line["logger"]) == ("published 12 issues", "info", "tests.log")
    assert str(line["timestamp"]).endswith("Z")


def test_a_line_carries_the_ids_it_was_written_under(written: io.StringIO) -> None:
    with logs.bound(issue=7, delivery=9):
        logging.getLogger("tests.log").info("sent")
    logging.getLogger("tests.log").info("idle")
    inside, outside = lines(written)
    assert (inside["issue"], inside["delivery"]) == (7, 9)
    assert "issue" not in outside


@pytest.mark.parametrize(
    "text",
    [
        "refused <reader@example.org>",
        "mailto:reader@example.org",
        "reader@example.org",
        "to reader@xn--bcher-kva.example, again",
    ],
)
def test_an_address_is_struck_out_of_the_text(written: io.StringIO, text: str) -> None:
    logging.getLogger("tests.log").warning("%s", text)
    assert "reader" not in written.getvalue()
    assert logs.STRUCK in written.getvalue()


def test_an_address_is_struck_out_of_extra_fields_and_tracebacks(written: io.StringIO) -> None:
    try:
        int("no such mailbox: reader@example.org")
    except ValueError:
        logging.getLogger("tests.log").exception("failed", extra={"seen": ["reader@example.org"]})
    (line,) = lines(written)
    assert "ValueError" in str(line["exception"])
    assert "reader" not in written.getvalue()


@given(
    st.from_regex(r"[a-z0-9.+_-]{1,20}@[a-z0-9-]{1,10}\.(org|example)", fullmatch=True),
    st.text(alphabet=" <>,;:\"'()", max_size=3),
)
def test_no_address_survives_whatever_stands_around_it(address: str, around: str) -> None:
    assert "@" not in str(logs.strike(f"{around}{address}{around}"))


def test_an_unknown_format_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="LOG_FORMAT is 'xml'"):
        logs.configuration("xml", "INFO")


@pytest.mark.django_db
def test_every_answer_names_its_request(client: Client) -> None:
    given = client.get("/", headers={"X-Request-ID": "deploy-4711"})
    made = client.get("/", headers={"X-Request-ID": "no\ngood"})
    assert given.headers["X-Request-ID"] == "deploy-4711"
    assert len(made.headers["X-Request-ID"]) == 32


@pytest.fixture
def of_requests() -> Iterator[io.StringIO]:
    """What all of Django's loggers write as JSON while a request is answered."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    formatter = logs.configuration("json", "INFO")["formatters"]["structured"]
    handler.setFormatter(formatter["()"](processors=formatter["processors"], foreign_pre_chain=formatter["foreign_pre_chain"]))
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
def test_a_request_that_fails_is_told_by_its_route_and_never_by_a_token(
    client: Client, of_requests: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tokens.unsubscribe_path(7)
    token = path.split("/")[2]
    assert client.put(path).status_code == 405
    assert client.get(f"/preferences/{token}/", {"q": token}).status_code == 404
    assert client.get(path, headers={"host": "evil.example"}).status_code == 400

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("subscriptions.consent.ending", broken)
    client.raise_request_exception = False
    assert client.get(path).status_code == 500
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/admin/login/", {"next": path}, query_params={"next": path}).status_code == 403
    written = lines(of_requests)
    assert {each["logger"] for each in written} >= {
        "django.request", "django.security.DisallowedHost", "django.security.csrf",
    }  # fmt: skip
    assert {each.get("route") for each in written} >= {"unsubscribe/<str:token>/", "preferences/<str:token>/"}
    for each in written:
        assert token not in str(each)
