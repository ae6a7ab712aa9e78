"""One request, as wrk and the constant rate send it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """`body` is JSON unless `headers` say otherwise."""

    path: str
    token: str = "-"
    method: str = "GET"
    body: str = "-"
    headers: dict[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """As wrk.lua reads it."""
        return f"{self.method}\t{self.path}\t{self.token}\t{self.body}\n"

    def message(self, url: str) -> bytes:
        """As HTTP/1.1 on a connection to `url`."""
        headers = {"Host": urlsplit(url).netloc}
        if self.token != "-":
            headers["Authorization"] = f"Bearer {self.token}"
        body = b"" if self.body == "-" else self.body.encode()
        if body:
            headers["Content-Type"] = "application/json"
        if body or self.method != "GET":
            headers["Content-Length"] = str(len(body))
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{k}: {v}" for k, v in (headers | self.headers).items())]
        return "\r\n".join([*lines, "", ""]).encode() + body
