"""Lessons ask as the bot asks a trained model."""

import random
from collections import Counter

from dialogue.prompting import answer_prompt, rewrite_prompt
from finetune.examples import GivenPassage
from finetune.training.lessons import answering_lesson, in_lesson, in_prompt, lessons, rewriting_lesson
from retrieval.chunking import estimate_tokens
from tests.finetune.training.material import FERRY, MUSEUM, PASSAGES, WEATHER, grounding, rewriting

ROOM = 300
LONG = tuple(GivenPassage(id=f"long-{n}", text="word " * 180) for n in range(4))


def test_a_rewrite_is_asked_for_with_the_history() -> None:
    lesson = rewriting_lesson(rewriting())
    system, asked = lesson.prompt
    assert system == {"role": "system", "content": rewrite_prompt("en").texts["brief"]}
    assert "there is a ferry to the island" in asked["content"] and "When does it leave?" in asked["content"]
    assert lesson.reply == "When does the ferry leave?"


def test_an_answer_is_asked_for_with_the_passages() -> None:
    lesson = answering_lesson(grounding("nine"))
    assert lesson is not None
    system, asked = lesson.prompt
    assert system["content"] == answer_prompt("en", None).texts["brief"]
    assert all(passage.text in asked["content"] for passage in PASSAGES)
    number = lesson.reply[1]
    assert f"[{number}] Ferry" in asked["content"] or f"[{number}] (Ferry" in asked["content"]


def test_the_same_example_gives_the_same_lesson() -> None:
    assert answering_lesson(grounding("nine")) == answering_lesson(grounding("nine"))


def test_evidence_comes_before_all_else_where_not_everything_fits() -> None:
    for seed in range(20):
        shown = in_prompt([*LONG, FERRY], ["ferry"], ROOM, random.Random(seed))
        assert "ferry" in {passage.chunk for passage in shown}
        assert [passage.n for passage in shown] == list(range(1, len(shown) + 1))
        assert sum(estimate_tokens(passage.text) for passage in shown) <= ROOM


def test_one_passage_is_shown_however_long_it_is() -> None:
    long = GivenPassage(id="long", text="word " * 2000)
    assert [passage.chunk for passage in in_prompt([long], ["long"], ROOM, random.Random(1))] == ["long"]


def test_places_are_drawn_so_that_none_is_learnt() -> None:
    first = {in_prompt(PASSAGES, ["ferry"], ROOM, random.Random(seed))[0].chunk for seed in range(30)}
    assert first == {FERRY.id, MUSEUM.id, WEATHER.id}


def test_in_half_of_the_lessons_they_are_ranked_as_a_search_would() -> None:
    asked = [grounding("ten", id=str(n), question="Is the museum open?") for n in range(60)]
    first = Counter(in_lesson(example, ["museum"])[0].chunk for example in asked)
    assert 30 < first[MUSEUM.id] < 60 and min(first[FERRY.id], first[WEATHER.id]) > 0


def test_examples_that_teach_nothing_are_left_out() -> None:
    unclear = grounding("nine", answerable="partial")
    taught = list(lessons([unclear, rewriting(), grounding("nine")]))
    assert taught == [rewriting_lesson(rewriting()), answering_lesson(grounding("nine"))]
