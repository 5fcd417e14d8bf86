"""Chinese follow-ups are made from questions that name what they ask about."""

from finetune.datasets.dataset import derived_id, group_of
from finetune.datasets.synthetic.followups import chinese_followups
from finetune.examples import ExamplePassage, GroundingExample
from tests.finetune.sample_examples import grounding

LIGHTHOUSE = ExamplePassage(id="灯塔", title="灯塔", text="灯塔建于1890年。灯塔高三十米。")
PAINTER = ExamplePassage(id="李梅", title="李梅（画家）", text="李梅是一位女演员，1950年出生。李梅住在上海。")


def asked(question: str, answer: str, page: ExamplePassage, number: int, **changed) -> GroundingExample:
    changed = {"source": "cmrc", "language": "zh", "evidence": (page.id,), "passages": (page,), **changed}
    return grounding(answer, id=f"set:{page.id}:{number}", question=question, **changed)


PAGES = [
    asked("灯塔建于哪一年？", "1890年", LIGHTHOUSE, 1),
    asked("灯塔的高度是多少？", "三十米", LIGHTHOUSE, 2),
    asked("李梅住在哪里？", "上海", PAINTER, 1),
    asked("李梅出生于哪一年？", "1950年", PAINTER, 2),
]


def followups():
    return [one for seed in range(8) for one in chinese_followups(PAGES, seed, "made")]


def test_the_rewrite_is_the_question_as_it_was() -> None:
    originals = {derived_id("made", one.id): one.question for one in PAGES}
    assert followups() and all(one.rewrite == originals[one.id] for one in followups())
    assert {(one.source, one.language) for one in followups()} == {("made", "zh")}


def test_they_stay_in_the_group_of_their_page() -> None:
    assert {group_of(one.id) for one in followups()} == {"灯塔", "李梅"}


def test_the_subject_is_replaced_or_left_out() -> None:
    said = {one.question for one in followups()}
    assert "它建于哪一年？" in said or "这个建于哪一年？" in said
    assert "高度是多少？" in said


def test_people_are_spoken_of_as_people() -> None:
    assert "她住在哪里？" in {one.question for one in followups()}


def test_the_subject_was_named_before_it_is_left_out() -> None:
    for one in followups():
        if one.question != one.rewrite:
            title = "灯塔" if "灯塔" in one.rewrite else "李梅"
            assert any(title in line.text for line in one.history)
        assert [line.role for line in one.history] == ["user", "assistant"]


def test_some_questions_stand_alone_and_stay_as_they_are() -> None:
    assert any(one.question == one.rewrite for one in followups())


def test_the_same_seed_makes_the_same() -> None:
    assert list(chinese_followups(PAGES, 3, "made")) == list(chinese_followups(PAGES, 3, "made"))


def test_other_languages_and_dialogues_are_left_alone() -> None:
    english = [grounding("nine", source="xquad")]
    dialogue = [
        asked("灯塔建于哪一年？", "1890年", LIGHTHOUSE, 1, history=({"role": "user", "text": "你好"},))
    ]
    assert not list(chinese_followups([*english, *dialogue], 1, "made"))


def test_questions_without_evidence_are_left_alone() -> None:
    without = [page.model_copy(update={"evidence": ()}) for page in PAGES]
    away = [page.model_copy(update={"evidence": ("elsewhere",)}) for page in PAGES]
    assert not [one for seed in range(8) for one in chinese_followups([*without, *away], seed, "made")]
