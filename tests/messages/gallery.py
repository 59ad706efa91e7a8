"""Every message at phone and desktop width, in light and dark: `make preview`.

    python -m tests.messages.gallery [--screens]

Renders the golden issues and the specimen notices, takes their pictures with Chromium, and lays them out on one page under
`var/preview/`, which it names and opens: each to its foot. With `--screens` they also go to `docs/screens/messages/`, and
the beginnings of the digest and the confirmation to `docs/screens/`. Needs no database.
"""

import argparse
import shutil
import sys
import webbrowser
from collections.abc import Iterator
from html import escape
from pathlib import Path

import django

django.setup()

from playwright.sync_api import sync_playwright  # noqa: E402 - Django's settings must come first

from digest import notices  # noqa: E402
from digest.environment import BASE, VAR  # noqa: E402
from digest.messages import Rendered  # noqa: E402
from tests.messages.test_golden import CASES, rendered  # noqa: E402

HOME = VAR / "preview"
SCREENS = BASE / "docs" / "screens"
# Name, width, height, and device pixels per CSS pixel in the pictures of the beginnings.
SIZES = (("phone", 360, 780, 2), ("desktop", 680, 900, 1))
SHOWN_IN_DOCS = {"typical": "digest", "confirmation": "confirmation"}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def messages() -> Iterator[tuple[str, Rendered]]:
    """All of them, by name."""
    for case in CASES:
        yield case.stem, rendered(case)
    for name, (folder, context) in sorted(notices.SPECIMENS.items()):
        yield name, notices.rendered(folder, context)


def _page(found: list[tuple[str, Rendered]]) -> str:
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Messages</title><style>',
        "body { margin: 24px; font: 16px/1.5 system-ui, sans-serif; background: #fff; color: #1b1b18 }",
        "figure { display: inline-block; margin: 0 16px 16px 0; vertical-align: top } img { border: 1px solid #dcd8cc }",
        "pre { max-height: 400px; overflow: auto; border: 1px solid #dcd8cc; padding: 12px }</style><h1>Messages</h1>",
    ]
    for name, message in found:
        parts.append(f"<h2>{escape(name)}</h2><p>{escape(message.subject)}</p>")
        for size, width, _, _ in SIZES if message.html is not None else ():
            for scheme in ("light", "dark"):
                source = f"{name}-{size}-{scheme}.png"
                caption = f"{size}, {scheme}"
                parts.append(
                    f'<figure><a href="{name}.html"><img src="{source}" width="{width // (1 if size == "phone" else 2)}" '
                    f'alt="{escape(name)}, {caption}"></a><figcaption>{caption}, {width} wide</figcaption></figure>'
                )
        parts.append(f"<details><summary>Plain text</summary><pre>{escape(message.text)}</pre></details>")
    return "".join(parts)


def _photograph(found: list[tuple[str, Rendered]]) -> None:
    browser_path = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if browser_path is None:
        raise SystemExit("The gallery needs Chromium on the PATH; install it (on Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for size, width, height, density in SIZES:
            for scheme in ("light", "dark"):
                for whole in (True, False):
                    page = browser.new_page(
                        viewport={"width": width, "height": height},
                        color_scheme="dark" if scheme == "dark" else "light",
                        device_scale_factor=1 if whole else density,
                    )
                    for name, message in found:
                        if message.html is not None and (whole or name in SHOWN_IN_DOCS):
                            page.goto((HOME / f"{name}.html").as_uri())
                            shown = name if whole else f"{SHOWN_IN_DOCS[name]}-top"
                            page.screenshot(path=HOME / f"{shown}-{size}-{scheme}.png", full_page=whole)
                    page.close()
        browser.close()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--screens", action="store_true", help="renew the pictures under docs/screens as well")
    asked = parser.parse_args(arguments)
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    found = list(messages())
    for name, message in found:
        if message.html is not None:
            (HOME / f"{name}.html").write_text(message.html, encoding="utf-8")
    _photograph(found)
    index = HOME / "index.html"
    index.write_text(_page(found), encoding="utf-8")
    if asked.screens:
        shutil.rmtree(SCREENS / "messages", ignore_errors=True)
        (SCREENS / "messages").mkdir(parents=True)
        for picture in HOME.glob("*.png"):
            beginning = "-top-" in picture.name
            shutil.copy(
                picture, SCREENS / picture.name.replace("-top", "") if beginning else SCREENS / "messages" / picture.name
            )
    sys.stdout.write(f"{len(found)} messages: {index}\n")
    if sys.stdout.isatty():
        webbrowser.open(Path(index).as_uri())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
