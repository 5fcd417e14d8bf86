"""The tests that every channel has to pass. A channel's own test class supplies a rig:

class TestMyChannel(ChannelContract):
    @pytest.fixture
    async def rig(self, sqlite_url: str) -> AsyncIterator[Rig]: ...
"""

import asyncio
import json
from typing import Protocol

import pytest

from bot.channels.base import Channel
from dialogue.conversation import Answer, Citation, Conversation, OutboxMessage, Role, Turn
from dialogue.store.store import Store
from tests.bot.channels.waiting import eventually

CITED = Answer(
    "退货期为 30 天 [1]。",
    "退货期是多久？",
    citations=(Citation(1, "c1", "退货 <政策>", "https://shop.example/r?a=1&b=2", "30 天内可以退货。"),),
)
ANSWERS = {
    "plain": Answer("Yes.", "Is it?"),
    "cited, Chinese": CITED,
    "abstained": Answer("I could not find that.", "Why?", abstained=True),
    "failed": Answer("Something went wrong.", "", failed=True),
    "marked up": Answer("*_[`<b>&amp;</b>`](x)_* \\ 1. - # ~ > | {} ! 🙂", "?"),
    "long": Answer("\n\n".join(f"Sentence {n} of a long answer." for n in range(600)), "?"),
}


class Rig(Protocol):
    """A channel with a person on the other end of its medium, and a bot behind it."""

    @property
    def channel(self) -> Channel: ...

    @property
    def store(self) -> Store: ...

    async def say(self, external_id: str, text: str) -> Conversation:
        """The person sends a message under the medium's id `external_id`. Returns once it is acknowledged."""

    async def shown(self) -> list[str]:
        """The bot's texts that are on the person's screen now, in order; a long answer counts once per part."""


class ChannelContract:
    """Inherit, and give a fixture `rig`. The bot behind the rig answers every message within seconds."""

    async def test_a_message_is_stored_when_it_is_acknowledged(self, rig: Rig) -> None:
        conversation = await rig.say("1", "Until when can I return it?")
        turns = await rig.store.turns.after(conversation.id, 0, 1)
        assert [turn.text for turn in turns] == ["Until when can I return it?"]
        assert conversation.address.channel == rig.channel.channel

    async def test_a_message_is_answered_once_however_often_it_comes(self, rig: Rig) -> None:
        conversation = await rig.say("1", "Until when can I return it?")
        await _until_shown(rig, 1)
        for _ in range(2):
            await rig.say("1", "Until when can I return it?")
        await asyncio.sleep(0.2)
        assert len(await rig.store.turns.after(conversation.id, 0, 10)) == 2
        assert len(await rig.shown()) == 1

    async def test_messages_are_answered_in_order(self, rig: Rig) -> None:
        for n in range(1, 4):
            conversation = await rig.say(str(n), f"Question {n}?")
        await _until_shown(rig, 3)
        turns = await rig.store.turns.after(conversation.id, 0, 10)
        asked = [turn.number for turn in turns if turn.role is Role.USER]
        assert [turn.reply_to for turn in turns if turn.role is Role.ASSISTANT] == asked

    @pytest.mark.parametrize("kind", ANSWERS)
    async def test_an_answer_survives_the_outbox_and_arrives(self, rig: Rig, kind: str) -> None:
        conversation, progress = await rig.say("1", "Is it?"), _ProgressRecorder()
        await _until_shown(rig, 1)
        await rig.channel.send(_outgoing(rig.channel, conversation, ANSWERS[kind]), progress)
        await _until_shown(rig, 2 + len(progress.parts))
        assert progress.parts == list(range(1, 1 + len(progress.parts)))

    async def test_parts_that_arrived_are_not_sent_again(self, rig: Rig) -> None:
        conversation, progress, rest = await rig.say("1", "Is it?"), _ProgressRecorder(), _ProgressRecorder()
        await _until_shown(rig, 1)
        await rig.channel.send(_outgoing(rig.channel, conversation, ANSWERS["long"]), progress)
        await _until_shown(rig, 2 + len(progress.parts))
        if not progress.parts:
            pytest.skip("this channel sends an answer in one part")
        all_but_last = _outgoing(rig.channel, conversation, ANSWERS["long"], progress=len(progress.parts))
        await rig.channel.send(all_but_last, rest)
        await _until_shown(rig, 3 + len(progress.parts))
        assert not rest.parts


class _ProgressRecorder:
    """Records progress, as the outbox does."""

    def __init__(self) -> None:
        self.parts: list[int] = []

    async def __call__(self, progress: int) -> None:
        self.parts.append(progress)


def _outgoing(
    channel: Channel, conversation: Conversation, answer: Answer, progress: int = 0
) -> OutboxMessage:
    """What the outbox would hand over: a payload that has been through the database."""
    turn = Turn(conversation.id, 1, Role.USER, "Is it?", conversation.created_at)
    payload = json.loads(json.dumps(channel.render(answer, turn)))
    return OutboxMessage(1, conversation.id, 1_000 + progress, conversation.address, payload, 1, progress)


async def _until_shown(rig: Rig, count: int) -> None:
    async def enough() -> bool:
        return len(await rig.shown()) >= count

    await eventually(enough)
    assert len(await rig.shown()) == count
