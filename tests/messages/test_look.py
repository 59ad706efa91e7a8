"""A look of the operator's own: theme and templates."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from digest.environment import BASE
from digest.messages import theme


def _file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "theme.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_theme_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    made = theme.load(_file(tmp_path, 'wordmark = "The Gazette"\n[light]\naccent = "#7A1F2B"\n'), "Paper Round")
    assert (made.wordmark, made.light.accent, made.light.ink, made.dark) == (
        "The Gazette",
        "#7a1f2b",
        theme.LIGHT.ink,
        theme.DARK,
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("wordmark = ", "cannot be read"),
        ('name = "x"', "says name. It takes wordmark, footer"),
        ('wordmark = "a\\nb"', "takes one line of text"),
        ('[light]\naccent = "green"', "accent is 'green'. It takes a colour as #rrggbb"),
        ('[light]\nlink = "#000000"', "takes colours named accent"),
        ('[light]\nquiet = "#bbbbbb"', r"quiet #bbbbbb on paper #fbfaf6 has a contrast of 1\.8:1"),
        ('dark = "#000000"', "takes colours named"),
    ],
)
def test_a_theme_that_cannot_be_meant_is_refused_with_the_way_out(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=complaint):
        theme.load(_file(tmp_path, text), "Paper Round")


def test_our_own_colours_can_be_read() -> None:
    for palette in (theme.LIGHT, theme.DARK):
        for ink in (palette.ink, palette.quiet, palette.accent, palette.warning):
            assert theme.contrast(ink, palette.paper) >= 4.5


def _check(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--tag", "messages"],
        cwd=BASE, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_template_that_misses_a_variable_stops_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "email" / "confirmation"
    folder.mkdir(parents=True)
    (folder / "body.txt.jinja").write_text("Confirm: {{ lnk }}\n", encoding="utf-8")
    (tmp_path / "email" / "issue").mkdir()
    (tmp_path / "email" / "issue" / "subject.txt.jinja").write_text("{{ first }}, our way\n", encoding="utf-8")
    done = _check(TEMPLATES_DIR=str(tmp_path))
    assert done.returncode != 0
    assert "email/confirmation cannot be made: UndefinedError: 'lnk' is undefined" in done.stderr
    assert "email/issue" not in done.stderr


def test_a_theme_that_is_refused_stops_the_start(tmp_path: Path) -> None:
    done = _check(THEME=_file(tmp_path, '[light]\nquiet = "#bbbbbb"'))
    assert done.returncode != 0
    assert "has a contrast of 1.8:1" in done.stderr
