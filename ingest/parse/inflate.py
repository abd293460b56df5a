"""A file's text in pieces of bounded size, plain or unpacked from gzip or zstd: told by its first bytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"

_PLAIN = 1 << 20
_PACKED = 8 << 10
"""Packed bytes at a time: few, because a hostile file may unpack to thousands of times its size."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


@dataclass
class Pieces:
    """Iterate for the text; afterwards `broken` says whether the packed data ended early or was damaged."""

    file: BinaryIO
    broken: bool = False

    def __iter__(self) -> Iterator[bytes]:
        head = self.file.read(4)
        self.file.seek(0)
        if head[:2] == GZIP:
            return self._unpacked(lambda: zlib.decompressobj(wbits=31), GZIP)
        if head == ZSTD:
            from zstandard import ZstdDecompressor

            return self._unpacked(ZstdDecompressor().decompressobj, ZSTD)
        return iter(lambda: self.file.read(_PLAIN), b"")

    def _unpacked(self, unpacker: Callable[[], _Unpacker], magic: bytes) -> Iterator[bytes]:
        """The text of all members, one after another; stops at the first damage. Zeros after the last are padding."""
        from zstandard import ZstdError

        member, rest = unpacker(), b""
        try:
            while packed := rest or self.file.read(_PACKED):
                if member.eof:
                    packed += self.file.read(_PACKED) if len(packed) < len(magic) else b""
                    if not packed.startswith(magic):
                        self.broken = any(packed)
                        return
                    member = unpacker()
                text = member.decompress(packed)
                rest = member.unused_data if member.eof else b""
                if text:
                    yield text
        except (zlib.error, ZstdError):
            self.broken = True
            return
        self.broken = not member.eof
