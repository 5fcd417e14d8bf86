"""One turn as whoever asked sees it: live while it is answered here, from the store when it was answered elsewhere.

Knows events and the store; wakes nobody.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from dialogue.broadcast import Listener
from dialogue.conversation import Mode, Receipt, Role, Turn
from dialogue.events import Accepted, Answered, Event
from dialogue.store import Store

LOOK = 1.0
"""Seconds without any event after which the store is asked: another process may be at it."""


async def follow(store: Store, listener: Listener, receipt: Receipt) -> AsyncGenerator[Event]:
    """The turn's events after `Accepted`; `Answered` is the last, unless the turn is, or passes, in human hands."""
    question = receipt.turn
    live = not receipt.duplicate and receipt.conversation.mode is Mode.BOT
    while live or await _waits(store, question):
        live = False
        async with aclosing(listener.lively(LOOK)) as events:
            async for event in events:
                if isinstance(event, Answered) and event.reply_to == question.number:
                    yield event
                    return
                if not isinstance(event, Accepted | Answered) and event.turn == question.number:
                    yield event
    if answer := await _stored_answer(store, question):
        yield answer


async def _waits(store: Store, question: Turn) -> bool:
    """Whether the bot still owes an answer: turns are answered in order, and a human's are not the bot's."""
    oldest = await store.next_pending(question.conversation)
    return oldest is not None and oldest.number <= question.number


async def _stored_answer(store: Store, question: Turn) -> Answered | None:
    (last,) = await store.history(question.conversation, before=question.number + 1, limit=1) or [question]
    if last.role is not Role.ASSISTANT or last.reply_to != question.number:
        return None
    return Answered(last.number, question.number, last.text, last.citations, last.abstained)
