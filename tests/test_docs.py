"""The documentation builds without a warning, and names what exists."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from prometheus_client import REGISTRY

from digest.environment import BASE
from digest.observability import metrics

DOCS = BASE / "docs"


def _families() -> set[str]:
    """The metrics that exist, as Prometheus spells them."""
    found = {family.name for family in REGISTRY.collect() if family.name.startswith("paper_round")}
    counters = {"paper_round_deliveries", "paper_round_issues", "paper_round_entries"}
    source = Path(str(metrics.__file__)).read_text()
    return {f"{name}_total" if name in counters else name for name in found | set(re.findall(r'"(paper_round_\w+)"', source))}


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    sphinx = [sys.executable, "-W", "ignore", "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    built = subprocess.run([*sphinx, str(DOCS), str(tmp_path / "html")], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert "delivered" in (tmp_path / "html" / "index.html").read_text()


def test_every_metric_is_documented_and_none_is_invented() -> None:
    documented = set(re.findall(r"^\| `(paper_round_\w+)` \|", (DOCS / "operations.md").read_text(), re.MULTILINE))
    assert documented == _families()


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    asked = set(re.findall(r"paper_round_\w+", (DOCS / "grafana.json").read_text()))
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked} <= _families()
    assert len(json.loads((DOCS / "grafana.json").read_text())["panels"]) >= 10


def test_every_page_of_the_site_is_within_reach() -> None:
    index = (DOCS / "index.md").read_text()
    pages = {page.stem for page in DOCS.glob("*.md")} - {"index"}
    assert {page for page in pages if not re.search(rf"^{page}$", index, re.MULTILINE)} == set()


def test_the_layers_are_drawn_as_they_are_checked() -> None:
    rows = re.findall(r"^\| ([\w, ]+) \| ([\w, ]*?) ?\|$", (DOCS / "architecture.md").read_text(), re.MULTILINE)
    contracts = tomllib.loads((BASE / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    for column, package in enumerate(("digest", "subscriptions")):
        drawn = [row[column] for row in rows[1:] if row[column]]
        (layers,) = (each["layers"] for each in contracts if each.get("containers") == [package])
        assert drawn == [", ".join(re.findall(r"\((\w+)\)", layer)) for layer in layers]
