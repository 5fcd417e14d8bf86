import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

from dialogue.rewriting import Rewriter
from finetune.datasets.search_set import SearchPassage, SearchQuestion, SearchSet
from finetune.evaluation.results import result_rows
from finetune.evaluation.retrieval import evaluate_retrieval, search_rewriter
from finetune.examples import DialogueTurn
from tests.retrieval.fakes import HashingEncoder

TEXTS = [
    "the pump is quiet",
    "refunds take five days",
    "chargers have plugs",
    "postage is free",
    "the shop is open",
]
CORPUS = tuple(SearchPassage(_id=f"p{n}", text=f"{text} {n}") for n, text in enumerate(TEXTS * 4))


def question(number, text, rewrite=None):
    return SearchQuestion(
        _id=f"q{number}", history=(DialogueTurn(role="user", text="Hello"),), question=text, rewrite=rewrite
    )


def searches(*questions):
    relevant = {q.id: {"p1": 1, "p6": 1} for q in questions}
    return SearchSet("manual", CORPUS, questions, relevant)


@pytest.fixture
def encoder():
    return HashingEncoder()


async def human(question):
    return ["when are refunds paid, in how many days", question.question]


async def test_each_form_has_a_row(encoder, tmp_path):
    asked = searches(question(1, "and when?", "how many days do refunds take"), question(2, "refunds"))
    rows = result_rows(await evaluate_retrieval(asked, encoder, tmp_path, system="hashing", rewrite=human))
    assert [row["form"] for row in rows] == ["raw", "rewrite", "rewrite+raw", "human", "human+raw"]
    assert {(row["set"], row["system"], row["n"]) for row in rows} == {("manual", "hashing", 2)}
    by_form = {row["form"]: row for row in rows}
    assert (
        by_form["raw"]["recall_at_5"]
        < by_form["human"]["recall_at_5"]
        == by_form["rewrite"]["recall_at_5"]
        == 1
    )
    assert 0 < by_form["human"]["ndcg_at_5"] <= 1


async def test_without_rewrites_only_the_question_is_searched(encoder, tmp_path):
    found = await evaluate_retrieval(searches(question(1, "refunds")), encoder, tmp_path, system="hashing")
    assert [result.label["form"] for result in found] == ["raw"]


async def test_the_corpus_is_embedded_once(encoder, tmp_path):
    asked = searches(question(1, "refunds"))
    first = await evaluate_retrieval(asked, encoder, tmp_path, system="hashing")
    encoder.read.clear()
    assert await evaluate_retrieval(asked, encoder, tmp_path, system="hashing") == first
    assert encoder.read == ["refunds"]
    await evaluate_retrieval(asked, HashingEncoder("another"), tmp_path, system="another")
    assert len(list(tmp_path.iterdir())) == 2


async def test_what_rewrites_sees_the_history(encoder, tmp_path):
    seen = []

    async def rewrite(question):
        seen.append([line.text for line in question.history])
        return [question.question]

    await evaluate_retrieval(
        searches(question(1, "refunds")), encoder, tmp_path, system="hashing", rewrite=rewrite
    )
    assert seen == [["Hello"]]


async def test_the_bot_rewrites_with_its_own_rewriter():
    model = GenericFakeChatModel(messages=iter(["When are they paid?"]))
    rewrite = search_rewriter(Rewriter(model))
    assert await rewrite(question(1, "and when are they paid?")) == ("When are they paid?",)
