"""`Bot` in a script, with models of the caller's own: no weights are needed, and none are looked for."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import FakeListChatModel
from langchain_core.retrievers import BaseRetriever

from bot.application import Bot
from bot.channels.base import Channel
from bot.errors import AlreadyOpen, HumanInCharge, NoCollection, NotOpen, SettingsError
from dialogue.conversation import Address, Answer, Mode, OutboxMessage, Role, Turn, Utterance
from dialogue.delivery import ReportProgress
from dialogue.errors import UnknownConversation
from dialogue.events import Accepted, Answered, Retrieved, Rewritten, Token, Writing
from dialogue.manager import Manager
from dialogue.steps import Step, TurnContext
from finetune.releases import Releases
from retrieval.errors import IngestFailed
from tests.bot.channels.bot_fixture import FakeChatModel
from tests.bot.deployed_bot import RETURNS
from tests.bot.fake_releases import released
from tests.retrieval.fakes import HashingEncoder

SAID = "You may return it within 30 days of delivery [1]."
QUESTION = "Until when may I return it?"


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Arguments of `Bot.open` for a bot that has a folder to itself and needs no weights."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook" / "returns.md").write_text(RETURNS)
    return {
        "documents": "handbook",
        "generator": FakeChatModel(text=SAID),
        "encoder": HashingEncoder(),
        "weights_dir": tmp_path / "weights",
        "hf_endpoint": "http://127.0.0.1:9",
    }


async def test_an_answer_comes_with_its_citations_and_where_it_is_stored(given):
    async with Bot.open(**given) as bot:
        answer = await bot.ask("ada", QUESTION)
        stored = await bot.store.turns.get(answer.conversation, answer.turn)
    assert answer.text == SAID
    assert [(each.title, each.source) for each in answer.citations] == [("Returns", "returns.md")]
    assert answer.citations[0].quote.startswith("You may return it within 30 days")
    assert [passage.source for passage in answer.passages] == ["returns.md"]
    assert (answer.abstained, answer.release) == (False, "base:FakeChatModel")
    assert (stored.text, stored.citations) == (answer.text, answer.citations)


async def test_for_what_is_given_no_weights_are_looked_for(given, tmp_path):
    async with Bot.open(**given) as bot:
        await bot.ask("ada", QUESTION)
    assert not (tmp_path / "weights").exists()


async def test_a_model_that_rewrites_may_be_another_one(given):
    given["rewriter"] = FakeListChatModel(responses=["Until when may I return the bike?"])
    async with Bot.open(**given) as bot:
        await bot.ask("ada", QUESTION)
        answer = await bot.ask("ada", "And the bike?")
    assert answer.query == "Until when may I return the bike?"
    assert answer.release == "base:FakeChatModel rewrite:base:FakeListChatModel"


async def test_a_turn_can_be_watched(given):
    async with Bot.open(**given) as bot:
        events = [event async for event in bot.stream("ada", QUESTION)]
    kinds = list(dict.fromkeys(type(event) for event in events))
    assert kinds == [Accepted, Rewritten, Retrieved, Writing, Token, Answered]
    assert events[-1].text == SAID
    (found,) = [event for event in events if isinstance(event, Retrieved)]
    assert [quote.startswith("You may return it within 30 days") for quote in found.quotes] == [True]


async def test_how_long_an_answer_takes_is_known_from_the_one_before(given):
    async with Bot.open(**given) as bot:
        events = [event async for event in bot.stream("ada", QUESTION)]
        events += [event async for event in bot.stream("bob", f"{QUESTION} Why?")]
    first, second = [event for event in events if isinstance(event, Writing)]
    assert (first.first_word, first.complete) == (None, None)
    assert second.complete >= second.first_word >= 0


async def test_a_person_has_several_conversations(given):
    async with Bot.open(**given) as bot:
        first = (await bot.ask("ada", QUESTION)).conversation
        second = await bot.start_conversation("ada")
        await bot.ask("ada", "Hello?", conversation=first)
        assert (await bot.ask("ada", QUESTION)).conversation == second.id
        assert [home.id for home in await bot.conversations("ada")] == [second.id, first]
        said = [turn.text for turn in await bot.history("ada", conversation=first) if turn.role is Role.USER]
        assert said == [QUESTION, "Hello?"]
        assert len(await bot.history("ada")) == 2


async def test_a_conversation_belongs_to_one_person(given):
    async with Bot.open(**given) as bot:
        home = await bot.start_conversation("ada")
        with pytest.raises(UnknownConversation):
            await bot.ask("eve", QUESTION, conversation=home.id)
        with pytest.raises(UnknownConversation):
            await bot.history("eve", conversation=home.id)
        assert await bot.conversations("eve") == []


async def test_the_same_message_is_answered_once(given):
    async with Bot.open(**given) as bot:
        first = await bot.ask("ada", QUESTION, message_id="m1")
        assert await bot.ask("ada", QUESTION, message_id="m1") == first
        assert len(await bot.history("ada")) == 2


async def test_in_human_hands_the_message_is_kept_and_the_caller_told(given):
    async with Bot.open(**given) as bot:
        home = await bot.start_conversation("ada")
        await bot.store.conversations.set_mode(home.id, Mode.HUMAN)
        with pytest.raises(HumanInCharge, match="start_conversation") as told:
            await bot.ask("ada", QUESTION)
        with pytest.raises(HumanInCharge):
            [event async for event in bot.stream("ada", "Anybody?")]
        assert told.value.conversation == home.id
        assert [turn.text for turn in await bot.history("ada")] == [QUESTION, "Anybody?"]


async def test_a_person_can_be_forgotten(given):
    async with Bot.open(**given) as bot:
        await bot.ask("ada", QUESTION)
        await bot.forget("ada")
        assert await bot.conversations("ada") == []


class Catalogue(BaseRetriever):
    """Finds the same page whatever is asked."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document(RETURNS, metadata={"source": "catalogue", "title": "Returns"})]


async def test_any_retriever_searches_in_place_of_ours(given, tmp_path):
    del given["documents"], given["encoder"]
    async with Bot.open(retriever=Catalogue(), **given) as bot:
        answer = await bot.ask("ada", QUESTION)
        with pytest.raises(NoCollection, match="provided"):
            await bot.ingest()
    assert answer.citations[0].source == "catalogue"
    assert not (tmp_path / "var" / "index").exists()
    assert not (tmp_path / "weights").exists()


class Words(Embeddings):
    """langchain's own interface, and not of unit length."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return [3.0 * part for part in HashingEncoder().encode([text])[0].tolist()]


async def test_any_embeddings_encode(given):
    given["encoder"] = Words()
    async with Bot.open(**given) as bot:
        assert bot.collection.encoder.fingerprint.endswith("Words 64")
        assert (await bot.ask("ada", QUESTION)).text == SAID


async def test_documents_can_be_read_again(given, tmp_path):
    async with Bot.open(**given) as bot:
        (tmp_path / "handbook" / "repairs.md").write_text("# Repairs\n\nA repair takes two weeks.\n")
        assert (await bot.ingest()).added == 1
        with pytest.raises(IngestFailed):
            await bot.ingest(tmp_path / "nowhere")


class Counter:
    """Answers /count, and counts everything else."""

    async def run(self, turn: TurnContext) -> Answer | None:
        turn.state["asked"] = turn.state.get("asked", 0) + 1
        return turn.answer(f"Asked {turn.state['asked']} times.") if turn.text == "/count" else None


async def test_a_step_of_ones_own_keeps_its_state_over_a_restart(given):
    def steps(default: list[Step]) -> list[Step]:
        return [Counter(), *default]

    async with Bot.open(steps=steps, **given) as bot:
        await bot.ask("ada", QUESTION)
        assert (await bot.ask("ada", "/count")).text == "Asked 2 times."
    async with Bot.open(steps=steps, **given) as bot:
        assert (await bot.ask("ada", "/count")).text == "Asked 3 times."


class Mailbox(Channel):
    """Brings one message in when the bot opens, and keeps what is sent."""

    channel = "mail"

    def __init__(self) -> None:
        self.sent: asyncio.Queue[str] = asyncio.Queue()

    def render(self, answer: Answer, turn: Turn) -> dict[str, str]:
        return {"text": answer.text}

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        self.sent.put_nowait(outgoing.payload["text"])

    async def run(self, manager: Manager) -> None:
        await manager.receive(Utterance(Address(self.channel, "ada@example.com"), "1", QUESTION))


async def test_a_channel_of_ones_own_runs_while_the_bot_is_open(given):
    mailbox = Mailbox()
    async with Bot.open(channels=[mailbox], **given):
        assert await asyncio.wait_for(mailbox.sent.get(), 20) == SAID


async def test_no_release_takes_the_place_of_a_model_that_was_given(given, tmp_path):
    async with Bot.open(**given) as bot:
        learnt = await released(bot._runtime, tmp_path, "in its box")
        await Releases(bot.store.database).promote(learnt.id)
        await bot._runtime.watcher.look()
        assert bot._runtime.watcher.trouble == ""
        assert (await bot.ask("ada", QUESTION)).release == "base:FakeChatModel"


class Tally(AsyncCallbackHandler):
    """The caller's own callback."""

    def __init__(self) -> None:
        self.calls = 0

    async def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self.calls += 1


async def test_the_callers_model_keeps_its_callbacks_and_gets_no_others(given):
    tally = Tally()
    given["generator"].callbacks = [tally]
    async with Bot.open(**given) as bot:
        await bot.ask("ada", QUESTION)
    assert tally.calls == 1
    assert given["generator"].callbacks == [tally]


async def test_a_bot_can_be_awaited_and_closed_as_notebooks_do(given):
    bot = await Bot.open(**given)
    assert (await bot.ask("ada", QUESTION)).text == SAID
    await bot.close()
    await bot.close()
    with pytest.raises(NotOpen):
        await bot.ask("ada", QUESTION)
    async with bot:
        assert len(await bot.history("ada")) == 2


async def test_a_bot_is_opened_once(given):
    async with Bot.open(**given) as bot:
        with pytest.raises(AlreadyOpen):
            await bot


async def test_a_cancelled_caller_still_closes_the_bot(given):
    generator = given["generator"]
    bot = await Bot.open(**given)
    generator.waiting.clear()
    asking = asyncio.create_task(bot.ask("ada", QUESTION))
    await asyncio.sleep(0.2)
    closing = asyncio.create_task(bot.close())
    await asyncio.sleep(0.05)
    closing.cancel()
    await asyncio.sleep(0.05)
    generator.waiting.set()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert (await asking).text == SAID
    with pytest.raises(NotOpen):
        await bot.history("ada")


async def test_arguments_win_over_the_file_env(given, tmp_path):
    (tmp_path / ".env").write_text("DATA_DIR=elsewhere\nPORT=9\n")
    async with Bot.open(port=0, **given) as bot:
        await bot.ask("ada", QUESTION)
    assert (tmp_path / "elsewhere" / "groundtalk.db").exists()
    assert not (tmp_path / "var").exists()


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(SettingsError, match="Did you mean 'passage_tokens'"):
        Bot.open(passage_token=100)
    with pytest.raises(SettingsError, match="There is no setting 'colour'"):
        Bot.open(colour="blue")
