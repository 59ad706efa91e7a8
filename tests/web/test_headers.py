"""What answers tell browsers, and what they never tell."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db
PAGES = ["/", "/subscribe/", "/preferences/", "/you/", "/confirm/x/", "/unsubscribe/x/", "/no-such-page/"]


def _policy(client: Client, path: str) -> dict[str, str]:
    header = client.get(path).headers["Content-Security-Policy"]
    return {name: values for name, _, values in (each.partition(" ") for each in header.split("; "))}


@pytest.mark.parametrize("path", PAGES)
def test_pages_run_nothing_inline_and_load_nothing_from_elsewhere(client: Client, path: str) -> None:
    policy = _policy(client, path)
    assert policy["default-src"] == "'none'"
    assert set(policy.values()) <= {"'none'", "'self'"}
    # The canonical address is said, not fetched.
    page = re.sub(r'<link rel="canonical"[^>]*>', "", client.get(path).content.decode())
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", page)


def test_the_admin_alone_may_compile_expressions(client: Client) -> None:
    assert "'unsafe-eval'" in _policy(client, "/admin/login/")["script-src"]
    assert "'unsafe-inline'" not in _policy(client, "/admin/login/")["script-src"]
    assert "'unsafe-eval'" not in client.get("/administration/").headers["Content-Security-Policy"]


def test_what_the_host_header_says_appears_nowhere(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    for path in PAGES:
        answer = client.get(path, headers={"host": "evil.example"})
        assert "evil.example" not in answer.content.decode()
        assert "evil.example" not in str(answer.headers)


def test_a_foreign_host_gets_a_page_that_says_little(client: Client) -> None:
    answer = client.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "could not be read" in answer.content.decode()
    assert "evil.example" not in answer.content.decode()


def test_a_stale_form_of_the_admin_gets_the_page_of_refusals() -> None:
    User.objects.create_superuser("operator", password="a long password of the operator")
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "operator", "password": "x"})
    assert answer.status_code == 403
    assert "Not allowed" in answer.content.decode()


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
@pytest.mark.parametrize("path", ["/", "/unsubscribe/x/", "/subscribe/"])
def test_other_methods_are_not_allowed(client: Client, method: str, path: str) -> None:
    assert getattr(client, method)(path).status_code == 405
