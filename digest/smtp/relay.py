"""The relay that takes our messages, as `SMTP_URL` names it."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_EXAMPLE = "smtp+starttls://name:secret@relay.example.org:587"


class RelayUnclear(ValueError):
    """SMTP_URL cannot be understood, or would send a password in the clear; the text says what to write instead."""


@dataclass(frozen=True)
class Relay:
    """Where messages are handed over. `security` is "none", "starttls" or "tls"; with the last two it is verified."""

    host: str
    port: int
    security: str
    username: str = ""
    password: str = field(default="", repr=False)
    authorities: str | None = None

    @classmethod
    def parse(cls, url: str) -> "Relay":
        """`smtp://host:port`, `smtp+starttls://name:password@host:port` or `smtps://name:password@host:port`.

        `?ca=/path/to/authorities.pem` names the certificate authorities of a private relay. Name and password are
        percent-encoded. Raises RelayUnclear.
        """
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise RelayUnclear(f"SMTP_URL cannot be read ({error}); for example {_EXAMPLE}") from error
        if parts.scheme not in _PORTS:
            raise RelayUnclear(f"SMTP_URL begins with {parts.scheme!r}; it takes {', '.join(_PORTS)}, for example {_EXAMPLE}")
        if not parts.hostname:
            raise RelayUnclear(f"SMTP_URL names no host; for example {_EXAMPLE}")
        if ":" not in parts.hostname and any(not 0 < len(label) < 64 for label in parts.hostname.removesuffix(".").split(".")):
            raise RelayUnclear(f"SMTP_URL names a host that cannot be, {parts.hostname}; for example {_EXAMPLE}")
        try:
            port = parts.port or _PORTS[parts.scheme]
        except ValueError as error:
            raise RelayUnclear(f"SMTP_URL has no usable port ({error}); for example {_EXAMPLE}") from error
        if parts.scheme == "smtp" and parts.username:
            raise RelayUnclear(
                f"SMTP_URL would send a password in the clear; use smtp+starttls or smtps, for example {_EXAMPLE}"
            )
        if bool(parts.username) != bool(parts.password):
            raise RelayUnclear(f"SMTP_URL gives a name without a password or the reverse; for example {_EXAMPLE}")
        options = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
        if unknown := set(options) - {"ca"}:
            raise RelayUnclear(
                f"SMTP_URL has an option {', '.join(sorted(unknown))} that is unknown; it takes ?ca=/path/to/file"
            )
        return cls(
            host=parts.hostname,
            port=port,
            security={"smtp": "none", "smtp+starttls": "starttls", "smtps": "tls"}[parts.scheme],
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            authorities=unquote(options["ca"]) if options.get("ca") else None,
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def tls(self) -> ssl.SSLContext:
        """A context that verifies the relay's certificate and name, TLS 1.2 or newer."""
        context = ssl.create_default_context(cafile=self.authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context
