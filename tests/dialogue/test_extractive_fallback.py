"""If the model does not answer, a passage that clearly matches the question is quoted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from dialogue.citations import check_citations
from dialogue.conversation import Passage
from dialogue.extraction import MAX_QUOTE_TOKENS, asks_yes_or_no, extractive_fallback
from retrieval.chunking import estimate_tokens

QUESTION = "How long can a novel be kept?"
NOVELS = "A novel can be kept for 28 days."


def passage(text: str, score: float = 0.8, n: int = 1) -> Passage:
    return Passage(n, f"chunk-{n}", "Lending", "lending.md", text, score)


def test_a_near_passage_that_holds_the_words_is_quoted_with_its_marker() -> None:
    assert extractive_fallback(QUESTION, [passage(NOVELS)]) == f"{NOVELS} [1]"


@pytest.mark.parametrize(
    ("why", "found"),
    [
        ("far from the question", [passage(NOVELS, score=0.2)]),
        ("about something else", [passage("The library is closed on Monday.", score=0.6)]),
        ("nothing at all", []),
    ],
)
def test_anything_less_is_not_quoted(why: str, found: list[Passage]) -> None:
    assert extractive_fallback(QUESTION, found) is None


def test_nearness_and_words_make_up_for_each_other() -> None:
    assert extractive_fallback(QUESTION, [passage("Keep novels as long as you like.", score=0.95)])
    assert extractive_fallback(QUESTION, [passage("How long a novel can be kept: 28 days.", score=0.5)])


def test_the_passage_that_fits_best_is_quoted_whatever_its_place() -> None:
    shown = [passage("The library is closed on Monday.", 0.85), passage(NOVELS, 0.8, n=2)]
    assert extractive_fallback(QUESTION, shown) == f"{NOVELS} [2]"


def test_the_title_counts_as_words_of_the_passage() -> None:
    untitled = Passage(1, "chunk-1", "", "lending.md", "Four weeks.", 0.5)
    titled = Passage(1, "chunk-1", "How long a novel can be kept", "lending.md", "Four weeks.", 0.5)
    assert extractive_fallback(QUESTION, [untitled]) is None
    assert extractive_fallback(QUESTION, [titled]) == "Four weeks. [1]"


def test_of_a_long_passage_the_best_sentence_comes_first() -> None:
    filler = "The reading room on the upper floor of the old building was painted green by the mayor. " * 6
    text = f"A story may be long. {filler}{NOVELS}"
    assert extractive_fallback(QUESTION, [passage(text)]) == f"{NOVELS} [1]"


def test_a_heading_is_never_quoted() -> None:
    assert (
        extractive_fallback(QUESTION, [passage(f"How long a novel can be kept\n{NOVELS}")]) == f"{NOVELS} [1]"
    )
    assert extractive_fallback(QUESTION, [passage("How long a novel can be kept")]) is None


def test_steps_are_quoted_whole_with_what_introduces_them() -> None:
    steps = "To keep a novel longer:\n1. Open My Loans.\n2. Choose the novel.\n3. Press Keep."
    text = f"{steps}\nFilms cannot be renewed."
    assert extractive_fallback("How do I keep a novel longer?", [passage(text)]) == f"{steps} [1]"


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Can a novel be kept?", True),
        ("I lost it. Can a novel be kept?", True),
        ("Kann ich den Roman behalten?", True),
        ("可以借小说吗？", True),
        ("¿Puedo quedarme la novela?", True),
        ("How long can a novel be kept?", False),
        ("Wie lange darf ich ihn behalten?", False),
        ("小说可以借多久？", False),
    ],
)
def test_yes_or_no(question: str, wanted: bool) -> None:
    assert asks_yes_or_no(question) is wanted


def test_a_yes_no_question_is_not_answered_by_a_bare_sentence() -> None:
    assert extractive_fallback("Can a novel be kept?", [passage(NOVELS)]) is None
    yes = "Yes, a novel can be kept for 28 days."
    assert extractive_fallback("Can a novel be kept?", [passage(yes)]) == f"{yes} [1]"


def test_a_sentence_is_never_cut_even_if_it_alone_is_too_long() -> None:
    endless = f"A novel can be kept {'and kept ' * MAX_QUOTE_TOKENS}for 28 days."
    assert extractive_fallback(QUESTION, [passage(endless)]) == f"{endless} [1]"


def test_a_quotation_passes_the_check_of_citations() -> None:
    shown = [passage("The library is closed on Monday."), passage(f"{NOVELS} A film for 7 days.", n=2)]
    quoted = extractive_fallback(QUESTION, shown)
    assert quoted is not None
    grounded = check_citations(quoted, shown, QUESTION)
    assert [citation.n for citation in grounded.citations] == [2]
    assert "28 days" in grounded.text


def test_chinese_is_quoted_too() -> None:
    text = "小说可以借28天。电影可以借7天。"
    assert extractive_fallback("小说可以借多久？", [passage(text)]) == "小说可以借28天。 [1]"


@settings(deadline=None)
@given(some.text(), some.lists(some.tuples(some.text(), some.floats(-1, 1)), max_size=4))
def test_no_text_is_too_strange(question: str, shown: list[tuple[str, float]]) -> None:
    passages = [passage(text, score, n) for n, (text, score) in enumerate(shown, 1)]
    quoted = extractive_fallback(question, passages)
    if quoted is not None:
        excerpt, _, marker = quoted.rpartition(" ")
        source = passages[int(marker.strip("[]")) - 1].text
        assert set(excerpt) <= {*source, " "}


@settings(deadline=None)
@given(
    some.permutations([NOVELS, "A film can be kept for 7 days.", *(f"Room {n} is green." for n in range(40))])
)
def test_the_best_sentence_comes_first_wherever_it_stands(said: list[str]) -> None:
    quoted = extractive_fallback(QUESTION, [passage(" ".join(said))])
    assert quoted is not None
    assert quoted.startswith(NOVELS)
    assert estimate_tokens(quoted.removesuffix("[1]")) <= MAX_QUOTE_TOKENS
