import pytest
from starlette.types import Message
from starlette.websockets import WebSocket

from bot.channels.websocket.channel import Authenticator, subprotocol


async def _receive() -> Message:
    raise AssertionError("the door only looks")


async def _send(message: Message) -> None:
    raise AssertionError("the door only looks")


def knock(*offered: str, **headers: str) -> WebSocket:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "websocket", "headers": raw, "subprotocols": list(offered)}
    return WebSocket(scope, _receive, _send)


def test_a_page_of_this_site_is_welcome_and_one_of_another_is_not() -> None:
    authenticator = Authenticator()
    assert authenticator.welcomes_origin(knock(host="chat.example:8000", origin="https://chat.example:8000"))
    assert not authenticator.welcomes_origin(knock(host="chat.example", origin="https://evil.example"))
    assert not authenticator.welcomes_origin(
        knock(host="chat.example", origin="https://chat.example.evil.example")
    )
    assert not authenticator.welcomes_origin(knock(host="chat.example", origin="null"))


def test_a_program_tells_no_origin_and_is_welcome() -> None:
    assert Authenticator().welcomes_origin(knock(host="chat.example"))


def test_other_origins_are_welcome_when_they_are_allowed() -> None:
    authenticator = Authenticator(origins=["https://shop.example/"])
    assert authenticator.welcomes_origin(knock(host="chat.example", origin="https://SHOP.example"))
    assert authenticator.welcomes_origin(knock(host="chat.example", origin="https://chat.example"))
    assert not authenticator.welcomes_origin(knock(host="chat.example", origin="http://shop.example"))
    assert Authenticator(origins=["*"]).welcomes_origin(
        knock(host="chat.example", origin="https://any.example")
    )


def test_without_tokens_everyone_is_known() -> None:
    assert Authenticator().knows_bearer(knock())


@pytest.mark.parametrize(
    "visitor",
    [
        knock(authorization="Bearer s3cret"),
        knock(authorization="bearer  s3cret"),
        knock("groundtalk", "token.s3cret"),
    ],
)
def test_a_token_comes_in_a_header_or_as_a_subprotocol(visitor: WebSocket) -> None:
    assert Authenticator(tokens=["other", "s3cret"]).knows_bearer(visitor)


@pytest.mark.parametrize(
    "visitor",
    [
        knock(),
        knock(authorization="Bearer s3cre"),
        knock(authorization="Basic s3cret"),
        knock("groundtalk", "s3cret"),
        knock("token.s3cret2"),
        knock("token."),
        knock(authorization="Bearer schlüssel"),
    ],
)
def test_anything_else_is_no_token(visitor: WebSocket) -> None:
    assert not Authenticator(tokens=["s3cret"]).knows_bearer(visitor)


def test_the_token_is_never_echoed() -> None:
    assert subprotocol(knock("groundtalk", "token.s3cret")) == "groundtalk"
    assert subprotocol(knock("token.s3cret")) is None
