"""HEAD wherever GET is (RFC 9110 section 9.3.2): handled as a GET of which only status and headers are sent."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_IS_HEAD = "academy.is_head"


class HeadAsGet:
    """Lets the application see GET. The server sends no content to HEAD, whatever it is given."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        answered = False

        async def send_head(message: Message) -> None:
            # Ended at once: a stream would go on for minutes to nobody.
            nonlocal answered
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                answered = True

        async def receive_until_answered() -> Message:
            return {"type": "http.disconnect"} if answered else await receive()

        await self._app({**scope, "method": "GET", _IS_HEAD: True}, receive_until_answered, send_head)


def is_head(request: Request) -> bool:
    """Whether only the headers were asked for: then the content was given to nobody."""
    return bool(request.scope.get(_IS_HEAD))
