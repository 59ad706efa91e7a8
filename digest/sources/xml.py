"""XML from strangers: no document type, hence no entities of their own and nothing external."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from digest.sources.entries import ParseError


def root(body: bytes) -> Element:
    """The root element. Raises ParseError for what is not well-formed, and for documents that bring their own entities."""
    if not body.strip():
        raise ParseError("it is empty")
    if b"\0" in body:
        # UTF-16 would hide a declaration from the next line; no service that we read sends it.
        raise ParseError("it is binary or UTF-16, not UTF-8 XML")
    if b"<!DOCTYPE" in body[:100_000] or b"<!ENTITY" in body:
        raise ParseError("it brings a document type of its own, which no feed needs")
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - entities were refused
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ParseError(f"it is not well-formed XML: {error}") from error
