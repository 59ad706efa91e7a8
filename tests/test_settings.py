"""Settings fail loudly, and are written down where people look."""

import ast
import re
import runpy
import subprocess
from collections.abc import Iterator
from inspect import isfunction, signature
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from digest import environment
from digest.environment import BASE

SETTINGS = str(BASE / "digest" / "settings.py")


def _calls() -> Iterator[ast.Call]:
    """Every reading of a variable in the project's code."""
    for package in ("digest", "subscriptions"):
        for path in (BASE / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                    yield node


def _named(*functions: str) -> dict[str, ast.Call]:
    return {
        node.args[0].value: node
        for node in _calls()
        if isinstance(node.func, ast.Name)
        and node.func.id in functions
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and node.args[0].value.isupper()
    }


REQUIRED = _named("required", "secret")
# Whatever in `digest.environment` takes the name of a variable reads one.
READERS = {name for name, each in vars(environment).items() if isfunction(each) and "name" in signature(each).parameters}
EVERY = {*_named(*READERS), "PAPER_ROUND_VAR"}


def _documented() -> set[str]:
    rows = (BASE / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()
    return {found[1] for row in rows if (found := re.match(r"\| `([A-Z_]+)` \|", row))}


def _exemplified() -> set[str]:
    rows = (BASE / ".env.example").read_text(encoding="utf-8").splitlines()
    return {found[1] for row in rows if (found := re.match(r"(?:# )?([A-Z_]+)=", row))}


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_missing_variable_is_named_with_its_purpose_and_an_example(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)
    _, purpose, example = [str(node.value) for node in REQUIRED[name].args[:3] if isinstance(node, ast.Constant)]
    with pytest.raises(ImproperlyConfigured) as complaint:
        runpy.run_path(SETTINGS)
    assert f"{name} is not set. It is {purpose}; for example {name}={example}" in str(complaint.value)
    assert "make run" in str(complaint.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("TOKEN_KEYS", "0" * 64 + ","),
        ("IDENTITY_KEY", "short"),
        ("SITE_URL", "papers.example.org"),
        ("DATABASE_URL", "mysql://db.example.org/paperround"),
        ("DATABASE_URL", "paperround"),
        ("REDIS_URL", "amqp://queue.example.org"),
        ("SMTP_URL", "relay.example.org:25"),
        ("SMTP_URL", "smtp://"),
        ("DEFAULT_TIME_ZONE", "Europe/Atlantis"),
        ("DEFAULT_TIME_ZONE", "../etc/passwd"),
        ("DEBUG", "perhaps"),
        ("DATABASE_CONN_MAX_AGE", "-1"),
        ("SMTP_TIMEOUT_SECONDS", "a minute"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_name_with_an_example(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} .*for example {name}="):
        runpy.run_path(SETTINGS)


def test_every_variable_is_documented_and_exemplified() -> None:
    assert _documented() == EVERY
    assert _exemplified() == EVERY | {"POSTGRES_PASSWORD"}


def test_a_shell_reads_the_example(tmp_path: Path) -> None:
    script = f'set -eu; set -a; . "{BASE}/.env.example"; env'
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path, env={})
    assert "DIGEST_FROM=Paper Round <digest@papers.example.org>" in done.stdout.splitlines()
