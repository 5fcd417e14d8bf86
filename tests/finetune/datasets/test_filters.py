"""Examples that are too short, abusive or near-duplicates are left out and counted by reason."""

import random

import pytest

from finetune.datasets.filters import ExampleFilter, NearDuplicates
from finetune.examples import (
    DialogueTurn,
    ExamplePassage,
    GroundingExample,
    RatedExample,
    RetrievalExample,
    RewritingExample,
)

VOLTS, RETURNS = (
    ExamplePassage(id="volts", text="It takes 230 volts."),
    ExamplePassage(id="returns", text="30 days."),
)


def rewriting(
    question: str, rewrite: str = "What voltage does the charger take?", before: str = "Hello"
) -> RewritingExample:
    return RewritingExample(
        id=f"set:{question}:{before}",
        history=(DialogueTurn(role="user", text=before),),
        question=question,
        rewrite=rewrite,
    )


def test_what_is_fit_and_new_passes():
    example_filter = ExampleFilter()
    assert example_filter.passes("rewriting", rewriting("What voltage?"))
    assert example_filter.passes("rewriting", rewriting("电压是多少？", "充电器的电压是多少？"))
    assert example_filter.left == {}


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("And?", "too short"),
        ("?!", "too short"),
        ("What fucking voltage?", "abusive"),
        ("傻逼，电压是多少？", "abusive"),
    ],
)
def test_the_reason_is_counted(question, reason):
    example_filter = ExampleFilter()
    assert not example_filter.passes("rewriting", rewriting(question))
    assert example_filter.left == {reason: 1}


@pytest.mark.parametrize("question", ["Is the Scunthorpe shop open?", "Which Shitake mushrooms do you sell?"])
def test_harmless_words_pass(question):
    assert ExampleFilter().passes("rewriting", rewriting(question, question))


def test_the_same_follow_up_after_something_else_is_another_one():
    example_filter = ExampleFilter()
    asked = [
        rewriting("And the voltage?", before=before) for before in ("I have a lamp.", "I have a kettle.")
    ]
    assert [example_filter.passes("rewriting", example) for example in (*asked, asked[0])] == [
        True,
        True,
        False,
    ]
    assert example_filter.left == {"near-duplicate": 1}


def test_rewrites_that_differ_in_one_word_that_matters_are_two():
    example_filter = ExampleFilter()
    story = "Who argues that the government of that country redistributes the wealth of its people by"
    for way in ("force", "peace"):
        assert example_filter.passes("rewriting", rewriting(f"{story} war, sorry, {way}?", f"{story} {way}?"))


def test_another_question_with_the_same_long_answer_is_another_one():
    example_filter = ExampleFilter()
    long = "Goods may be returned within 30 days of delivery, in their box, with the invoice, at our expense."
    for number, question in enumerate(("How long may I return it?", "Who pays the way back?")):
        given = {
            "id": str(number),
            "history": (),
            "question": question,
            "passages": (RETURNS,),
            "answer": long,
        }
        assert example_filter.passes(
            "grounding", GroundingExample(**given, answerable=True, evidence=("returns",))
        )
    again = given | {"id": "again", "question": "who pays the way back", "answer": long + " [1]"}
    assert not example_filter.passes(
        "grounding", GroundingExample(**again, answerable=True, evidence=("returns",))
    )


def test_a_rating_and_its_opposite_are_two_things():
    example_filter = ExampleFilter()
    given = {
        "id": "a",
        "history": (),
        "question": "What voltage?",
        "passages": (VOLTS,),
        "answer": "230 volts.",
    }
    assert example_filter.passes("rated", RatedExample(**given, welcome=True))
    assert example_filter.passes("rated", RatedExample(**given | {"id": "b"}, welcome=False))


def test_a_query_with_another_passage_is_another_one():
    example_filter = ExampleFilter()
    for number, passage in enumerate((VOLTS, RETURNS)):
        found = RetrievalExample(id=str(number), query="What voltage does it take?", positive=passage)
        assert example_filter.passes("retrieval", found)


def test_a_question_without_an_answer_needs_none():
    example = GroundingExample(
        id="a",
        history=(),
        question="What colour?",
        passages=(VOLTS,),
        answer="",
        answerable=False,
        evidence=(),
    )
    assert ExampleFilter().passes("grounding", example)


LONG = "The charger takes 230 volts and must be plugged in by a qualified electrician before its first use"
WORDS = LONG.split()


def test_the_first_of_its_kind_is_new():
    assert NearDuplicates().first_like("a", LONG) == "a"


@pytest.mark.parametrize(
    "again",
    [
        LONG,
        LONG.upper() + "!!",
        LONG.replace(" and", ", and") + " [1].",
        LONG.replace("its first use", "the first use"),
        LONG.replace("must", "has to"),
    ],
)
def test_nearly_the_same_is_a_duplicate(again):
    seen = NearDuplicates()
    seen.first_like("a", LONG)
    assert seen.first_like("b", again) == "a"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (LONG, LONG.replace("230", "110")),
        ("May I return it?", "May I keep it?"),
        ("保修期是多久？", "退货期是多久？"),
        ("", "a"),
        (LONG, " ".join(random.Random(1).sample(WORDS, len(WORDS)))),
    ],
)
def test_what_says_something_else_is_not(text, other):
    seen = NearDuplicates()
    seen.first_like("a", text)
    assert seen.first_like("b", other) == "b"


def test_only_what_must_be_equal_and_is_can_be_a_duplicate():
    seen = NearDuplicates()
    assert seen.first_like("a", LONG, exactly="welcome") == "a"
    assert seen.first_like("b", LONG, exactly="unwelcome") == "b"
    assert seen.first_like("c", LONG, exactly="welcome") == "a"


def test_among_many_texts_each_repetition_finds_its_own():
    draw = random.Random(7)
    texts = [" ".join(draw.choices(WORDS, k=14)) + f" {number}" for number in range(2_000)]
    seen = NearDuplicates()
    first = [seen.first_like(str(number), text) for number, text in enumerate(texts)]
    assert first == [str(number) for number in range(2_000)]
    assert [seen.first_like("again", text.upper()) for text in texts] == first
