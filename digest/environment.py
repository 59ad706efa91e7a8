"""What the environment says, or a clear complaint about what it does not say.

Values come from the process environment; where it is silent, from `var/local.env`, which `make up` and `make run` write for
the commands that are started by hand beside them.
"""

import ipaddress
import os
import re
from collections.abc import Collection
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

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


def number(name: str, default: int, least: int = 0, most: int | None = None) -> int:
    """A whole number from `least` to `most`; raises ImproperlyConfigured for anything else."""
    value = optional(name, str(default))
    # int() takes more digits than those of ASCII, and underscores between them; nobody means those.
    if value.isascii() and value.isdecimal() and least <= int(value) and (most is None or int(value) <= most):
        return int(value)
    bounds = f"from {least}" + ("" if most is None else f" to {most}")
    raise ImproperlyConfigured(f"{name} is {value!r}. It takes a whole number {bounds}; for example {name}={default}")


def words(name: str, default: str) -> str:
    """A line of text, such as may stand in a header field; raises ImproperlyConfigured for what cannot be seen or has ends."""
    value = optional(name, default)
    if value.isprintable():
        return value
    raise ImproperlyConfigured(f"{name} is {value!r}. It takes one line of visible text; for example {name}={default}")


def choice(name: str, default: str, allowed: Collection[str]) -> str:
    """One of several words; raises ImproperlyConfigured for any other."""
    value = optional(name, default)
    if value in allowed:
        return value
    example = default or min(filter(None, allowed))
    raise ImproperlyConfigured(
        f"{name} is {value!r}. It takes {', '.join(sorted(filter(None, allowed)))}; for example {name}={example}"
    )


def shaped(name: str, shape: str, what: str, example: str, default: str = "") -> str:
    """A value of this shape (a regular expression), or the default; raises ImproperlyConfigured saying `what` it takes."""
    value = optional(name, default)
    if not value or re.fullmatch(shape, value):
        return value
    raise ImproperlyConfigured(f"{name} is {value!r}. It takes {what}; for example {name}={example}")


def listed(name: str, shape: str, what: str, example: str) -> list[str]:
    """Values of this shape, separated by commas; none when it is unset."""
    values = [each.strip() for each in optional(name, "").split(",") if each.strip()]
    for value in values:
        if not re.fullmatch(shape, value):
            raise ImproperlyConfigured(
                f"{name} holds {value!r}. It takes {what}, separated by commas; for example {name}={example}"
            )
    return values


def addresses(name: str, example: str) -> list[str]:
    """Addresses of the Internet Protocol, separated by commas."""
    values = listed(name, r"\S+", "IP addresses", example)
    for value in values:
        try:
            ipaddress.ip_address(value)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{name} holds {value!r}. It takes IP addresses, separated by commas; for example {name}={example}"
            ) from error
    return values


def url(name: str, value: str, schemes: Collection[str], example: str, *, bare: bool = False) -> str:
    """`value`, when it is an absolute URL of one of these schemes; `bare`: nothing but scheme, host and port.

    Raises ImproperlyConfigured, without showing a password that the value may hold.
    """
    begins = " or ".join(f"{each}://" for each in schemes)
    wrong = f"{name} cannot be read. It takes an address that begins with {begins}"
    try:
        parts = urlsplit(value)
        known = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ImproperlyConfigured(f"{wrong} ({error}); for example {name}={example}") from error
    place = parts.path if parts.scheme == "unix" else parts.hostname
    if parts.scheme not in schemes or not place or not known or not value.isprintable() or " " in value:
        raise ImproperlyConfigured(f"{wrong} and names a host; for example {name}={example}")
    if bare and (parts.username is not None or parts.path not in {"", "/"} or parts.query or parts.fragment):
        raise ImproperlyConfigured(f"{name} holds more than scheme, host and port; for example {name}={example}")
    return value


def mailbox(name: str, value: str, example: str) -> str:
    """`value`, when it is an address, perhaps with a name; raises ImproperlyConfigured for anything else."""
    if value.isprintable() and re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*", parseaddr(value)[1]):
        return value
    raise ImproperlyConfigured(f"{name} is {value!r}. It takes an address, with a name if wanted; for example {name}={example}")


def directory(name: str, example: str) -> str:
    """A directory that is there, or nothing; raises ImproperlyConfigured for one that is not."""
    value = optional(name, "")
    if not value or Path(value).is_dir():
        return value
    raise ImproperlyConfigured(f"{name} is {value!r}, and there is no such directory; for example {name}={example}")


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
