"""Signatures, verified by another implementation (dkimpy)."""

from base64 import b64encode
from pathlib import Path

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from django.core.exceptions import ImproperlyConfigured

from digest.messages import Mailbox, Rendered, compose, dkim
from tests.messages import people
from tests.messages.test_wire import _heading


def _pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[bytes, bytes]]:
    """DKIM_KEYS with one key of each kind, and the DNS that publishes their public halves."""
    home = tmp_path_factory.mktemp("keys")
    large, small = rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()
    (home / "rsa.pem").write_bytes(_pem(large))
    (home / "ed25519.pem").write_bytes(_pem(small))
    public = large.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    raw = small.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    zone = {
        b"large._domainkey.papers.example.org.": b"v=DKIM1; k=rsa; p=" + b64encode(public),
        b"small._domainkey.papers.example.org.": b"v=DKIM1; k=ed25519; p=" + b64encode(raw),
    }
    return f"large:{home / 'rsa.pem'}, small:{home / 'ed25519.pem'}", zone


def _signed(setting: str) -> bytes:
    rendered = Rendered("𝒪(√n) and a subject long enough that it has to be folded over lines", "Text.\n.\n \n", "<p>é</p>\n")
    content = compose(rendered, _heading(subject=rendered.subject, to=Mailbox("Łukasz", "ada@example.org"), date=people.NOW))
    return dkim.signed(content, dkim.signers(setting, "papers.example.org"))


def _verifies(content: bytes, zone: dict[bytes, bytes], which: int = 0) -> bool:
    try:
        return bool(dkimpy.DKIM(content).verify(which, dnsfunc=lambda name, timeout=5: zone.get(name)))
    except dkimpy.DKIMException:
        return False


@pytest.mark.parametrize("which", [0, 1])
def test_another_implementation_verifies_each_signature(keys: tuple[str, dict[bytes, bytes]], which: int) -> None:
    setting, zone = keys
    content = _signed(setting)
    assert content.count(b"DKIM-Signature:") == 2
    assert _verifies(content, zone, which)
    assert all(len(line) <= 78 for line in content.partition(b"From:")[0].split(b"\r\n"))


def test_both_unsubscribe_fields_are_covered(keys: tuple[str, dict[bytes, bytes]]) -> None:
    signature = b"".join(_signed(keys[0]).partition(b"From:")[0].split())
    assert b"list-unsubscribe:list-unsubscribe-post" in signature


@pytest.mark.parametrize(
    ("old", "new"), [(b"Text.", b"Test."), (b"unsubscribe/t/", b"unsubscribe/u/"), (b"One-Click", b"No-Click")]
)
def test_a_changed_message_no_longer_verifies(keys: tuple[str, dict[bytes, bytes]], old: bytes, new: bytes) -> None:
    setting, zone = keys
    content = _signed(setting)
    assert old in content
    assert not _verifies(content.replace(old, new), zone)


def test_a_relay_that_refolds_header_fields_breaks_nothing(keys: tuple[str, dict[bytes, bytes]]) -> None:
    setting, zone = keys
    content = _signed(setting).replace(b"List-Unsubscribe: <", b"List-Unsubscribe:\r\n\t  <")
    assert _verifies(content, zone)


@pytest.mark.parametrize("text", ["file.pem", "-bad-:file.pem", "selector:"])
def test_a_setting_that_names_no_selector_and_file_is_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="takes selector:file"):
        dkim.signers(text, "papers.example.org")


def test_a_key_that_is_missing_or_too_small_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"absent\.pem cannot be read"):
        dkim.signers(f"a:{tmp_path / 'absent.pem'}", "papers.example.org")
    small = tmp_path / "small.pem"
    small.write_bytes(_pem(rsa.generate_private_key(65537, 1024)))  # noqa: S505 - to be refused
    with pytest.raises(ImproperlyConfigured, match=r"small\.pem is neither RSA of 2048 bits or more nor Ed25519"):
        dkim.signers(f"a:{small}", "papers.example.org")
