import pytest
from starlette.types import Message
from starlette.websockets import WebSocket

from bot.channels.websocket.channel import Authenticator, accepted_subprotocol


async def _receive() -> Message:
    raise AssertionError("the authenticator only reads headers")


async def _send(message: Message) -> None:
    raise AssertionError("the authenticator only reads headers")


def handshake(*offered: str, **headers: str) -> WebSocket:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "websocket", "headers": raw, "subprotocols": list(offered)}
    return WebSocket(scope, _receive, _send)


def test_our_own_origin_is_allowed_and_others_are_not() -> None:
    authenticator = Authenticator()
    assert authenticator.allows_origin(
        handshake(host="chat.example:8000", origin="https://chat.example:8000")
    )
    assert not authenticator.allows_origin(handshake(host="chat.example", origin="https://evil.example"))
    assert not authenticator.allows_origin(
        handshake(host="chat.example", origin="https://chat.example.evil.example")
    )
    assert not authenticator.allows_origin(handshake(host="chat.example", origin="null"))


def test_a_client_without_an_origin_is_allowed() -> None:
    assert Authenticator().allows_origin(handshake(host="chat.example"))


def test_configured_origins_are_allowed() -> None:
    authenticator = Authenticator(origins=["https://shop.example/"])
    assert authenticator.allows_origin(handshake(host="chat.example", origin="https://SHOP.example"))
    assert authenticator.allows_origin(handshake(host="chat.example", origin="https://chat.example"))
    assert not authenticator.allows_origin(handshake(host="chat.example", origin="http://shop.example"))
    assert Authenticator(origins=["*"]).allows_origin(
        handshake(host="chat.example", origin="https://any.example")
    )


def test_without_tokens_everyone_may_connect() -> None:
    assert Authenticator().has_valid_token(handshake())


@pytest.mark.parametrize(
    "websocket",
    [
        handshake(authorization="Bearer s3cret"),
        handshake(authorization="bearer  s3cret"),
        handshake("groundtalk", "token.s3cret"),
    ],
)
def test_a_token_comes_in_a_header_or_as_a_subprotocol(websocket: WebSocket) -> None:
    assert Authenticator(tokens=["other", "s3cret"]).has_valid_token(websocket)


@pytest.mark.parametrize(
    "websocket",
    [
        handshake(),
        handshake(authorization="Bearer s3cre"),
        handshake(authorization="Basic s3cret"),
        handshake("groundtalk", "s3cret"),
        handshake("token.s3cret2"),
        handshake("token."),
        handshake(authorization="Bearer schlüssel"),
    ],
)
def test_anything_else_is_not_a_token(websocket: WebSocket) -> None:
    assert not Authenticator(tokens=["s3cret"]).has_valid_token(websocket)


def test_the_token_is_never_echoed() -> None:
    assert accepted_subprotocol(handshake("groundtalk", "token.s3cret")) == "groundtalk"
    assert accepted_subprotocol(handshake("token.s3cret")) is None
