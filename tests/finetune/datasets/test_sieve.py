"""What is not fit to learn from is left out, and counted by reason."""

import pytest

from finetune.datasets.sieve import Sieve
from finetune.examples import (
    GivenPassage,
    GroundingExample,
    Line,
    RatedExample,
    RetrievalExample,
    RewritingExample,
)

VOLTS, RETURNS = (
    GivenPassage(id="volts", text="It takes 230 volts."),
    GivenPassage(id="returns", text="30 days."),
)


def rewriting(
    question: str, rewrite: str = "What voltage does the charger take?", before: str = "Hello"
) -> RewritingExample:
    return RewritingExample(
        id=f"set:{question}:{before}",
        history=(Line(role="user", text=before),),
        question=question,
        rewrite=rewrite,
    )


def test_what_is_fit_and_new_passes():
    sieve = Sieve()
    assert sieve.passes("rewriting", rewriting("What voltage?"))
    assert sieve.passes("rewriting", rewriting("电压是多少？", "充电器的电压是多少？"))
    assert sieve.left == {}


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
    sieve = Sieve()
    assert not sieve.passes("rewriting", rewriting(question))
    assert sieve.left == {reason: 1}


@pytest.mark.parametrize("question", ["Is the Scunthorpe shop open?", "Which Shitake mushrooms do you sell?"])
def test_harmless_words_pass(question):
    assert Sieve().passes("rewriting", rewriting(question, question))


def test_the_same_follow_up_after_something_else_is_another_one():
    sieve = Sieve()
    asked = [
        rewriting("And the voltage?", before=before) for before in ("I have a lamp.", "I have a kettle.")
    ]
    assert [sieve.passes("rewriting", example) for example in (*asked, asked[0])] == [True, True, False]
    assert sieve.left == {"near-duplicate": 1}


def test_rewrites_that_differ_in_one_word_that_matters_are_two():
    sieve = Sieve()
    story = "Who argues that the government of that country redistributes the wealth of its people by"
    for way in ("force", "peace"):
        assert sieve.passes("rewriting", rewriting(f"{story} war, sorry, {way}?", f"{story} {way}?"))


def test_another_question_with_the_same_long_answer_is_another_one():
    sieve = Sieve()
    long = "Goods may be returned within 30 days of delivery, in their box, with the invoice, at our expense."
    for number, question in enumerate(("How long may I return it?", "Who pays the way back?")):
        given = {
            "id": str(number),
            "history": (),
            "question": question,
            "passages": (RETURNS,),
            "answer": long,
        }
        assert sieve.passes("grounding", GroundingExample(**given, answerable=True, evidence=("returns",)))
    again = given | {"id": "again", "question": "who pays the way back", "answer": long + " [1]"}
    assert not sieve.passes("grounding", GroundingExample(**again, answerable=True, evidence=("returns",)))


def test_a_rating_and_its_opposite_are_two_things():
    sieve = Sieve()
    given = {
        "id": "a",
        "history": (),
        "question": "What voltage?",
        "passages": (VOLTS,),
        "answer": "230 volts.",
    }
    assert sieve.passes("rated", RatedExample(**given, welcome=True))
    assert sieve.passes("rated", RatedExample(**given | {"id": "b"}, welcome=False))


def test_a_query_with_another_passage_is_another_one():
    sieve = Sieve()
    for number, passage in enumerate((VOLTS, RETURNS)):
        found = RetrievalExample(id=str(number), query="What voltage does it take?", positive=passage)
        assert sieve.passes("retrieval", found)


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
    assert Sieve().passes("grounding", example)
