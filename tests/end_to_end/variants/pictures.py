"""Small real images and fonts, made byte by byte."""

from __future__ import annotations

import hashlib
import struct
import zlib

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80" width="80" height="80">'
    b'<path d="M0 0h80v80H0z" fill="teal"/></svg>'
)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int = 80, height: int = 80, *, noise: bool = False) -> bytes:
    """Return a grey PNG; with `noise` one that does not compress."""
    rows = bytearray()
    for number in range(height):
        line = hashlib.shake_128(str(number).encode()).digest(width) if noise else b"\x80" * width
        rows += b"\0" + line
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(rows))) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def photo_with_place() -> bytes:
    """Return a JPEG with the Exif data that a telephone writes into it: a latitude and a longitude."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 80, 80, 1) + b"\1\x11\0"
    photo = b"\xff\xd8" + frame + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\x55" * 20 + b"\xff\xd9"
    tiff = struct.pack("<2sHI", b"II", 42, 8)
    pointer = struct.pack("<HHHII", 1, 0x8825, 4, 1, 26) + bytes(4)
    entries = struct.pack("<H", 4)
    entries += struct.pack("<HHI4s", 1, 2, 2, b"N\0\0\0") + struct.pack("<HHII", 2, 5, 3, 80)
    entries += struct.pack("<HHI4s", 3, 2, 2, b"W\0\0\0") + struct.pack("<HHII", 4, 5, 3, 104)
    values = struct.pack("<12I", 58, 1, 41, 1, 0, 1, 3, 1, 7, 1, 0, 1)
    exif = b"Exif\0\0" + tiff + pointer + entries + bytes(4) + values
    return photo[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + photo[2:]


def woff2(size: int = 400) -> bytes:
    """Return what is a WOFF2 file by its header."""
    return b"wOF2" + b"\0\1\0\0" + size.to_bytes(4, "big") + bytes(size - 12)


def noise(size: int) -> str:
    """Return text that gzip makes half as long at best."""
    return hashlib.shake_128(b"noise").hexdigest(size // 2)
