"""The answer from the documents: a repeated question is answered from the cache, a cancelled answer never enters it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.retrievers import BaseRetriever

from dialogue.answer_cache import AnswerCache
from dialogue.conversation import Answer, Conversation, Mode, Role, Turn
from dialogue.events import Event, Retrieved, Token
from dialogue.grounding import Grounder
from dialogue.rewriting import Rewriter
from dialogue.steps.answer import CACHED, AnswerFromDocuments
from dialogue.steps.base import TurnContext
from retrieval.evidence import EvidenceSentences
from tests.dialogue.bot_process import VOICE
from tests.dialogue.fake_chat_model import FakeChatModel
from tests.dialogue.store.samples import CHAT


class Library(BaseRetriever):
    """Finds one page, whose text can change."""

    text: str = "It takes 230 volts."

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document(self.text, metadata={"chunk": "c", "source": "manual.md", "score": 0.3})]


class Asked:
    """A step with a cache, and what it was asked."""

    def __init__(self, *answers: str, size: int = 10, reader: BaseDocumentCompressor | None = None) -> None:
        self.model = FakeChatModel(answers=list(answers or ["It takes 230 volts [1]."]))
        self.library = Library()
        self.cache = AnswerCache(size)
        self.events: list[Event] = []
        self._step = AnswerFromDocuments(
            Rewriter(self.model), self.library, Grounder(self.model, VOICE), reader=reader, answers=self.cache
        )

    def turn(self, text: str, language: str = "en") -> TurnContext:
        now = datetime.now(UTC)
        conversation = Conversation("c", CHAT, language, Mode.BOT, False, {}, now)
        turn = Turn("c", 1, Role.USER, text, now)
        return TurnContext(conversation, turn, language, VOICE.wording(language), self.events.append)

    async def run(self, text: str, language: str = "en") -> tuple[Answer, TurnContext]:
        turn = self.turn(text, language)
        return await self._step.run(turn), turn


async def test_a_repeated_question_is_answered_without_the_model_and_with_citations() -> None:
    asked = Asked("It takes 230 volts [1].", "unused")
    first, fresh = await asked.run("What voltage does it take?")
    again, cached = await asked.run("what voltage does it take")
    assert (again.text, again.citations, again.passages) == (first.text, first.citations, first.passages)
    assert len(asked.model.prompts) == 1
    assert [event for event in asked.events if isinstance(event, Token)][-1] == Token(1, again.text)
    assert CACHED in cached.timings and CACHED not in fresh.timings
    assert "answer" in fresh.timings and "answer" not in cached.timings


async def test_after_a_change_of_the_document_the_model_is_asked_again() -> None:
    asked = Asked("It takes 230 volts [1].", "It takes 110 volts [1].")
    await asked.run("What voltage?")
    asked.library.text = "It takes 110 volts."
    answer, _ = await asked.run("What voltage?")
    assert answer.text == "It takes 110 volts [1]."


async def test_in_another_language_the_model_is_asked_again() -> None:
    asked = Asked()
    await asked.run("230 volts?")
    await asked.run("230 volts?", "zh")
    assert len(asked.model.prompts) == 2


async def test_an_abstention_is_not_kept() -> None:
    asked = Asked("NO ANSWER", "It takes 230 volts [1].")
    abstained, _ = await asked.run("Which colour?")
    answered, _ = await asked.run("Which colour?")
    assert (abstained.abstained, answered.abstained) == (True, False)


async def test_a_cancelled_answer_is_not_kept() -> None:
    asked = Asked()
    turn = asked.turn("What voltage?")
    turn.retrieved(())
    turn.stream("It takes")
    turn.on_cancel()
    assert len(asked.cache) == 0


async def test_a_failed_answer_is_not_kept() -> None:
    asked = Asked()
    asked.model.answers = [RuntimeError("engine")]
    try:
        await asked.run("What voltage?")
    except RuntimeError:
        assert len(asked.cache) == 0


async def test_without_a_cache_every_question_is_answered_by_the_model() -> None:
    asked = Asked(size=0)
    await asked.run("What voltage?")
    await asked.run("What voltage?")
    assert len(asked.model.prompts) == 2


class SureReader(BaseDocumentCompressor):
    """Gives every document the same probability of an answer, and the same evidence."""

    answered: float
    evidence: tuple[str, ...] = ()

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        said = {"answered": self.answered, "evidence": self.evidence}
        return [Document(each.page_content, metadata=each.metadata | said) for each in documents]


async def test_where_a_reader_says_that_nothing_answers_the_model_is_not_asked() -> None:
    asked = Asked(reader=SureReader(answered=0.01))
    answer, turn = await asked.run("What voltage does it take?")
    assert answer.abstained and not asked.model.prompts
    assert [passage.chunk for passage in turn.passages] == ["c"]
    assert turn.timings.keys() >= {"rewrite", "retrieve", "read"}


async def test_where_a_reader_is_not_sure_the_model_decides() -> None:
    answer, _ = await Asked(reader=SureReader(answered=0.5)).run("What voltage does it take?")
    assert not answer.abstained


async def test_the_evidence_of_a_reader_is_what_a_passage_is_shown_with() -> None:
    asked = Asked(reader=SureReader(answered=0.9, evidence=("at home.", "not in the text")))
    asked.library.text = "It takes 230 volts at home."
    _, turn = await asked.run("What voltage does it take?")
    assert turn.passages[0].evidence == ("at home.",)
    assert [each.quotes for each in asked.events if isinstance(each, Retrieved)] == [("at home.",)]


async def test_a_reader_shortens_what_is_shown_and_the_quote_stays_exact_text() -> None:
    asked = Asked("It takes 230 volts [1].", reader=EvidenceSentences(budget=12))
    asked.library.text = "The lamp is made of oak. It takes 230 volts at home. Cleaning needs a dry cloth."
    answer, turn = await asked.run("What voltage, 230 volts?")
    (shown,) = turn.passages
    assert len(shown.text) < len(asked.library.text)
    assert answer.citations[0].quote == "It takes 230 volts at home."
    assert answer.citations[0].chunk == "c"
