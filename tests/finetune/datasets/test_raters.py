"""One person cannot steer what is learnt: ratings are capped, and who contradicts everybody is not heard."""

from finetune.datasets.log import AnswerFeedback, FeedbackEntry
from finetune.datasets.raters import RaterAgreement, RaterFilter

ANSWERS = [
    f"The {item} takes 230 volts [1]." for item in ("lamp", "kettle", "printer", "drill", "radio", "camera")
]


def rating(rater: str, number: int, *, up: bool) -> FeedbackEntry:
    return FeedbackEntry(f"{rater} {number}", 2, rater, up, None)


def voted(agreement: RaterAgreement, rater: str, *, up: bool, answers: list[str] = ANSWERS) -> None:
    for number, text in enumerate(answers):
        agreement.add(AnswerFeedback(rating(rater, number, up=up), "What does it take?", text))


def test_who_contradicts_all_others_is_distrusted():
    agreement = RaterAgreement()
    for rater in ("ada", "ben", "cho"):
        voted(agreement, rater, up=True)
    voted(agreement, "mallory", up=False)
    assert agreement.distrusted() == {"mallory"}


def test_two_who_disagree_are_both_heard_as_nobody_can_tell_who_is_right():
    agreement = RaterAgreement()
    voted(agreement, "ada", up=True, answers=ANSWERS[:3])
    voted(agreement, "mallory", up=False, answers=ANSWERS[:3])
    assert agreement.distrusted() == frozenset()


def test_nobody_makes_a_majority_alone():
    """Mallory rates the same answer again and again; that is one voice against two."""
    agreement = RaterAgreement()
    for rater in ("ada", "ben"):
        voted(agreement, rater, up=True)
    for _ in range(5):
        voted(agreement, "mallory", up=False)
    assert agreement.distrusted() == {"mallory"}


def test_a_few_disagreements_are_a_matter_of_taste():
    agreement = RaterAgreement()
    for rater in ("ada", "ben", "cho"):
        voted(agreement, rater, up=True)
    voted(agreement, "dee", up=False, answers=ANSWERS[:2])
    voted(agreement, "dee", up=True, answers=ANSWERS[2:])
    assert agreement.distrusted() == frozenset()


def test_nearly_the_same_answers_are_judged_together():
    agreement = RaterAgreement()
    for rater in ("ada", "ben", "cho"):
        voted(agreement, rater, up=True)
    voted(agreement, "mallory", up=False, answers=[text.upper().replace("[1]", "") for text in ANSWERS])
    assert agreement.distrusted() == {"mallory"}


def test_ratings_beyond_the_cap_do_not_count():
    trust = RaterFilter(frozenset({"mallory"}), per_rater=2)
    given = [rating(rater, number, up=True) for rater in ("ada", "ben", "mallory") for number in range(3)]
    counted = trust.trusted(given)
    assert [said.rater for said in counted] == ["ada", "ada", "ben", "ben"]
    assert trust.dropped == {"rater over cap": 2, "distrusted rater": 3}
