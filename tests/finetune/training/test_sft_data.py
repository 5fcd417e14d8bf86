"""SFT examples prompt as the bot does, reply in the passages' words, and are the same for the same mixture."""

import random
from collections import Counter

import pytest

from dialogue.conversation import Passage
from dialogue.prompts import rewrite_prompt, trained_answer_prompt
from finetune.examples import ExamplePassage
from finetune.training.sft_data import (
    DataMixture,
    SftExample,
    answering_sft_example,
    grounded_reply,
    mix_sft_examples,
    passages_within,
    prompt_passages,
    rewriting_sft_example,
    sft_examples,
)
from retrieval.chunking import estimate_tokens
from tests.finetune.sample_examples import FERRY, MUSEUM, PASSAGES, WEATHER, grounding, rewriting

ROOM = 300
LONG = tuple(ExamplePassage(id=f"long-{n}", text="word " * 180) for n in range(4))


def test_a_rewrite_is_asked_for_with_the_history() -> None:
    made = rewriting_sft_example(rewriting())
    system, asked = made.prompt
    assert system == {"role": "system", "content": rewrite_prompt("en").texts["brief"]}
    assert "there is a ferry to the island" in asked["content"] and "When does it leave?" in asked["content"]
    assert made.reply == "When does the ferry leave?"


def test_an_answer_is_asked_for_with_the_passages() -> None:
    made = answering_sft_example(grounding("nine"))
    assert made is not None
    system, asked = made.prompt
    assert system["content"] == trained_answer_prompt().texts["brief"]
    assert all(passage.text in asked["content"] for passage in PASSAGES)
    number = made.reply[1]
    assert f"[{number}] Ferry" in asked["content"] or f"[{number}] (Ferry" in asked["content"]


def test_the_same_example_gives_the_same_sft_example() -> None:
    assert answering_sft_example(grounding("nine")) == answering_sft_example(grounding("nine"))


def test_evidence_comes_before_all_else_where_not_everything_fits() -> None:
    for seed in range(20):
        shown = passages_within([*LONG, FERRY], ["ferry"], ROOM, random.Random(seed))
        assert "ferry" in {passage.chunk for passage in shown}
        assert [passage.n for passage in shown] == list(range(1, len(shown) + 1))
        assert sum(estimate_tokens(passage.text) for passage in shown) <= ROOM


def test_one_passage_is_shown_however_long_it_is() -> None:
    long = ExamplePassage(id="long", text="word " * 2000)
    assert [passage.chunk for passage in passages_within([long], ["long"], ROOM, random.Random(1))] == [
        "long"
    ]


def test_places_are_drawn_so_that_none_is_learnt() -> None:
    first = {passages_within(PASSAGES, ["ferry"], ROOM, random.Random(seed))[0].chunk for seed in range(30)}
    assert first == {FERRY.id, MUSEUM.id, WEATHER.id}


def test_in_half_of_the_prompts_they_are_ranked_as_a_search_would() -> None:
    asked = [grounding("ten", id=str(n), question="Is the museum open?") for n in range(60)]
    first = Counter(prompt_passages(example, ["museum"])[0].chunk for example in asked)
    assert 30 < first[MUSEUM.id] < 60 and min(first[FERRY.id], first[WEATHER.id]) > 0


def test_examples_that_teach_nothing_are_left_out() -> None:
    unclear = grounding("nine", answerable="partial")
    mixture = list(sft_examples([unclear, rewriting(), grounding("nine")]))
    assert mixture == [rewriting_sft_example(rewriting()), answering_sft_example(grounding("nine"))]


SHOWN = tuple(Passage(n, p.id, p.title, p.id, p.text, 1.0) for n, p in enumerate(PASSAGES[::-1], 1))
"""The ferry is the third."""


def test_a_short_answer_becomes_the_sentence_it_stands_in() -> None:
    assert grounded_reply(grounding("nine"), SHOWN) == "[3] The ferry leaves the old harbour at nine."


def test_of_several_places_the_one_nearest_the_question_is_taken() -> None:
    example = grounding("museum", question="Who visits it for free?", evidence=("museum",))
    assert grounded_reply(example, SHOWN) == "[2] Children visit the museum for free."


def test_a_near_quotation_stays_as_it_is() -> None:
    said = "The ferry leaves the harbour at nine."
    assert grounded_reply(grounding(said), SHOWN) == f"[3] {said}"


def test_an_answer_in_own_words_becomes_the_sentences_that_say_it() -> None:
    example = grounding("You pay four crowns and buy your tickets from the crew.")
    assert grounded_reply(example, SHOWN) == "[3] Tickets cost four crowns on board."


def test_markers_of_the_answer_are_no_part_of_it() -> None:
    assert grounded_reply(grounding("nine [7]"), SHOWN) == "[3] The ferry leaves the old harbour at nine."


def test_what_is_not_answered_is_refused() -> None:
    assert grounded_reply(grounding("", answerable=False, evidence=()), SHOWN) == "NO ANSWER"


@pytest.mark.parametrize(
    "unclear",
    [
        grounding("nine", answerable="partial"),
        grounding("nine", evidence=()),
        grounding(" [1] "),
        grounding("Bicycles rust quickly."),
    ],
    ids=["partial", "no evidence", "empty", "not in the passages"],
)
def test_what_is_not_clear_teaches_nothing(unclear) -> None:
    assert grounded_reply(unclear, SHOWN) is None


REWRITING = [
    rewriting(id=f"set:harbour:{n}", source="ours", rewrite=f"When does ferry {n} leave?") for n in range(20)
]
GROUNDING = [grounding("nine", id=f"set:quay:{n}") for n in range(20)]


def is_rewriting(made: SftExample) -> bool:
    return made.reply.startswith("When does ferry")


def mixture(**choice) -> list[SftExample]:
    return mix_sft_examples(REWRITING, GROUNDING, DataMixture(**choice))


def test_both_tasks_are_taught_in_a_drawn_order() -> None:
    kinds = [is_rewriting(made) for made in mixture(withheld=0.0)]
    assert sum(kinds) == 20 and len(kinds) == 40
    assert kinds != sorted(kinds, reverse=True)


def test_one_task_may_be_taught_alone() -> None:
    assert all(map(is_rewriting, mixture(tasks=("rewrite",))))
    assert not any(map(is_rewriting, mixture(tasks=("answer",))))


def test_a_source_may_be_taken_in_part() -> None:
    mixed = mixture(take={"ours": 5, "unknown": 1}, withheld=0.0)
    assert sum(map(is_rewriting, mixed)) == 5
    assert len(mixed) == 25


def test_the_same_mixture_gives_the_same_examples_and_another_seed_others() -> None:
    assert mixture(take={"ours": 5}) == mixture(take={"ours": 5})
    assert mixture(take={"ours": 5}) != mixture(take={"ours": 5}, seed=18)


def test_evidence_is_withheld_from_the_share_that_was_chosen() -> None:
    assert not any(made.reply == "NO ANSWER" for made in mixture(withheld=0.0))
    assert sum(made.reply == "NO ANSWER" for made in mixture(withheld=1.0)) == len(GROUNDING)


def test_the_choice_is_on_record() -> None:
    choice = DataMixture(tasks=("answer",), take={"ours": 5})
    assert choice.record() == {
        "tasks": ["answer"],
        "take": {"ours": 5},
        "withheld": 0.2,
        "variants": 1,
        "seed": 17,
    }
