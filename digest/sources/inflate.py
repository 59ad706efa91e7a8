"""Compressed octets, inflated with a cap on what comes out."""

import zlib

import brotli

from digest.sources.entries import ParseError

_STEP = 1_000_000


class TooLarge(ParseError):
    """More came out than is allowed."""


def inflated(body: bytes, encoding: str, most: int) -> bytes:
    """`body` without its content coding: gzip, deflate, br, identity, or several separated by commas (RFC 9110, 8.4).

    Raises TooLarge when more than `most` octets come out, ParseError for damaged octets and unknown codings.
    """
    codings = [coding.strip().lower() for coding in encoding.split(",") if coding.strip()]
    if len(codings) > 2:
        raise ParseError("it is compressed more than twice")
    for coding in reversed(codings):
        if coding in {"gzip", "x-gzip"}:
            body = _zlib(body, most, zlib.MAX_WBITS | 16)
        elif coding == "deflate":
            # The standard says zlib; some servers send raw deflate.
            body = _zlib(body, most, zlib.MAX_WBITS if body[:1] == b"\x78" else -zlib.MAX_WBITS)
        elif coding == "br":
            body = _brotli(body, most)
        elif coding != "identity":
            raise ParseError(f"its content coding is {coding[:20]!r}, which was not asked for")
    return body


def is_gzip(body: bytes) -> bool:
    return body.startswith(b"\x1f\x8b\x08")


def _zlib(body: bytes, most: int, window: int) -> bytes:
    out = bytearray()
    while body:
        inflater = zlib.decompressobj(window)
        try:
            while True:
                out += inflater.decompress(body, _STEP)
                body = inflater.unconsumed_tail
                if len(out) > most:
                    raise TooLarge(f"it inflates to more than {most:,} octets")
                if not body:
                    out += inflater.flush()
                    break
        except zlib.error as error:
            raise ParseError(f"its compression is damaged ({error})") from error
        if not inflater.eof:
            raise ParseError("its compression ends too early: it is truncated")
        # gzip may hold several members one after another; what follows without being one is padding.
        body = inflater.unused_data if inflater.unused_data.startswith(b"\x1f\x8b") else b""
    return bytes(out)


def _brotli(body: bytes, most: int) -> bytes:
    inflater = brotli.Decompressor()
    out = bytearray()
    try:
        out += inflater.process(body, output_buffer_limit=_STEP)
        while not inflater.is_finished():
            if len(out) > most:
                raise TooLarge(f"it inflates to more than {most:,} octets")
            if inflater.can_accept_more_data():
                raise ParseError("its compression ends too early: it is truncated")
            out += inflater.process(b"", output_buffer_limit=_STEP)
    except brotli.error as error:
        raise ParseError(f"its compression is damaged ({error})") from error
    if len(out) > most:
        raise TooLarge(f"it inflates to more than {most:,} octets")
    return bytes(out)
