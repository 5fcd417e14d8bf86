"""One run's lessons: chosen, drawn, and the same for the same choice."""

from finetune.training.curriculum import Choice, curriculum
from finetune.training.lessons import Lesson
from tests.finetune.training.material import grounding, rewriting

REWRITING = [
    rewriting(id=f"set:harbour:{n}", source="ours", rewrite=f"When does ferry {n} leave?") for n in range(20)
]
GROUNDING = [grounding("nine", id=f"set:quay:{n}") for n in range(20)]


def is_rewriting(lesson: Lesson) -> bool:
    return lesson.reply.startswith("When does ferry")


def taught(**choice) -> list[Lesson]:
    return curriculum(REWRITING, GROUNDING, Choice(**choice))


def test_both_tasks_are_taught_in_a_drawn_order() -> None:
    kinds = [is_rewriting(lesson) for lesson in taught(withheld=0.0)]
    assert sum(kinds) == 20 and len(kinds) == 40
    assert kinds != sorted(kinds, reverse=True)


def test_one_task_may_be_taught_alone() -> None:
    assert all(map(is_rewriting, taught(tasks=("rewrite",))))
    assert not any(map(is_rewriting, taught(tasks=("answer",))))


def test_a_source_may_be_taken_in_part() -> None:
    lessons = taught(take={"ours": 5, "unknown": 1}, withheld=0.0)
    assert sum(map(is_rewriting, lessons)) == 5
    assert len(lessons) == 25


def test_the_same_choice_gives_the_same_lessons_and_another_seed_others() -> None:
    assert taught(take={"ours": 5}) == taught(take={"ours": 5})
    assert taught(take={"ours": 5}) != taught(take={"ours": 5}, seed=18)


def test_evidence_is_withheld_from_the_share_that_was_chosen() -> None:
    assert not any(lesson.reply == "NO ANSWER" for lesson in taught(withheld=0.0))
    assert sum(lesson.reply == "NO ANSWER" for lesson in taught(withheld=1.0)) == len(GROUNDING)


def test_wide_questions_are_woven_where_they_are_named():
    asked = [
        grounding(answer, id=f"xquad:7-{n}:{n}", source="xquad")
        for n, answer in enumerate(("at nine", "four crowns"))
    ]
    assert len(curriculum([], asked, Choice(withheld=0.0))) == 2
    [joint] = curriculum([], asked, Choice(take={"xquad": 0, "joint": 5}, withheld=0.0))
    assert "at nine" in joint.reply and "four crowns" in joint.reply


def test_the_choice_is_on_record() -> None:
    choice = Choice(tasks=("answer",), take={"ours": 5})
    assert choice.record() == {"tasks": ["answer"], "take": {"ours": 5}, "withheld": 0.2, "seed": 17}
