"""Which parser reads which format."""

from collections.abc import Callable

from digest.sources import arxiv, arxiv_api, arxiv_oai, huggingface, syndication
from digest.sources.entries import Feed, ParseError
from digest.sources.inflate import inflated, is_gzip

LARGEST = 25_000_000

READERS: dict[str, Callable[[bytes, str], Feed]] = {
    "arxiv": arxiv.read,
    "arxiv-api": arxiv_api.read,
    "arxiv-oai": arxiv_oai.read,
    "huggingface": huggingface.read,
    "syndication": syndication.read,
}


def read(form: str, body: bytes, url: str = "") -> Feed:
    """The document in a source's format. Raises ParseError, and nothing else, for whatever the octets are.

    What arrives as a gzip file, rather than gzip on the wire, is opened once.
    """
    if is_gzip(body):
        body = inflated(body, "gzip", LARGEST)
    if len(body) > LARGEST:
        raise ParseError(f"it has {len(body):,} octets; at most {LARGEST:,} are read")
    return READERS[form](body, url)
