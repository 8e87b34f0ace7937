"""A page that is the same for everybody but for one short text, at nearly a kept page's cost.

The form's page carries a random id for its first event. Rendering and compressing fourteen
kilobytes for thirty-two digits would cost five times a static file: here the page on either
side of the text is compressed once, and the text goes between, uncompressed, as a stored block
(RFC 1951 §3.2.4). The whole is one ordinary gzip member (RFC 1952).
"""

from __future__ import annotations

import struct
import zlib

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # deflate, no name, no time, no system
STORED_LIMIT = 65_535


class Mould:
    """A page with a hole. The text put into it is no secret: it stands beside nobody's words."""

    def __init__(self, page: str, mark: str) -> None:
        """*mark* stands once in *page*, where the text goes. Raises ValueError when it does not."""
        before, after = page.encode().split(mark.encode())
        self._before, self._after = before, after
        head, tail = (zlib.compressobj(9, wbits=-15) for _ in range(2))
        # A full flush ends on a whole octet and lets what follows stand by itself.
        self._head = _GZIP_HEAD + head.compress(before) + head.flush(zlib.Z_FULL_FLUSH)
        self._tail = tail.compress(after) + tail.flush()
        self._crc = zlib.crc32(before)

    def filled(self, text: bytes) -> bytes:
        """The page."""
        return self._before + text + self._after

    def gzipped(self, text: bytes) -> bytes:
        """The page, compressed. *text*: at most `STORED_LIMIT` octets."""
        size = len(self._before) + len(text) + len(self._after)
        crc = zlib.crc32(self._after, zlib.crc32(text, self._crc))
        stored = struct.pack("<BHH", 0, len(text), len(text) ^ 0xFFFF) + text
        return self._head + stored + self._tail + struct.pack("<LL", crc, size & 0xFFFFFFFF)
