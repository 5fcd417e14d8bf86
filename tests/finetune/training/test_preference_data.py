"""Feedback on answers becomes preference examples in the form that a model writes."""

from dialogue.grounding import REFUSAL
from finetune.examples import ExamplePassage
from finetune.training.preference_data import model_reply, to_preference_pairs, to_rated_replies
from tests.finetune.sample_examples import FERRY, MUSEUM, preference, rated

AT_NINE = "The ferry leaves the old harbour at nine [1]."
AT_TEN = "The museum opens at ten [2]."
ABSTENTION = "I could not find that in the documents. Shall I ask a person?"


def number(prompt: str, passage: ExamplePassage) -> int:
    """Of a passage in a prompt."""
    before = prompt[: prompt.index(passage.text)]
    return int(before[before.rindex("[") + 1 : before.rindex("]")])


def test_markers_are_moved_before_their_sentences_and_numbered_as_in_the_prompt() -> None:
    (made,) = to_preference_pairs([preference(AT_NINE, AT_TEN)])
    asked = made.prompt[-1]["content"]
    assert made.chosen == f"[{number(asked, FERRY)}] The ferry leaves the old harbour at nine."
    assert made.rejected == f"[{number(asked, MUSEUM)}] The museum opens at ten."


def test_every_sentence_has_its_own_number() -> None:
    (made,) = to_preference_pairs([preference(f"{AT_NINE} Tickets cost four crowns on board [1].", AT_TEN)])
    n = number(made.prompt[-1]["content"], FERRY)
    assert made.chosen == (
        f"[{n}] The ferry leaves the old harbour at nine. [{n}] Tickets cost four crowns on board."
    )


def test_an_answer_without_markers_gets_those_that_the_passages_bear_out() -> None:
    (made,) = to_preference_pairs([preference("The ferry leaves at nine.", AT_TEN, id="edits:harbour:2")])
    n = number(made.prompt[-1]["content"], FERRY)
    assert made.chosen == f"[{n}] The ferry leaves at nine."


def test_an_answer_of_the_log_without_citations_was_an_abstention() -> None:
    (made,) = to_preference_pairs([preference(AT_NINE, ABSTENTION)])
    assert made.rejected == REFUSAL
    (made,) = to_preference_pairs([preference(ABSTENTION, AT_TEN)])
    assert made.chosen == REFUSAL


def test_what_others_said_without_grounds_is_never_to_be_learnt_but_may_be_avoided() -> None:
    made_up = "Bicycles rust quickly [3]."
    assert not list(to_preference_pairs([preference(made_up, AT_TEN, id="edits:harbour:2")]))
    (made,) = to_preference_pairs([preference(AT_NINE, made_up, id="edits:harbour:2")])
    assert made.rejected == "Bicycles rust quickly."


def test_two_answers_that_come_to_the_same_teach_nothing() -> None:
    assert not list(to_preference_pairs([preference(AT_NINE, AT_NINE.replace(" [1]", ""))]))


def test_passages_that_the_answers_cite_come_first_where_not_all_fit() -> None:
    long = tuple(ExamplePassage(id=f"long-{n}", text="word " * 200) for n in range(4))
    example = preference(AT_NINE.replace("1", "5"), AT_TEN.replace("2", "6"), passages=(*long, FERRY, MUSEUM))
    (made,) = to_preference_pairs([example])
    asked = made.prompt[-1]["content"]
    assert FERRY.text in asked and MUSEUM.text in asked


def test_a_sentence_from_a_passage_that_is_not_in_the_prompt_is_left_out() -> None:
    example = preference(f"{AT_NINE} {AT_TEN}", AT_TEN)
    said = model_reply(example, example.chosen, [])
    assert said is None


def test_the_same_example_gives_the_same_pair() -> None:
    assert list(to_preference_pairs([preference(AT_NINE, AT_TEN)])) == list(
        to_preference_pairs([preference(AT_NINE, AT_TEN)])
    )


def test_ratings_are_learnt_either_way() -> None:
    liked, disliked = to_rated_replies([rated(AT_NINE, welcome=True), rated(AT_TEN, welcome=False)])
    assert (liked.welcome, disliked.welcome) == (True, False)
    assert liked.reply.endswith("The ferry leaves the old harbour at nine.")
    assert disliked.reply.endswith("The museum opens at ten.")


def test_an_abstention_may_be_welcome_or_not() -> None:
    replies = list(to_rated_replies([rated(ABSTENTION, welcome=True), rated(ABSTENTION, welcome=False)]))
    assert [(made.reply, made.welcome) for made in replies] == [(REFUSAL, True), (REFUSAL, False)]


def test_chinese_answers_are_turned_in_the_same_way() -> None:
    lighthouse = ExamplePassage(id="灯塔", title="灯塔", text="灯塔建于1890年。灯塔高三十米。")
    example = rated(
        "灯塔高三十米 [1]。", welcome=True, passages=(lighthouse,), question="灯塔多高？", language="zh"
    )
    (made,) = to_rated_replies([example])
    assert made.reply == "[1] 灯塔高三十米。"
