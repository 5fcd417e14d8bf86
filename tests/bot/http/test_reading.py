import httpx
import pytest

from dialogue.conversation import Address, Mode, Utterance
from dialogue.store.store import Store
from tests.bot.channels.bot_fixture import PASSAGES, BotFixture
from tests.bot.channels.client import connect_client


@pytest.fixture
async def answered(bot: BotFixture) -> str:
    """The id of a conversation with a question and its answer."""
    async with connect_client(bot) as client:
        await client.hello()
        await client.ask("Until when can I return it?", "m1")
    return client.conversation


async def test_a_passage_behind_an_answer_is_read_whole(http: httpx.AsyncClient, answered: str) -> None:
    got = await http.get(f"/passages/{answered}/returns-1")
    assert got.json() == {
        "chunk": "returns-1",
        "title": "Returns",
        "source": "returns.md",
        "text": PASSAGES[0].page_content,
    }
    assert "private" in got.headers["cache-control"]


async def test_a_conversation_shows_only_passages_that_it_was_shown(
    http: httpx.AsyncClient, answered: str, bot: BotFixture
) -> None:
    async with connect_client(bot) as other:
        await other.hello()
    assert (await http.get(f"/passages/{other.conversation}/returns-1")).status_code == 404
    assert (await http.get(f"/passages/{answered}/secret-9")).status_code == 404
    assert (await http.get("/passages/guess/returns-1")).status_code == 404


async def test_earlier_turns_are_read_page_by_page(http: httpx.AsyncClient, bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.hello()
    conversation = await bot.store.conversations.get(client.conversation)
    await bot.store.conversations.set_mode(conversation.id, Mode.HUMAN)
    for n in range(1, 13):
        await bot.store.turns.accept(Utterance(conversation.address, str(n), f"Turn {n}"), conversation.id)
    path = f"/conversations/{conversation.id}/turns"
    page = (await http.get(path, params={"before": 13, "limit": 5})).json()["turns"]
    assert page[0] == {"turn": 8, "role": "user", "text": "Turn 8"}
    assert [turn["turn"] for turn in page] == [8, 9, 10, 11, 12]
    first = (await http.get(path, params={"before": 4})).json()["turns"]
    assert [turn["turn"] for turn in first] == [1, 2, 3]
    assert (await http.get(path, params={"before": 1})).json() == {"turns": []}


async def test_an_earlier_answer_has_its_citations(http: httpx.AsyncClient, answered: str) -> None:
    turns = (await http.get(f"/conversations/{answered}/turns", params={"before": 3})).json()["turns"]
    assert [turn["role"] for turn in turns] == ["user", "assistant"]
    assert [each["chunk"] for each in turns[1]["citations"]] == ["returns-1", "refunds-1"]


@pytest.mark.parametrize(
    "query", ["", "before=0", "before=-1", "before=x", "before=9&limit=0", "before=9&limit=101"]
)
async def test_a_bad_page_is_refused(http: httpx.AsyncClient, answered: str, query: str) -> None:
    assert (await http.get(f"/conversations/{answered}/turns?{query}")).status_code == 422


async def test_conversations_of_other_channels_cannot_be_read(
    http: httpx.AsyncClient, bot: BotFixture
) -> None:
    store: Store = bot.store
    elsewhere = await store.conversations.start(Address("telegram", "42"))
    assert (await http.get(f"/conversations/{elsewhere.id}/turns?before=9")).status_code == 404
    assert (await http.get(f"/passages/{elsewhere.id}/returns-1")).status_code == 404


async def test_a_null_byte_finds_nothing(http: httpx.AsyncClient, answered: str) -> None:
    assert (await http.get(f"/passages/{answered}/a%00b")).status_code == 422
    assert (await http.get("/conversations/%00/turns?before=9")).status_code == 422
