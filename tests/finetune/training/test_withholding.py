"""Some questions get a twin without their evidence, so that abstaining is learnt where it is hard."""

from finetune.examples import GivenPassage, GroundingExample
from finetune.training.withholding import with_twins
from tests.finetune.training.material import FERRY, MUSEUM, WEATHER, grounding

OWN_WORDS = "The boat sails in the morning"
TIMETABLE = GivenPassage(
    id="timetable", title="Ferry", text="The ferry leaves at nine. It takes an hour. Dogs travel for free."
)


def twins(examples: list[GroundingExample], share: float = 1.0) -> list[GroundingExample]:
    return [one for one in with_twins(examples, share, seed=17) if one.answerable is False]


def test_the_examples_stay_and_the_share_is_drawn() -> None:
    examples = [grounding("nine", id=f"set:harbour:{n}") for n in range(100)]
    both = list(with_twins(examples, 0.3, seed=17))
    assert [one for one in both if one.answerable] == examples
    assert 115 <= len(both) <= 145
    assert both == list(with_twins(examples, 0.3, seed=17))


def test_a_twin_has_the_same_question_and_another_id() -> None:
    one = grounding("nine")
    (twin,) = twins([one])
    assert twin.question == one.question and twin.id == "set:harbour:1:withheld"
    assert twin.answer == "" and twin.evidence == ()


def test_the_passages_that_answer_are_taken_away() -> None:
    (twin,) = twins([grounding(OWN_WORDS)])
    assert twin.passages == (MUSEUM, WEATHER)


def test_or_only_the_sentences_that_answer() -> None:
    (twin,) = twins([grounding("nine", passages=(TIMETABLE, MUSEUM), evidence=("timetable",))])
    assert [passage.text for passage in twin.passages] == [
        "It takes an hour. Dogs travel for free.",
        MUSEUM.text,
    ]


def test_an_answer_that_was_logged_is_known_by_its_sentences_without_their_markers() -> None:
    answer = "The ferry leaves at nine [1]. It takes an hour [1]."
    text = f"{TIMETABLE.text} Bicycles are welcome."
    passages = (TIMETABLE.model_copy(update={"text": text}),)
    (twin,) = twins([grounding(answer, passages=passages, evidence=("timetable",))])
    assert [passage.text for passage in twin.passages] == ["Dogs travel for free. Bicycles are welcome."]


def test_where_both_can_be_done_each_is_done_for_some() -> None:
    examples = [
        grounding(
            "nine", id=f"set:harbour:{n}", passages=(TIMETABLE, MUSEUM, WEATHER), evidence=("timetable",)
        )
        for n in range(40)
    ]
    assert {len(twin.passages) for twin in twins(examples)} == {2, 3}


def test_there_is_no_twin_where_too_little_would_be_left() -> None:
    assert not twins([grounding("nine", passages=(FERRY, MUSEUM))])


def test_what_has_no_answer_or_only_a_part_has_no_twin() -> None:
    others = [grounding("", answerable=False, evidence=()), grounding("nine", answerable="partial")]
    assert list(with_twins(others, 1.0, seed=17)) == others
