import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

from dialogue.rewriting import Rewriter
from finetune.evaluation.results import result_rows
from finetune.evaluation.rewriting import AS_ASKED, evaluate_rewriting, example_rewriter
from finetune.examples import DialogueTurn, RewritingExample


def example(number, question, rewrite, source="canard", references=()):
    return RewritingExample(
        id=str(number), source=source, history=(), question=question, rewrite=rewrite, references=references
    )


EXAMPLES = [
    example(1, "How heavy is it?", "How heavy is the Wren?"),
    example(2, "How heavy is the Heron?", "How heavy is the Heron?", source="ikat"),
]


async def perfect(example):
    return example.rewrite


async def test_every_file_shows_the_questions_as_asked_beside_the_system():
    rows = result_rows(await evaluate_rewriting(perfect, EXAMPLES, name="dev", system="base"))
    total = {row["system"]: row for row in rows if row["set"] == "dev"}
    assert total[AS_ASKED]["exact_match"] == 0.5
    assert (
        total["base"]["exact_match"] == total["base"]["rouge_l"] == pytest.approx(total["base"]["bleu"]) == 1
    )
    assert total["base"]["n"] == 2


async def test_each_source_of_a_mixed_file_has_a_row_of_its_own():
    rows = result_rows(await evaluate_rewriting(perfect, EXAMPLES, name="dev", system="base"))
    own = {row["set"]: row["n"] for row in rows if row["system"] == "base"}
    assert own == {"dev": 2, "dev/canard": 1, "dev/ikat": 1}


async def test_a_file_of_one_source_has_one_row_a_system():
    rows = result_rows(await evaluate_rewriting(perfect, EXAMPLES[:1], name="dev", system="base"))
    assert [row["system"] for row in rows] == [AS_ASKED, "base"]


async def test_an_accepted_reference_is_as_good_as_the_rewrite():
    async def other(example):
        return "What does the Wren weigh?"

    row = example(1, "And its weight?", "How heavy is the Wren?", references=("What does the Wren weigh?",))
    rows = result_rows(await evaluate_rewriting(other, [row], name="dev", system="base"))
    assert rows[-1]["exact_match"] == 1


async def test_the_rewriter_is_timed_and_the_questions_as_asked_are_not():
    rows = result_rows(await evaluate_rewriting(perfect, EXAMPLES, name="dev", system="base"))
    total = {row["system"]: row for row in rows if row["set"] == "dev"}
    assert total[AS_ASKED]["seconds"] is None
    assert 0 < total["base"]["seconds"] < 1


async def test_an_empty_file_gives_rows_without_figures():
    rows = result_rows(await evaluate_rewriting(perfect, [], name="dev", system="base"))
    assert {row["n"] for row in rows} == {0}
    assert {row.get("exact_match") for row in rows} == {None}


async def test_the_bots_own_rewriter_sees_the_history():
    engine = GenericFakeChatModel(messages=iter(["How heavy is the Wren?"]))
    follow_up = EXAMPLES[0].model_copy(
        update={"history": (DialogueTurn(role="user", text="Tell me about the Wren."),)}
    )
    rows = result_rows(
        await evaluate_rewriting(example_rewriter(Rewriter(engine)), [follow_up], name="dev", system="base")
    )
    assert rows[-1]["exact_match"] == 1
