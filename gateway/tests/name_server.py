"""A name server for one moving host: answers every question for an address (A) with the present one (RFC 1035)."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

A_RECORD = 1


class NameServer:
    """`address` is what all names mean from now on; `asked` counts the questions."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        """Until the socket is closed."""
        while True:
            try:
                question, client = self._socket.recvfrom(512)
            except OSError:
                return
            if not question:
                return
            self._socket.sendto(self._answer(question), client)

    def close(self) -> None:
        """Ends `serve`: an empty message wakes it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())

    def _answer(self, question: bytes) -> bytes:
        end = question.index(b"\0", 12) + 5
        wants_address = struct.unpack("!H", question[end - 4 : end - 2])[0] == A_RECORD
        self.asked += wants_address
        head = question[:2] + struct.pack("!5H", 0x8180, 1, int(wants_address), 0, 0)
        record = struct.pack("!3HIH", 0xC00C, A_RECORD, 1, 1, 4) + socket.inet_aton(self.address)
        return head + question[12:end] + (record if wants_address else b"")


@contextmanager
def name_server(address: str) -> Iterator[NameServer]:
    """A running one."""
    server = NameServer(address)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server
    server.close()
    thread.join(5)
    server._socket.close()
