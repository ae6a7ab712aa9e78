"""Pictures, honest and otherwise."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

ORIENTATION, GPS = 0x0112, 0x8825


def picture(kind: str, size: tuple[int, int] = (300, 200), mode: str = "RGB", **options: Any) -> bytes:
    """Red above and blue below."""
    drawn = Image.new("RGB", size, "red")
    drawn.paste("blue", (0, size[1] // 2, size[0], size[1]))
    file = BytesIO()
    drawn.convert(mode).save(file, kind, **options)
    return file.getvalue()


def photo(orientation: int) -> bytes:
    """A JPEG as a telephone writes it: lying, with the place where it was taken."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[GPS] = {1: "N", 2: (48.0, 12.0, 30.0)}
    return picture("JPEG", exif=exif, comment=b"<script>alert(1)</script>")


def png(width: int, height: int, pixels: bytes) -> bytes:
    """A grey PNG that says it has such a size, whatever its pixels are."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def bomb(side: int) -> bytes:
    """Black, and whole: 20,000 pixels square are 400 MB in 400 KB."""
    packer = zlib.compressobj()
    packed = b"".join(packer.compress(bytes(1 + side)) for _ in range(side))
    return png(side, side, packed + packer.flush())


def huge_webp() -> bytes:
    """A lossless WebP that says it is as large as WebP can be."""
    body = b"\x2f" + struct.pack("<I", (16383 - 1) | (16383 - 1) << 14) + bytes(30)
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body + b"\x00"
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def gif_bomb() -> bytes:
    """Ten thousand frames."""
    frame = Image.new("P", (1, 1))
    file = BytesIO()
    frame.save(file, "GIF")
    return file.getvalue()[:-1] + file.getvalue()[13:-1] * 10_000 + b";"


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
