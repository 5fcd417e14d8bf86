"""Some questions get a variant without their evidence, so that abstaining is learnt where it is hard."""

from finetune.datasets.synthetic.unanswerable import with_unanswerable
from finetune.examples import ExamplePassage, GroundingExample
from tests.finetune.sample_examples import FERRY, MUSEUM, WEATHER, grounding

OWN_WORDS = "The boat sails in the morning"
TIMETABLE = ExamplePassage(
    id="timetable", title="Ferry", text="The ferry leaves at nine. It takes an hour. Dogs travel for free."
)


def variants(examples: list[GroundingExample], share: float = 1.0) -> list[GroundingExample]:
    return [one for one in with_unanswerable(examples, share, seed=17) if one.answerable is False]


def test_the_examples_stay_and_the_share_is_drawn() -> None:
    examples = [grounding("nine", id=f"set:harbour:{n}") for n in range(100)]
    both = list(with_unanswerable(examples, 0.3, seed=17))
    assert [one for one in both if one.answerable] == examples
    assert 115 <= len(both) <= 145
    assert both == list(with_unanswerable(examples, 0.3, seed=17))


def test_a_variant_has_the_same_question_and_another_id() -> None:
    one = grounding("nine")
    (variant,) = variants([one])
    assert variant.question == one.question and variant.id == "set:harbour:1:withheld"
    assert variant.answer == "" and variant.evidence == ()


def test_the_passages_that_answer_are_taken_away() -> None:
    (variant,) = variants([grounding(OWN_WORDS)])
    assert variant.passages == (MUSEUM, WEATHER)


def test_or_only_the_sentences_that_answer() -> None:
    (variant,) = variants([grounding("nine", passages=(TIMETABLE, MUSEUM), evidence=("timetable",))])
    assert [passage.text for passage in variant.passages] == [
        "It takes an hour. Dogs travel for free.",
        MUSEUM.text,
    ]


def test_an_answer_that_was_logged_is_known_by_its_sentences_without_their_markers() -> None:
    answer = "The ferry leaves at nine [1]. It takes an hour [1]."
    text = f"{TIMETABLE.text} Bicycles are welcome."
    passages = (TIMETABLE.model_copy(update={"text": text}),)
    (variant,) = variants([grounding(answer, passages=passages, evidence=("timetable",))])
    assert [passage.text for passage in variant.passages] == ["Dogs travel for free. Bicycles are welcome."]


def test_where_both_can_be_done_each_is_done_for_some() -> None:
    examples = [
        grounding(
            "nine", id=f"set:harbour:{n}", passages=(TIMETABLE, MUSEUM, WEATHER), evidence=("timetable",)
        )
        for n in range(40)
    ]
    assert {len(variant.passages) for variant in variants(examples)} == {2, 3}


def test_there_is_no_variant_where_too_little_would_be_left() -> None:
    assert not variants([grounding("nine", passages=(FERRY, MUSEUM))])


def test_what_has_no_answer_or_only_a_part_has_no_variant() -> None:
    others = [grounding("", answerable=False, evidence=()), grounding("nine", answerable="partial")]
    assert list(with_unanswerable(others, 1.0, seed=17)) == others
