"""Some questions lose their evidence, so that abstaining is learnt where it is hard."""

from finetune.examples import GroundingExample
from finetune.training.withholding import some_withheld
from tests.finetune.training.material import FERRY, MUSEUM, grounding

ANSWERED = [grounding("nine", id=f"set:harbour:{n}") for n in range(100)]


def withheld(examples: list[GroundingExample], share: float) -> list[GroundingExample]:
    return [one for one in some_withheld(examples, share, seed=17) if one.answerable is False]


def test_the_share_is_drawn_and_the_order_stays() -> None:
    changed = list(some_withheld(ANSWERED, 0.3, seed=17))
    assert [one.id for one in changed] == [one.id for one in ANSWERED]
    assert 15 <= sum(one.answerable is False for one in changed) <= 45
    assert changed == list(some_withheld(ANSWERED, 0.3, seed=17))


def test_what_is_left_is_of_the_same_matter_without_the_evidence() -> None:
    for one in withheld(ANSWERED, 1.0):
        assert [passage.id for passage in one.passages] == ["museum", "weather"]
        assert one.answer == "" and one.evidence == ()


def test_nothing_is_withheld_where_too_little_would_be_left() -> None:
    assert not withheld([grounding("nine", passages=(FERRY, MUSEUM))], 1.0)


def test_what_has_no_answer_or_only_a_part_stays() -> None:
    others = [grounding("", answerable=False, evidence=()), grounding("nine", answerable="partial")]
    assert list(some_withheld(others, 1.0, seed=17)) == others
