"""What the environment says, or a clear complaint about what it does not say.

Values come from the process environment; where it is silent, from `var/local.env`, which `make up` and `make run` write for
the commands that are started by hand beside them.
"""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

BASE = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("PAPER_ROUND_VAR") or BASE / "var").absolute()
LOCAL_ENV = VAR / "local.env"


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines of a file, or nothing when there is no such file; blank lines and `#` comments are passed over."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#") and "=" in line)


_local = read_env_file(LOCAL_ENV)


def optional(name: str, default: str) -> str:
    """The variable's value, or the default when it is unset or empty."""
    return os.environ.get(name) or _local.get(name) or default


def required(name: str, purpose: str, example: str) -> str:
    """The variable's value; raises ImproperlyConfigured naming the variable, what it is for and an example."""
    if value := optional(name, ""):
        return value
    raise ImproperlyConfigured(
        f"{name} is not set. It is {purpose}; for example {name}={example}\n"
        "To try Paper Round on this machine, run `make run` (or `make up` for the database and Redis alone), which sets it."
    )


def secret(name: str, purpose: str, example: str, shortest: int) -> str:
    """A required variable whose every value (several are separated by commas) has `shortest` characters or more."""
    value = required(name, purpose, example)
    if any(len(each) < shortest for each in value.split(",")):
        raise ImproperlyConfigured(
            f"{name} is too short to be a secret: it takes {shortest} random characters or more; for example {name}={example}"
        )
    return value


def flag(name: str, *, default: bool = False) -> bool:
    """A yes/no variable; raises ImproperlyConfigured for anything but 1, 0, true, false, yes, no."""
    value = optional(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes"}:
        return True
    if value in {"0", "false", "no"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}. It takes 1 or 0; for example {name}=1")


def number(name: str, default: int) -> int:
    """A whole number; raises ImproperlyConfigured for anything else."""
    value = optional(name, str(default))
    if value.isdecimal():
        return int(value)
    raise ImproperlyConfigured(f"{name} is {value!r}. It takes a whole number; for example {name}={default}")


def rates(name: str) -> dict[str, float]:
    """`domain=messages a second` pairs, separated by commas; raises ImproperlyConfigured for anything else."""
    found: dict[str, float] = {}
    for pair in filter(None, optional(name, "").split(",")):
        domain, _, rate = pair.strip().partition("=")
        try:
            found[domain.lower()] = float(rate)
        except ValueError:
            found[domain.lower()] = 0.0
        if not domain or not found[domain.lower()] > 0:
            raise ImproperlyConfigured(f"{name} holds {pair!r}. It takes pairs such as {name}=example.com=20,example.net=5")
    return found


def prefixed(prefix: str) -> dict[str, str]:
    """All variables whose names begin so, by the rest of their names; empty ones are left out."""
    everything = {**_local, **os.environ}
    return {name.removeprefix(prefix): value for name, value in everything.items() if name.startswith(prefix) and value}
