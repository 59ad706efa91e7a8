"""Every package that production installs says under which licence, so that `make audit` can list it."""

import re
from importlib import metadata

import pytest

from digest.environment import BASE

LOCKED = re.findall(r"^([\w.-]+)==", (BASE / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)


def _licence(package: str) -> str:
    about = metadata.metadata(package)
    said = [each for name in ("License-Expression", "License", "License-File") for each in about.get_all(name) or []]
    said += [each for each in about.get_all("Classifier") or [] if each.startswith("License ::")]
    return " ".join(said)


@pytest.mark.parametrize("package", LOCKED)
def test_a_locked_package_says_its_licence(package: str) -> None:
    try:
        licence = _licence(package)
    except metadata.PackageNotFoundError:
        pytest.skip("not for this platform")
    assert licence, package
    assert "AGPL" not in licence, package
