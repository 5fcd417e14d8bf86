import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

from bot.settings import PACKAGE
from bot.voice import load_voice
from dialogue.conversation import Answer, Citation
from dialogue.grounding import Grounder
from dialogue.rewriting import Rewriter
from finetune.evaluation.answers import answerer, evaluate_answers, score_answer
from finetune.evaluation.results import EvaluationResult
from finetune.examples import GroundingExample

VOICE = load_voice(PACKAGE / "voice.toml")


def example(answer="ten years", answerable=True, evidence=("p1",), number=1):
    return GroundingExample.model_validate(
        {
            "id": str(number),
            "history": [],
            "question": "How long?",
            "passages": [{"id": "p1", "text": "Ten years."}, {"id": "p2", "text": "Blue."}],
            "answer": answer,
            "answerable": answerable,
            "evidence": evidence,
        }
    )


UNANSWERABLE = example("I do not know.", answerable=False, evidence=(), number=2)
ABSTENTION = Answer("I could not find that.", "How long?", abstained=True)


def answer(text, *chunks):
    return Answer(text, "How long?", tuple(Citation(1, chunk, "", "", "") for chunk in chunks))


def row_of(*pairs):
    return EvaluationResult("answer", "s", "base", tuple(score_answer(*pair) for pair in pairs)).row()


async def test_one_row_a_file_with_every_measure():
    async def respond(example):
        return answer("Ten years [1].", "p1") if example.answerable else ABSTENTION

    (result,) = await evaluate_answers(respond, [example(), UNANSWERABLE], name="mtrag", system="base")
    row = result.row()
    assert {name: row[name] for name in ("set", "system", "n")} == {"set": "mtrag", "system": "base", "n": 2}
    assert row["token_f1"] == row["rouge_l"] == row["k_precision"] == row["abstention_f1"] == 1
    assert row["citation_precision"] == row["citation_recall"] == 1
    assert 0 < row["seconds"] < 1


async def test_what_was_said_is_kept_with_each_score():
    async def respond(example):
        return answer("Ten years [1].", "p1")

    (result,) = await evaluate_answers(respond, [example()], name="mtrag", system="base")
    (scored,) = result.scored
    assert (scored.asked, scored.said) == ("How long?", "Ten years [1].")


def test_a_needless_abstention_costs_f1_and_recall_but_not_k_precision():
    row = row_of((example(), ABSTENTION), (example(), answer("ten years [1]", "p1")))
    assert row["token_f1"] == row["citation_recall"] == 0.5
    assert row["k_precision"] == 1


def test_the_wording_of_a_right_abstention_is_not_compared():
    assert row_of((UNANSWERABLE, ABSTENTION))["token_f1"] is None


def test_a_guess_is_caught_by_abstention_and_citation_precision():
    row = row_of((UNANSWERABLE, answer("Blue [2].", "p2")))
    assert row["abstention_f1"] == row["citation_precision"] == 0
    assert row["citation_recall"] is None


def test_partial_answers_count_for_closeness_but_not_for_abstention():
    partial = example(answerable="partial")
    row = row_of((partial, answer("ten years", "p1")))
    assert row["token_f1"] == 1
    assert row["abstention_f1"] is None


def test_citations_are_not_judged_where_the_evidence_is_unknown():
    row = row_of((example(evidence=()), answer("ten years", "p2")))
    assert row["citation_precision"] is None


def test_words_that_no_passage_holds_lower_k_precision():
    row = row_of((example(), answer("ten green years", "p1")))
    assert row["k_precision"] == pytest.approx(2 / 3)


async def test_the_bots_own_way_answers_from_the_passages_of_the_row():
    engine = GenericFakeChatModel(messages=iter(["Ten years [1]."]))
    respond = answerer(Rewriter(engine), Grounder(engine, VOICE))
    answer = await respond(example())
    assert answer.text == "Ten years [1]."
    assert [citation.chunk for citation in answer.citations] == ["p1"]
    assert [passage.chunk for passage in answer.passages] == ["p1", "p2"]


async def test_the_bots_own_way_abstains_where_the_model_refuses():
    engine = GenericFakeChatModel(messages=iter(["NO ANSWER"]))
    answer = await answerer(Rewriter(engine), Grounder(engine, VOICE))(UNANSWERABLE)
    assert answer.abstained


async def test_examples_with_kinds_also_get_a_row_for_each() -> None:
    async def respond(example):
        return answer("Ten years [1].", "p1")

    examples = [
        example(number=1).model_copy(update={"kind": "table"}),
        example(number=2).model_copy(update={"kind": "yesno"}),
        example(number=3).model_copy(update={"kind": "table"}),
    ]
    results = await evaluate_answers(respond, examples, name="dev", system="base")
    assert [(result.row()["kind"], result.row()["n"]) for result in results] == [
        ("", 3),
        ("table", 2),
        ("yesno", 1),
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [("Yes, ten years [1].", 1), ("No, ten years [1].", 0), ("Ten years [1].", 0)],
)
def test_a_yes_or_no_question_is_to_be_answered_with_yes_or_no(said: str, expected: float) -> None:
    assert row_of((example("Yes, for ten years."), answer(said, "p1")))["yes_no"] == expected


def test_a_number_that_neither_evidence_nor_reference_has_counts_against_the_answer() -> None:
    passages = [{"id": "p1", "text": "It lasts 10 years."}, {"id": "p2", "text": "It costs 99 euros."}]
    asked = GroundingExample.model_validate(example().model_dump() | {"passages": passages})
    assert row_of((asked, answer("10 years and 99 days [1].", "p1")))["numbers"] == 0.5
    assert row_of((asked, answer("Ten years [1].", "p1")))["numbers"] is None
