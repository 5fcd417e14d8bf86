"""The cache of answers: what is found again, what is never kept, and what leaves it."""

from dataclasses import replace

import pytest

from dialogue.answer_cache import MAX_AGE, AnswerCache, normalize
from dialogue.conversation import Citation, Passage
from dialogue.grounding import GroundedReply

QUERY = "How long can a novel be kept?"
PASSAGES = (Passage(1, "chunk-1", "Lending", "lending.md", "A novel can be kept for 28 days.", 0.5),)
REPLY = GroundedReply(
    "28 days [1].", (Citation(1, "chunk-1", "Lending", "lending.md", "A novel can be kept for 28 days."),)
)


def filled(size: int = 10) -> AnswerCache:
    cache = AnswerCache(size)
    cache.put(QUERY, "en", PASSAGES, REPLY)
    return cache


@pytest.mark.parametrize(
    "again",
    [
        QUERY,
        "how long can a novel be kept",
        "  How  long can a novel be kept ?!",
        "HOW LONG CAN A NOVEL BE KEPT…",
    ],
)
def test_case_white_space_and_final_punctuation_make_no_other_question(again: str) -> None:
    assert filled().get(again, "en", PASSAGES) == REPLY


@pytest.mark.parametrize(
    "other", ["How long can a film be kept?", "How long can 2 novels be kept?", "Novels?"]
)
def test_another_question_finds_nothing(other: str) -> None:
    assert filled().get(other, "en", PASSAGES) is None


def test_another_language_finds_nothing() -> None:
    assert filled().get(QUERY, "zh", PASSAGES) is None


@pytest.mark.parametrize(
    "changed",
    [
        (),
        (replace(PASSAGES[0], text="A novel can be kept for 14 days."),),
        (replace(PASSAGES[0], chunk="chunk-2"),),
        (replace(PASSAGES[0], title="Late returns"),),
        (*PASSAGES, replace(PASSAGES[0], n=2, chunk="chunk-2")),
    ],
    ids=["none", "text", "chunk", "title", "one more"],
)
def test_whoever_finds_other_passages_is_not_shown_the_answer(changed: tuple[Passage, ...]) -> None:
    """They may have changed, or the person may read less or more than the one who asked first."""
    assert filled().get(QUERY, "en", changed) is None


def test_a_score_that_differs_makes_no_other_passage() -> None:
    assert filled().get(QUERY, "en", (replace(PASSAGES[0], score=0.4),)) == REPLY


@pytest.mark.parametrize("reply", [replace(REPLY, abstained=True), replace(REPLY, citations=())])
def test_an_abstention_or_an_answer_without_citations_is_not_kept(reply: GroundedReply) -> None:
    cache = AnswerCache(10)
    cache.put(QUERY, "en", PASSAGES, reply)
    assert cache.get(QUERY, "en", PASSAGES) is None


def test_the_one_that_was_not_used_for_longest_leaves_first() -> None:
    cache = AnswerCache(2)
    for query in ("one", "two"):
        cache.put(query, "en", PASSAGES, REPLY)
    cache.get("one", "en", PASSAGES)
    cache.put("three", "en", PASSAGES, REPLY)
    assert [cache.get(query, "en", PASSAGES) is not None for query in ("one", "two", "three")] == [
        True,
        False,
        True,
    ]


def test_size_0_keeps_nothing() -> None:
    assert len(filled(0)) == 0


def test_an_answer_expires() -> None:
    now = 0.0
    cache = AnswerCache(10, clock=lambda: now)
    cache.put(QUERY, "en", PASSAGES, REPLY)
    now = MAX_AGE + 1
    assert cache.get(QUERY, "en", PASSAGES) is None
    assert len(cache) == 0


def test_an_answer_that_was_rated_down_leaves_in_every_language_and_for_all_passages() -> None:
    cache = filled()
    cache.put(QUERY, "de", PASSAGES, REPLY)
    cache.put("another question", "en", PASSAGES, REPLY)
    cache.remove("how long can a novel be kept")
    assert len(cache) == 1


def test_clearing_leaves_nothing() -> None:
    cache = filled()
    cache.clear()
    assert len(cache) == 0


@pytest.mark.parametrize(
    ("query", "normalized"), [("保修多久？", "保修多久"), ("Ｗｈａｔ？", "what"), ("...", "")]
)
def test_normalization(query: str, normalized: str) -> None:
    assert normalize(query) == normalized
