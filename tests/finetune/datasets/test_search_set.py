import gzip
import json

import pytest

from finetune.datasets.search_set import read_search_set, search_set_from_examples
from finetune.errors import BadFile
from finetune.examples import ExamplePassage, RetrievalExample


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "manual"
    folder.mkdir()
    corpus = [
        {"_id": "p1", "title": "Pump", "text": "Quiet."},
        {"_id": "p2", "title": "", "text": "Refunds."},
    ]
    with gzip.open(folder / "corpus.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in corpus)
    questions = [
        {
            "_id": "q1",
            "history": [{"role": "user", "text": "The pump?"}],
            "question": "Loud?",
            "rewrite": "Is it?",
        },
        {"_id": "q2", "history": [], "question": "Unjudged?", "rewrite": None},
        {"_id": "q3", "history": [], "question": "Refunds?", "rewrite": None},
    ]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp1\t2\nq1\tp2\t0\nq3\tp2\t1\n")
    return folder


def test_a_folder_is_read_with_the_questions_that_have_an_answer(folder):
    searches = read_search_set(folder)
    assert searches.name == "manual"
    assert [passage.embedded for passage in searches.corpus] == ["Pump\nQuiet.", "Refunds."]
    assert [question.id for question in searches.questions] == ["q1", "q3"]
    assert searches.questions[0].history[0].text == "The pump?"
    assert searches.relevant == {"q1": {"p1": 2}, "q3": {"p2": 1}}


def test_a_limit_leaves_the_corpus_whole(folder):
    searches = read_search_set(folder, limit=1)
    assert (len(searches.questions), len(searches.corpus)) == (1, 2)


@pytest.mark.parametrize("name", ["qrels.tsv", "queries.jsonl", "corpus.jsonl.gz"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(BadFile, match=name.split(".")[0]):
        read_search_set(folder)


def test_a_bad_judgement_is_named_by_its_line(folder):
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp1\t1\nq1 p2\n")
    with pytest.raises(BadFile, match="line 3"):
        read_search_set(folder)


def example(number, query, positive, *negatives):
    passages = [ExamplePassage(id=id, title="Manual", text=f"Text of {id}.") for id in (positive, *negatives)]
    return RetrievalExample(
        id=f"log:{number}:2:1", query=query, positive=passages[0], negatives=tuple(passages[1:])
    )


def test_examples_are_searched_among_all_passages_that_they_name():
    searches = search_set_from_examples(
        "regression", [example(1, "Loud?", "p1", "p2")], [example(2, "Paid?", "p3", "p1")]
    )
    assert {passage.id for passage in searches.corpus} == {"p1", "p2", "p3"}
    assert [question.question for question in searches.questions] == ["Loud?"]
    assert searches.relevant == {"log:1:2:1": {"p1": 1}}


def test_a_query_with_several_answers_is_one_question():
    searches = search_set_from_examples(
        "regression", [example(1, "Loud?", "p1", "p2"), example(3, "Loud?", "p2")]
    )
    assert searches.relevant == {"log:1:2:1": {"p1": 1, "p2": 1}}
    assert len(searches.questions) == 1
