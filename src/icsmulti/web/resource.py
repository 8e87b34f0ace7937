"""Bytes kept in memory and answered as a file is: ETag, 304, gzip made once, GET and HEAD only.

A page costs the server what a static file of its size costs, because both are one of these.
Nobody's secret may be in one: the gzip copy would otherwise leak it (BREACH).
"""

from __future__ import annotations

import gzip
import hashlib
from typing import Any

from icsmulti.errors import MethodNotAllowed

__all__ = ["IMMUTABLE", "REVALIDATE", "Resource"]

IMMUTABLE = "public, max-age=31536000, immutable"
"""For an address that names its content: a year is the longest RFC 9111 caches honour."""

REVALIDATE = "no-cache"
"""Keep it, but ask each time: the answer is a 304 of no length."""

_GZIP_FROM = 1_400
"""Octets. What fits in one packet gains nothing from being smaller."""

_TEXTUAL = ("text/", "application/json", "application/manifest+json", "image/svg+xml")


class Resource:
    """One ASGI endpoint that always gives the same bytes.

    Args:
        body: what is sent.
        media_type: with its charset.
        cache: the value of Cache-Control.
    """

    def __init__(
        self,
        body: bytes,
        media_type: str,
        *,
        cache: str = REVALIDATE,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.body = body
        self._tag = hashlib.sha256(body).hexdigest()[:20]
        self._compressed = self._compress(body, media_type)
        common = [
            (b"content-type", media_type.encode()),
            (b"cache-control", cache.encode()),
            *((name.lower().encode(), value.encode()) for name, value in headers),
        ]
        if self._compressed is not None:
            common.append((b"vary", b"Accept-Encoding"))
        self._common = common
        self._plain_head = self._head(body, self._tag, b"")
        self._gzip_head = self._head(self._compressed or b"", self._tag + "-gzip", b"gzip")

    @staticmethod
    def _compress(body: bytes, media_type: str) -> bytes | None:
        if len(body) < _GZIP_FROM or not media_type.startswith(_TEXTUAL):
            return None
        return gzip.compress(body, 9, mtime=0)

    def _head(self, body: bytes, tag: str, encoding: bytes) -> list[tuple[bytes, bytes]]:
        head = [
            *self._common,
            (b"etag", f'"{tag}"'.encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        return [*head, (b"content-encoding", encoding)] if encoding else head

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed("GET, HEAD")
        accepts_gzip = known = False
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                accepts_gzip = b"gzip" in value and b"gzip;q=0" not in value.replace(b" ", b"")
            elif name == b"if-none-match":
                known = value.strip() == b"*" or self._tag.encode() in value
        body, head = self.body, self._plain_head
        if accepts_gzip and self._compressed is not None:
            body, head = self._compressed, self._gzip_head
        status = 304 if known else 200
        if known:  # RFC 9110 §15.4.5: what a cache needs, and no length of a body that is not sent
            head = [pair for pair in head if pair[0] not in _OF_THE_BODY]
        await send({"type": "http.response.start", "status": status, "headers": list(head)})
        content = b"" if known or scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": content})


_OF_THE_BODY = (b"content-length", b"content-type", b"content-encoding")
