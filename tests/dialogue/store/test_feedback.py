"""Ratings of answers."""

import pytest

from dialogue.errors import UnknownTurn
from dialogue.store.store import Store
from tests.dialogue.store.rows import rows
from tests.dialogue.store.samples import exchange


async def test_a_rating_with_a_correction(store: Store, store_url: str) -> None:
    answer = await exchange(store, "What voltage?")

    await store.feedback.rate(answer.conversation, 2, "ann", "down", "wrong", "It takes 110 volts.")

    (row,) = await rows(store_url, "feedback")
    assert (row["rater"], row["rating"], row["comment"]) == ("ann", "down", "wrong")
    assert row["correction"] == "It takes 110 volts."


async def test_the_latest_rating_of_a_rater_counts(store: Store, store_url: str) -> None:
    answer = await exchange(store, "What voltage?")

    await store.feedback.rate(answer.conversation, 2, "ann", "down", "wrong", "It takes 110 volts.")
    await store.feedback.rate(answer.conversation, 2, "ann", "up")
    await store.feedback.rate(answer.conversation, 2, "bob", "down")

    found = {row["rater"]: row for row in await rows(store_url, "feedback")}
    assert {rater: row["rating"] for rater, row in found.items()} == {"ann": "up", "bob": "down"}
    assert found["ann"]["comment"] is found["ann"]["correction"] is None


@pytest.mark.parametrize("number", [1, 3, 10**12])
async def test_only_answers_are_rated(store: Store, number: int) -> None:
    answer = await exchange(store, "What voltage?")

    with pytest.raises(UnknownTurn, match="answer"):
        await store.feedback.rate(answer.conversation, number, "ann", "up")


async def test_a_rating_is_up_or_down(store: Store) -> None:
    answer = await exchange(store, "What voltage?")

    with pytest.raises(ValueError, match="sideways"):
        await store.feedback.rate(answer.conversation, 2, "ann", "sideways")


async def test_only_a_thumbs_down_reports_the_query_of_its_answer(store: Store) -> None:
    answer = await exchange(store, "What voltage?")
    reported: list[str] = []
    store.feedback.on_rated_down = reported.append

    await store.feedback.rate(answer.conversation, 2, "ann", "up")
    await store.feedback.rate(answer.conversation, 2, "bob", "down")

    assert reported == [answer.query]
