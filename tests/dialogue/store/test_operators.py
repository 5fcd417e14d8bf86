"""Operators: lists are newest first, and a human writes only in conversations that were handed over."""

import pytest

from dialogue.conversation import Address, Answer, Mode, Role, Turn, Utterance
from dialogue.errors import BotInCharge, UnknownConversation, UnknownTurn
from dialogue.store.store import Store

ADA, BEN = Address("web", "ada"), Address("web", "ben")


async def ask(store: Store, address: Address, text: str) -> Turn:
    return (await store.turns.accept(Utterance(address, external_id=text, text=text, language="zh"))).turn


async def answered(store: Store, address: Address, text: str) -> Turn:
    turn = await ask(store, address, text)
    claim = await store.claims.claim(turn.conversation, "worker", 60)
    assert claim is not None
    reply = await store.turns.commit(claim, turn, Answer(text=text.upper(), query=text), {})
    await store.claims.release(claim)
    return reply


def letter(answer: Answer, turn: Turn) -> dict[str, object]:
    return {"text": answer.text, "reply_to": turn.number, "language": answer.language}


async def test_conversations_are_listed_from_the_last_touched_one(store):
    first = await ask(store, ADA, "one")
    second = await ask(store, BEN, "two")
    await ask(store, ADA, "three")
    listed = await store.operators.conversations(limit=10)
    assert [each.conversation.id for each in listed] == [first.conversation, second.conversation]
    assert listed[0].last_turn == 2


async def test_a_list_goes_on_where_the_page_before_ended(store):
    for name in ("ada", "ben", "cho"):
        await ask(store, Address("web", name), "hello")
    page = await store.operators.conversations(limit=2)
    rest = await store.operators.conversations(limit=2, before=page[-1].updated_at)
    assert [each.conversation.address.account for each in (*page, *rest)] == ["cho", "ben", "ada"]


async def test_conversations_are_listed_by_mode(store):
    await ask(store, ADA, "one")
    turn = await ask(store, BEN, "two")
    await store.conversations.set_mode(turn.conversation, Mode.HUMAN)
    listed = await store.operators.conversations(limit=10, mode=Mode.HUMAN)
    assert [each.conversation.address for each in listed] == [BEN]


async def test_a_walk_meets_every_conversation_once_even_while_people_talk(store):
    for name in ("ada", "ben", "cho"):
        await ask(store, Address("web", name), "hello")
    page = await store.conversations.walk(limit=2)
    await ask(store, page[0].address, "me again")
    rest = await store.conversations.walk(limit=2, after=page[-1].id)
    assert sorted(each.address.account for each in (*page, *rest)) == ["ada", "ben", "cho"]
    assert await store.conversations.walk(limit=2, after=rest[-1].id) == []


async def test_opinions_come_with_the_answer_that_was_rated(store):
    good, bad = await answered(store, ADA, "one"), await answered(store, BEN, "two")
    await store.feedback.rate(good.conversation, good.number, "ada", "up")
    await store.feedback.rate(bad.conversation, bad.number, "ben", "down", correction="Two days.")
    newest, oldest = await store.operators.ratings(limit=10)
    assert (newest.answer, newest.rating, newest.correction) == ("TWO", "down", "Two days.")
    assert (oldest.answer, oldest.rater) == ("ONE", "ada")
    assert await store.operators.ratings(limit=10, before=newest.updated_at) == [oldest]


async def test_the_backlog_is_what_waits_for_the_bot_and_for_delivery(store):
    await answered(store, ADA, "one")
    await ask(store, BEN, "two")
    await ask(store, BEN, "three")
    backlog = await store.operators.backlog()
    assert (backlog.turns, backlog.deliveries) == (2, 1)


async def test_a_human_writes_as_the_next_turn_and_through_the_outbox(store):
    question = await ask(store, ADA, "is anyone there?")
    await store.conversations.set_mode(question.conversation, Mode.HUMAN)
    said = await store.operators.send_as_operator(question.conversation, "I am Kim.", "kim", letter)
    assert (said.number, said.role, said.text, said.author) == (2, Role.ASSISTANT, "I am Kim.", "kim")
    (outgoing,) = await store.outbox.due("web", "dispatcher", 10, 60)
    assert (outgoing.turn, outgoing.address) == (2, ADA)
    assert outgoing.payload == {"text": "I am Kim.", "reply_to": 1, "language": "zh"}


async def test_a_human_may_write_twice_to_one_question(store):
    question = await ask(store, ADA, "hello")
    await store.conversations.set_mode(question.conversation, Mode.HUMAN)
    await store.operators.send_as_operator(question.conversation, "One moment.", "kim", letter)
    await store.operators.send_as_operator(question.conversation, "Here it is.", "kim", letter)
    history = await store.turns.history(question.conversation, before=99, limit=10)
    assert [turn.text for turn in history] == ["hello", "One moment.", "Here it is."]


async def test_a_human_does_not_write_into_the_bots_conversation(store):
    question = await ask(store, ADA, "hello")
    with pytest.raises(BotInCharge, match="Set it to 'human' first"):
        await store.operators.send_as_operator(question.conversation, "Wait!", "kim", letter)
    assert [turn.number for turn in await store.turns.after(question.conversation, 0, 10)] == [1]


async def test_a_human_does_not_write_first(store):
    conversation = await store.conversations.start(ADA)
    await store.conversations.set_mode(conversation.id, Mode.HUMAN)
    with pytest.raises(UnknownTurn):
        await store.operators.send_as_operator(conversation.id, "Hello?", "kim", letter)
    assert (await store.operators.conversations(limit=1))[0].last_turn == 0


async def test_a_human_needs_a_conversation(store):
    with pytest.raises(UnknownConversation):
        await store.operators.send_as_operator("nowhere", "Hello?", "kim", letter)
