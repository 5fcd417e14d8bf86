"""The server itself: a method of the Bot API is a method here, by its own name."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from tests.botapi.faults import Fault, refusal
from tests.botapi.floods import Floodgate
from tests.botapi.inbox import Inbox
from tests.botapi.messages import Params, Refused, check_commands, check_markup, check_text, params
from tests.botapi.people import Json, Person, Room
from tests.botapi.wire import Request, Response, Wire

COUNTED = {"sendMessage", "editMessageText", "editMessageReplyMarkup"}
"""Methods that Telegram's flood limits count."""


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    params: Params
    moment: float


class BotApi:
    """One bot's Telegram. `async with BotApi() as api:` serves it; `api.base_url` goes to the library."""

    token = "123456:test-token"

    def __init__(self, port: int = 0, floodgate: Floodgate | None = None) -> None:
        self.me: Json = {"id": 123456, "is_bot": True, "first_name": "Robin", "username": "groundtalk_bot"}
        self.inbox = Inbox(self.me)
        self.calls: list[Call] = []
        self.drafts: list[Params] = []
        self.answers: dict[str, str] = {}
        self.commands: dict[str, list[Json]] = {}
        self.blocked: set[int] = set()
        self.webhook: Json = {"url": ""}
        self.floods = 0
        self._floodgate = floodgate
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._wire = Wire(self._respond, port)

    @property
    def base_url(self) -> str:
        return f"{self._wire.url}/bot"

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.__aexit__(kind, error, trace)

    # What tests do and see.

    def fault(self, method: str, *faults: Fault) -> None:
        """The next calls of `method` meet these, one each."""
        self._faults[method].extend(faults)

    def called(self, method: str) -> list[Params]:
        return [call.params for call in self.calls if call.method == method]

    def shown(self, room: Room) -> list[Json]:
        """The bot's messages that stand in the chat now, oldest first."""
        return [m for m in self.inbox.messages[room.id].values() if m["from"]["id"] == self.me["id"]]

    def texts(self, room: Room) -> list[str]:
        return [message["text"] for message in self.shown(room)]

    def press(self, person: Person, message: Json, row: int, column: int) -> Json:
        """The person presses an inline button of the bot's message."""
        button = message["reply_markup"]["inline_keyboard"][row][column]
        return self.inbox.press(person, message, button["callback_data"])

    async def until(self, ready: Callable[[], Any], seconds: float = 5.0) -> None:
        """Waits for the bot; fails after `seconds`."""
        end = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < end, f"not in {seconds} s; calls: {[c.method for c in self.calls]}"
            await asyncio.sleep(0.005)

    async def push(self, client: httpx.AsyncClient) -> int:
        """Posts the oldest waiting update to the webhook; it leaves the queue on 2xx. Returns the status."""
        update = self.inbox.updates[0]
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook["secret_token"]}
        response = await client.post(self.webhook["url"], json=update, headers=headers)
        if response.is_success:
            self.inbox.updates.remove(update)
        return response.status_code

    # HTTP to methods.

    async def _respond(self, request: Request) -> Response:
        token, _, method = request.path.removeprefix("/bot").partition("/")
        given = params(request.form)
        self.calls.append(Call(method, given, time.monotonic()))
        if token != self.token:
            return refusal(401, "Unauthorized")
        faults = self._faults[method]
        if faults:
            return await faults.popleft().strike(lambda: self._act(method, given))
        return await self._act(method, given)

    async def _act(self, method: str, given: Params) -> Response:
        act = getattr(self, method, None)
        if act is None:
            return refusal(404, "Not Found")
        if self._floodgate and method in COUNTED and (seconds := self._floodgate.wait(given["chat_id"])):
            self.floods += 1
            return refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        try:
            return 200, {"ok": True, "result": await act(given)}
        except Refused as error:
            return refusal(error.code, str(error))

    # The Bot API.

    async def getMe(self, given: Params) -> Json:
        return self.me

    async def getUpdates(self, given: Params) -> list[Json]:
        if self.webhook["url"]:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        return await self.inbox.poll(given.get("offset", 0), given.get("limit", 100), given.get("timeout", 0))

    async def setWebhook(self, given: Params) -> bool:
        self.webhook = dict(given)
        return True

    async def deleteWebhook(self, given: Params) -> bool:
        self.webhook = {"url": ""}
        if given.get("drop_pending_updates"):
            self.inbox.updates.clear()
        return True

    async def getWebhookInfo(self, given: Params) -> Json:
        waiting = len(self.inbox.updates)
        return {"url": self.webhook["url"], "has_custom_certificate": False, "pending_update_count": waiting}

    async def sendMessage(self, given: Params) -> Json:
        room = self._room(given)
        check_text(given["text"], given)
        check_markup(given.get("reply_markup"))
        self._check_reply(room, given.get("reply_parameters"))
        return self.inbox.keep(room, self.me, _content(given))

    async def editMessageText(self, given: Params) -> Json:
        message = self._own(given)
        check_text(given["text"], given)
        check_markup(given.get("reply_markup"))
        content = _content(given)
        if all(message.get(name) == content.get(name) for name in ("text", "entities", "reply_markup")):
            raise Refused(400, "Bad Request: message is not modified")
        message.pop("reply_markup", None)
        message.pop("entities", None)
        message.update(content)
        return message

    async def editMessageReplyMarkup(self, given: Params) -> Json:
        message = self._own(given)
        message.pop("reply_markup", None)
        message.update({"reply_markup": given["reply_markup"]} if given.get("reply_markup") else {})
        return message

    async def deleteMessage(self, given: Params) -> bool:
        del self.inbox.messages[given["chat_id"]][self._own(given)["message_id"]]
        return True

    async def sendMessageDraft(self, given: Params) -> bool:
        if self._room(given).type != "private" or not given["draft_id"]:
            raise Refused(400, "Bad Request: TEXTDRAFT_PEER_INVALID")
        check_text(given.get("text", ""), given, empty=True)
        self.drafts.append(given)
        return True

    async def sendChatAction(self, given: Params) -> bool:
        self._room(given)
        return True

    async def answerCallbackQuery(self, given: Params) -> bool:
        query = str(given["callback_query_id"])
        if query not in self.inbox.presses:
            raise Refused(400, "Bad Request: query is too old or its ID is invalid")
        self.answers[query] = given.get("text", "")
        return True

    async def setMyCommands(self, given: Params) -> bool:
        check_commands(given)
        self.commands[given.get("language_code", "")] = given["commands"]
        return True

    def _room(self, given: Params) -> Room:
        room = self.inbox.rooms.get(given["chat_id"])
        if room is None:
            raise Refused(400, "Bad Request: chat not found")
        if room.id in self.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        return room

    def _own(self, given: Params) -> Json:
        message = self.inbox.messages[self._room(given).id].get(given["message_id"])
        if message is None or message["from"]["id"] != self.me["id"]:
            raise Refused(400, "Bad Request: message to edit not found")
        return message

    def _check_reply(self, room: Room, reply: Params | None) -> None:
        here = self.inbox.messages[room.id]
        if reply and reply["message_id"] not in here and not reply.get("allow_sending_without_reply"):
            raise Refused(400, "Bad Request: message to be replied not found")


def _content(given: Params) -> Json:
    """What of a call stands in the chat: the text is trimmed, of keyboards only inline ones are shown."""
    kept = {
        name: given[name] for name in ("entities", "message_thread_id", "reply_parameters") if name in given
    }
    if "inline_keyboard" in given.get("reply_markup", {}):
        kept["reply_markup"] = given["reply_markup"]
    return {"text": given["text"].strip()} | kept
