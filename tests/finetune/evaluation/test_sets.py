"""What tries which task: from a dataset's test split, and from files and folders."""

import json

import pytest

from finetune.datasets.dataset import TEST, TimeWindow, kind_of, split_of
from finetune.datasets.storage import DatasetWriter
from finetune.evaluation.sets import (
    EvaluationSets,
    answers_at,
    drawn,
    frozen_sets,
    held_out_sets,
    names_of,
    searches_at,
)
from finetune.examples import ExamplePassage, GroundingExample, RetrievalExample, RewritingExample

TESTED = [n for n in range(400) if split_of(str(n)) == TEST]
OTHERS = [n for n in range(100) if split_of(str(n)) != TEST]


def rewriting(number):
    return RewritingExample(id=f"log:{number}:2", history=(), question="And it?", rewrite="And the Wren?")


def grounding(number):
    return GroundingExample(
        id=f"log:{number}:2",
        history=(),
        question="How long?",
        passages=(),
        answer="",
        answerable=False,
        evidence=(),
    )


def retrieval(number):
    passage = ExamplePassage(id=f"p{number}", text=f"Passage {number}.")
    return RetrievalExample(id=f"log:{number}:2:1", query=f"Question {number}?", positive=passage)


def regression_sets(dataset, tasks, limit):
    return held_out_sets(dataset, tasks, limit, logged=True)


@pytest.fixture
def dataset(tmp_path):
    with DatasetWriter(tmp_path) as writer:
        for number in (*TESTED, *OTHERS):
            writer.add("rewriting", rewriting(number))
            writer.add("grounding", grounding(number))
            writer.add("retrieval", retrieval(number))
        return writer.publish(filters={}, log=TimeWindow())


def test_language_is_tried_on_rewriting_and_answers_of_unseen_conversations(dataset):
    sets = regression_sets(dataset, ("rewrite", "answer"), 1000)
    assert [example.id for example in sets.rewriting[dataset.id]] == [f"log:{n}:2" for n in TESTED]
    assert len(sets.answers[dataset.id]) == len(TESTED)
    assert sets.retrieval == ()


def test_a_release_for_one_task_is_not_tried_on_the_other(dataset):
    assert regression_sets(dataset, ("answer",), 1000).rewriting == {}


def test_a_retriever_searches_among_all_passages_of_the_dataset(dataset):
    (searches,) = regression_sets(dataset, ("retrieve",), 3).retrieval
    assert [question.question for question in searches.questions] == [f"Question {n}?" for n in TESTED[:3]]
    assert len(searches.corpus) == len(TESTED) + len(OTHERS)


def test_what_was_imported_is_a_set_of_its_own(tmp_path):
    imported = retrieval(TESTED[1]).model_copy(update={"id": f"faq:{TESTED[1]}:1"})
    answered = grounding(TESTED[1]).model_copy(update={"id": f"faq:{TESTED[1]}:1"})
    with DatasetWriter(tmp_path) as writer:
        for example in (grounding(TESTED[0]), retrieval(TESTED[0]), answered, imported):
            writer.add(kind_of(example), example)
        dataset = writer.publish(filters={}, log=TimeWindow())
    tasks = ("answer", "retrieve")
    (logged,) = regression_sets(dataset, tasks, 10).answers.values()
    beside = held_out_sets(dataset, tasks, 10, logged=False)
    assert [one.id for one in logged] == [f"log:{TESTED[0]}:2"]
    assert [one.id for one in beside.answers[f"{dataset.id} imported"]] == [answered.id]
    (searches,) = beside.retrieval
    assert (len(searches.questions), len(searches.corpus)) == (1, 2)


def test_a_limit_holds_for_every_set(dataset):
    assert len(regression_sets(dataset, ("rewrite",), 5).rewriting[dataset.id]) == 5


def test_a_dataset_without_a_kind_tries_nothing_of_it(tmp_path):
    with DatasetWriter(tmp_path) as writer:
        writer.add("rewriting", rewriting(TESTED[0]))
        dataset = writer.publish(filters={}, log=TimeWindow())
    sets = regression_sets(dataset, ("rewrite", "answer", "retrieve"), 10)
    assert (sets.answers, sets.retrieval) == ({}, ())


def test_frozen_files_try_the_task_that_their_form_is_for(tmp_path):
    files = []
    for name, example in (("asked", rewriting(1)), ("answered", grounding(1)), ("searched", retrieval(1))):
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text(example.model_dump_json() + "\n", encoding="utf-8")
    language = frozen_sets(files, ("rewrite", "answer"), 10)
    assert (list(language.rewriting), list(language.answers)) == (["asked"], ["answered"])
    assert language.retrieval == ()
    assert [searches.name for searches in frozen_sets(files, ("retrieve",), 10).retrieval] == ["searched"]


def test_a_beir_folder_is_searched_too(tmp_path):
    folder = tmp_path / "manual"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text(json.dumps({"_id": "p1", "text": "Quiet."}) + "\n")
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q1", "question": "Loud?"}) + "\n")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp1\t1\n")
    assert searches_at(folder).relevant == {"q1": {"p1": 1}}


def test_a_set_is_named_by_its_file_and_by_its_path_where_two_have_one_name(tmp_path):
    gzipped, one, other = (tmp_path / name for name in ("dev.jsonl.gz", "a/test.jsonl", "b/test.jsonl"))
    assert names_of([gzipped, one]) == {gzipped: "dev", one: "test"}
    assert names_of([one, other]) == {one: str(one), other: str(other)}


def test_sets_are_joined_to_be_measured_in_one_go():
    both = EvaluationSets(answers={"log": [grounding(1)]}, rewrites=False) | EvaluationSets(
        answers={"checked": [grounding(2)]}
    )
    assert (both.names, both.rewrites) == ({"log", "checked"}, False)


def test_a_part_is_drawn_from_the_whole_and_is_always_the_same():
    every = [grounding(number) for number in range(200)]
    some = drawn(every, 20)
    assert some == drawn(every, 20) and len({one.id for one in some}) == 20
    assert max(every.index(one) for one in some) > 100
    assert drawn(every, None) == every == drawn(every, 500)


def test_turns_of_support_dialogues_are_asked_with_their_evidence_and_a_few_others(tmp_path):
    chunks = [{"packet": "p", "id": f"c{n}", "text": f"Fact {n} of lamps. " * 20} for n in range(9)]
    turn = {"ask": "and 7?", "kind": "table", "rewrite": "What is fact 3 of lamps?", "answerable": True}
    turn |= {"evidence": [{"chunk": "c7", "quote": "Fact 7 of lamps."}], "answer": "Fact 7 [1]."}
    (tmp_path / "chunks.jsonl").write_text("\n".join(map(json.dumps, chunks)))
    path = tmp_path / "dev.jsonl"
    path.write_text(json.dumps({"id": "support:p:a", "packet": "p", "turns": [turn]}))
    (asked,) = answers_at(path)
    assert (asked.question, asked.kind) == ("What is fact 3 of lamps?", "table")
    shown = [passage.id for passage in asked.passages]
    assert "c7" in shown and 1 < len(shown) < 9
