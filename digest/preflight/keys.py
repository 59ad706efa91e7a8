"""DKIM (RFC 6376): the keys that are published for our signatures."""

import base64
import binascii
from collections.abc import Iterator, Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from digest.messages.dkim import Signer
from digest.preflight.domains import tags
from digest.preflight.findings import Finding, Level
from digest.preflight.world import World

# RFC 8301: 1024 bits at least, 2048 for preference; Gmail refuses less than the former.
_LEAST, _GOOD = 1024, 2048


def keys(world: World, domain: str, selector: str, signers: Mapping[str, Signer]) -> Iterator[Finding]:
    """Each key that signs for us is published, not revoked, long enough, and ours where we hold the other half."""
    selectors = [selector] if selector else list(signers)
    if not selectors:
        mend = "Set DKIM_SELECTOR to the selector under which your relay signs: a message to yourself shows it (s=)."
        yield Finding("DKIM", Level.FATAL, "DKIM_SELECTOR is not set, so the key cannot be checked", mend)
    for each in selectors:
        yield _key(world, domain, each, signers.get(each))


def _key(world: World, domain: str, selector: str, signer: Signer | None) -> Finding:
    name = f"{selector}._domainkey.{domain}"
    texts = [text for text in world.txt(name) if "p" in tags(text)]
    record = tags(texts[0]) if texts else {}
    mend = f"Publish the key that {'DKIM_KEYS names' if signer else 'your relay shows'} for {domain} as a TXT record at {name}."
    if len(texts) > 1:
        # RFC 6376, 3.6.2.2: what receivers make of it is not defined.
        return Finding("DKIM", Level.FATAL, f"{name} holds {len(texts)} keys", f"Leave one TXT record at {name}.")
    if unfit := _unfit(record):
        return Finding("DKIM", Level.FATAL, f"{name}: {unfit}", mend)
    if not record.get("p"):
        revoked = "a revoked key" if "p" in record else "no key"
        return Finding("DKIM", Level.FATAL, f"{name} holds {revoked}", mend)
    try:
        octets = base64.b64decode(record["p"], validate=True)
        bits = _bits(octets, record.get("k", "rsa"))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return Finding("DKIM", Level.FATAL, f"{name} holds a key that cannot be read", mend)
    if signer is not None and octets != _public(signer):
        return Finding("DKIM", Level.FATAL, f"{name} holds another key than the one that DKIM_KEYS names", mend)
    if "y" in record.get("t", "").split(":"):
        mend = f"Take t=y out of the record at {name}: a domain that is testing is treated as if it did not sign."
        return Finding("DKIM", Level.WARNING, f"{name} says that the domain is only testing (t=y)", mend)
    if bits and bits < _GOOD:
        level = Level.FATAL if bits < _LEAST else Level.WARNING
        return Finding("DKIM", level, f"{name} holds a key of {bits} bits", f"Have messages signed with {_GOOD} bits.")
    return Finding("DKIM", Level.FINE, f"{name}: {f'RSA of {bits} bits' if bits else 'Ed25519'}")


def _unfit(record: Mapping[str, str]) -> str:
    """Why a receiver would not use the record for mail signed as ours is, "" when it would (RFC 6376, 3.6.1)."""
    if record.get("v", "DKIM1") != "DKIM1":
        return f"v={record['v']} is no version of DKIM"
    if "h" in record and "sha256" not in record["h"].split(":"):
        return f"h={record['h']} leaves out sha256"
    if not {"*", "email"} & set(record.get("s", "*").split(":")):
        return f"s={record['s']} is not for mail"
    return ""


def _bits(octets: bytes, kind: str) -> int:
    """The length of an RSA key, 0 for Ed25519 (RFC 8463: 32 octets as they are); raises ValueError for anything else."""
    if kind == "ed25519":
        if len(octets) != 32:
            raise ValueError("an Ed25519 key has 32 octets")
        return 0
    key = serialization.load_der_public_key(octets)
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - what was published is wrong, not a type of ours
    return key.key_size


def _public(signer: Signer) -> bytes:
    """The octets that p= publishes for a private key."""
    public = signer.key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return public.public_bytes_raw()
