"""Every query of a turn finds its rows by index, however long the conversation and the log are (I6)."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from dialogue.conversation import Address
from dialogue.store.store import Store
from tests.dialogue.store.samples import ANSWER, CHAT, ask, exchange, said

Step = Callable[[Store, str], Awaitable[object]]


async def _answer(store: Store, conversation: str) -> None:
    turn = await ask(store, "again")
    claim = await store.claims.claim(conversation, "one", 60)
    assert claim is not None
    await store.claims.renew(claim, 60)
    await store.turns.commit(claim, await store.claims.begin(claim, turn), ANSWER, {})
    await store.claims.release(claim)


async def _deliver(store: Store, conversation: str) -> None:
    for outgoing in await store.outbox.due("telegram", "dispatcher", 10, 60):
        await store.outbox.record_progress(outgoing, 1, 60)
        await store.outbox.mark_delivered(outgoing)


STEPS: dict[str, Step] = {
    "accept": lambda store, conversation: store.turns.accept(said("hello")),
    "accept again": lambda store, conversation: store.turns.accept(said("hello", external_id="known")),
    "start": lambda store, conversation: store.conversations.start(CHAT),
    "current": lambda store, conversation: store.conversations.current(CHAT),
    "history": lambda store, conversation: store.turns.history(conversation, 5, 10),
    "turns": lambda store, conversation: store.turns.after(conversation, 1, 10),
    "passage": lambda store, conversation: store.turns.passage(conversation, "chunk-1"),
    "next pending": lambda store, conversation: store.claims.next_pending(conversation),
    "unclaimed": lambda store, conversation: store.claims.unclaimed(10),
    "answer": _answer,
    "deliver": _deliver,
    "seen": lambda store, conversation: store.outbox.mark_seen(conversation, 4),
    "forget": lambda store, conversation: store.erasure.forget("telegram", author="author 1"),
    "rate": lambda store, conversation: store.feedback.rate(conversation, 3, "ann", "up"),
}


@pytest.fixture
async def conversation(store: Store) -> AsyncIterator[str]:
    """A conversation in a log of several."""
    await store.turns.accept(said("hello", external_id="known"))
    for n in range(3):
        await exchange(store, "hello", Address("telegram", f"other {n}"), author=f"author {n}")
    yield (await exchange(store, "hello")).conversation


@pytest.mark.parametrize("step", STEPS)
async def test_no_step_of_a_turn_scans_a_table(store: Store, conversation: str, step: str) -> None:
    statements: list[tuple[str, Any]] = []

    def note(_: Connection, __: object, statement: str, parameters: Any, *___: object) -> None:
        statements.append((statement, parameters[0] if isinstance(parameters, list) else parameters))

    with listening(note):
        await STEPS[step](store, conversation)

    asked = [each for each in statements if each[0].startswith(("SELECT", "UPDATE", "DELETE"))]
    # An explained DELETE may hold up SQLite's commit; PostgreSQL's setting lasts for one transaction.
    database = store.database
    within = database.read if database.is_sqlite else database.write
    plans = [await within(partial(_plan, *each)) for each in asked]
    assert asked
    assert [line for plan in plans for line in plan if _scans(line)] == []


@contextmanager
def listening(note: Callable[..., None]) -> Iterator[None]:
    """Inside the block `note` sees every statement of every engine."""
    event.listen(Engine, "before_cursor_execute", note)
    yield
    event.remove(Engine, "before_cursor_execute", note)


def _plan(statement: str, parameters: Any, connection: Connection) -> list[str]:
    """The lines of the plan. PostgreSQL is set to prefer indexes, because it would scan tables as small as these."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row.detail for row in found]
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]


PARTIAL = ("turn_pending", "outbox_due", "outbox_order")
"""Indexes over what waits alone, which is little: reading all of one is no scan."""


def _scans(step: str) -> bool:
    """Whether a plan's step reads all of a table, or all turns of a conversation."""
    whole = step.startswith("SCAN") and "CONSTANT ROW" not in step
    conversation = re.search(r"SEARCH (turn|hit|outbox|asked|spoken) .*\(conversation=\?\)", step) is not None
    return (whole or conversation or "Seq Scan" in step) and not any(index in step for index in PARTIAL)
