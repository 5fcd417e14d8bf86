"""Two questions about one article are asked as one, and both sentences answer it."""

from finetune.datasets.dataset import group_of
from finetune.datasets.synthetic.wide_questions import joint_questions
from finetune.examples import ExamplePassage
from tests.finetune.sample_examples import FERRY, MUSEUM, WEATHER, grounding

LEAVES = grounding(
    "at nine", id="xquad:7-0:a", source="xquad", passages=(FERRY, WEATHER), evidence=("ferry",)
)
OPENS = grounding(
    "at ten",
    id="xquad:7-1:b",
    source="xquad",
    question="When does the museum open?",
    passages=(MUSEUM, WEATHER),
    evidence=("museum",),
)


def joined(*examples, seed: int = 1):
    return list(joint_questions(examples or (LEAVES, OPENS), seed, "joint", lambda one: group_of(one.id)[0]))


def test_both_are_asked_and_both_sentences_answer() -> None:
    [example] = joined()
    assert "ferry leave" in example.question and "museum open" in example.question
    assert "The ferry leaves the old harbour at nine." in example.answer
    assert "The museum opens at ten." in example.answer
    assert set(example.evidence) == {"ferry", "museum"}
    assert sorted(passage.id for passage in example.passages) == ["ferry", "museum", "weather"]


def test_the_second_question_loses_its_capital() -> None:
    questions = {example.question for seed in range(9) for example in joined(seed=seed)}
    assert all(" when does" in question for question in questions) and len(questions) > 2


def test_chinese_is_joined_in_chinese() -> None:
    page = ExamplePassage(id="灯塔", text="灯塔建于1890年。灯塔高三十米。")
    zh = {"source": "xquad", "language": "zh", "passages": (page,), "evidence": ("灯塔",)}
    built = grounding("1890年", id="xquad:3-0:zh-1", question="灯塔建于哪一年？", **zh)
    high = grounding("三十米", id="xquad:3-0:zh-2", question="灯塔高多少？", **zh)
    [example] = joined(built, high)
    assert "，" in example.question or "？" in example.question[:-1]
    assert sorted(example.answer.split(" ")) == ["灯塔建于1890年。", "灯塔高三十米。"]


def test_other_articles_languages_and_unanswered_questions_stay_apart() -> None:
    assert not joined(LEAVES, OPENS.model_copy(update={"id": "xquad:8-1:b"}))
    assert not joined(LEAVES, OPENS.model_copy(update={"language": "zh"}))
    assert not joined(LEAVES, OPENS.model_copy(update={"answerable": False}))


def test_languages_that_it_cannot_join_are_left_alone() -> None:
    assert not joined(*(one.model_copy(update={"language": "de"}) for one in (LEAVES, OPENS)))
