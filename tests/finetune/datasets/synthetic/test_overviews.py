"""A page is asked about as a whole, and what its passages open with answers."""

from finetune.datasets.synthetic.wide_questions import overviews
from finetune.examples import ExamplePassage
from tests.finetune.sample_examples import FERRY, WEATHER, grounding

TIMES = ExamplePassage(
    id="times", title="Ferry", text="It leaves at nine. It is back at six. Dogs travel free."
)
ASKED = grounding("at nine", id="xquad:7-0:a", source="xquad", passages=(WEATHER, FERRY, TIMES))


def asked(*examples, seed: int = 1):
    return list(overviews(examples or (ASKED,), seed, "overview"))


def test_the_title_is_asked_about_and_the_openings_of_its_passages_answer() -> None:
    [example] = asked()
    assert "Ferry" in example.question and example.source == "overview_en"
    assert example.answer == f"{FERRY.text} It leaves at nine. It is back at six."
    assert example.evidence == ("ferry", "times")
    assert WEATHER in example.passages


def test_the_same_passages_are_asked_about_once() -> None:
    again = ASKED.model_copy(update={"id": "xquad:7-0:b", "question": "What does a ticket cost?"})
    assert len(asked(ASKED, again)) == 1


def test_what_tells_pages_of_one_name_apart_is_not_asked_for() -> None:
    page = ExamplePassage(id="李梅", title="李梅（画家）", text="李梅是一位画家。李梅住在上海。")
    zh = {"source": "cmrc", "language": "zh", "passages": (page,), "evidence": ("李梅",)}
    [example] = asked(grounding("上海", id="cmrc:1:1", **zh))
    assert "李梅" in example.question and "画家" not in example.question


def test_pages_without_a_title_or_an_answer_are_left_alone() -> None:
    untitled = tuple(passage.model_copy(update={"title": ""}) for passage in ASKED.passages)
    assert not asked(ASKED.model_copy(update={"passages": untitled}))
    assert not asked(ASKED.model_copy(update={"answerable": False}))


def test_other_languages_are_left_alone() -> None:
    assert not asked(ASKED.model_copy(update={"language": "de"}))
