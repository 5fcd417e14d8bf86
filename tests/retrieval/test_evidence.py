"""The choice of sentences: best first, within the budget, exact text, with what they need."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as some
from langchain_core.documents import Document

from retrieval.chunking import estimate_tokens
from retrieval.encoders.base import Vectors
from retrieval.evidence import EvidenceSentences
from retrieval.units import read_units
from tests.retrieval.fakes import HashingEncoder

LAMP = "The lamp is made of oak. The battery of the lamp lasts nine hours. Cleaning needs a dry cloth."
CHAIR = "The chair is made of pine. The chair carries 120 kg."
QUESTION = "How long does the battery of the lamp last?"


def document(text: str, title: str = "", **about: object) -> Document:
    return Document(text, metadata={"title": title, "source": "shop.md"} | about, id=text[:9])


def shown(*documents: Document, question: str = QUESTION, budget: int = 12) -> list[str]:
    found = EvidenceSentences(budget=budget).compress_documents(documents, question)
    return [each.page_content for each in found]


def test_the_sentence_that_answers_is_shown_and_the_others_are_not() -> None:
    assert shown(document(LAMP), document(CHAIR)) == ["The battery of the lamp lasts nine hours."]


def test_it_is_found_in_a_document_that_is_not_the_first() -> None:
    assert shown(document(CHAIR), document(LAMP)) == ["The battery of the lamp lasts nine hours."]


def test_documents_and_sentences_keep_their_order() -> None:
    assert shown(document(CHAIR), document(LAMP), budget=100) == [CHAIR, LAMP]


def test_a_sentence_brings_what_it_needs() -> None:
    text = "The lamp is new. Its battery lasts nine hours. Cleaning needs a dry cloth."
    assert shown(document(text), question="battery hours") == [
        "The lamp is new. Its battery lasts nine hours."
    ]


def test_titles_count_for_the_budget_and_for_the_words() -> None:
    battery = document("It lasts nine hours.", "Battery of the lamp")
    assert shown(document(CHAIR), battery, budget=10) == ["It lasts nine hours."]


def test_the_best_is_shown_even_if_it_is_too_long() -> None:
    assert shown(document("battery " * 50), budget=5) == [("battery " * 50).strip()]


def test_without_documents_nothing_is_shown() -> None:
    assert EvidenceSentences(budget=50, encoder=HashingEncoder()).compress_documents([], QUESTION) == []


def test_metadata_and_id_stay_and_the_found_document_is_not_changed() -> None:
    found = document(LAMP, chunk="c1", score=0.4)
    (shortened,) = EvidenceSentences(budget=12).compress_documents([found], QUESTION)
    assert (shortened.id, shortened.metadata) == (found.id, found.metadata)
    assert found.page_content == LAMP


def test_only_the_first_candidates_are_read() -> None:
    reader = EvidenceSentences(budget=100, candidates=1)
    assert len(reader.compress_documents([document(CHAIR), document(LAMP)], QUESTION)) == 1


def test_the_retriever_s_relevance_counts() -> None:
    near, far = document("The lamp is oak.", relevance=0.9), document("The lamp is pine.", relevance=0.1)
    assert shown(far, near, question="lamp", budget=5) == ["The lamp is oak."]


class CountingEncoder(HashingEncoder):
    """Remembers how often it was called for documents."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        return super().encode(texts)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        return super().encode(texts)


def test_sentences_are_encoded_in_one_batch_and_once() -> None:
    encoder = CountingEncoder()
    reader = EvidenceSentences(budget=50, encoder=encoder)
    first = reader.compress_documents([document(LAMP), document(CHAIR)], QUESTION)
    again = reader.compress_documents([document(CHAIR), document(LAMP)], QUESTION)
    assert [len(batch) for batch in encoder.batches] == [5]
    assert {each.page_content for each in first} == {each.page_content for each in again}


async def test_it_is_asked_as_any_compressor_of_langchain() -> None:
    reader = EvidenceSentences(budget=12, encoder=HashingEncoder())
    (found,) = await reader.acompress_documents([document(LAMP), document(CHAIR)], QUESTION)
    assert found.page_content == "The battery of the lamp lasts nine hours."


TEXT = some.lists(
    some.sampled_from(["The lamp glows.", "It is new:", "- one", "a | b", "2. Go."]), max_size=8
)


@settings(deadline=None)
@given(some.lists(TEXT, max_size=4), some.integers(3, 60))
def test_what_is_shown_is_exact_text_within_the_budget(found: list[list[str]], budget: int) -> None:
    documents = [document("\n".join(lines), f"title {n}") for n, lines in enumerate(found)]
    whole = {each.metadata["title"]: each.page_content for each in documents}
    compressed = EvidenceSentences(budget=budget).compress_documents(documents, "Is the lamp new?")
    for each in compressed:
        for unit in read_units(each.page_content):
            assert each.page_content[slice(*unit.span)] in whole[each.metadata["title"]]
    tokens = sum(estimate_tokens(each.page_content) for each in compressed)
    assert tokens <= budget or sum(len(read_units(each.page_content)) for each in compressed) <= 2
