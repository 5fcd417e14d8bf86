"""Personal data becomes placeholders in all that was said; what the documents say stays."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.conversation import Passage, Role, Turn
from finetune.datasets.log import Exchange, Opinion
from finetune.datasets.privacy import Redactor

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
HELP_DESK = Passage(1, "c1", "Help", "help.md", "Call the help desk: 020 7946 0958, or ask Mr Brown.", 0.9)
SECRETS = (
    "ada@example.com",
    "13812345678",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "536-90-4399",
)


def turn(number: int, role: Role, text: str, query: str | None = None) -> Turn:
    return Turn("c", number, role, text, MOMENT, query=query)


def exchange(question: str, answer: str = "Yes [1].", before: str = "Hello.", query: str = "") -> Exchange:
    return Exchange(
        account="web:ada",
        history=(turn(1, Role.USER, before), turn(2, Role.ASSISTANT, "Hello to you.")),
        question=turn(3, Role.USER, question),
        answer=turn(4, Role.ASSISTANT, answer, query or question),
        failed=False,
        passages=(HELP_DESK,),
        opinions=(),
    )


def opinion(correction: str) -> Opinion:
    return Opinion("c", 4, "web:ada", False, correction)


def words(cleaned: Exchange) -> str:
    turns = (*cleaned.history, cleaned.question, cleaned.answer)
    corrections = (opinion.correction or "" for opinion in cleaned.opinions)
    return "\n".join([*(t.text for t in turns), cleaned.answer.query or "", *corrections])


def test_everything_that_was_said_is_cleaned():
    secret = "ada@example.com"
    said = exchange(
        f"Is {secret} right?", f"We have {secret} [1].", f"I am {secret}.", f"Is {secret} my address?"
    )
    redactor = Redactor()

    cleaned = redactor.exchange(said, [opinion(f"No, {secret}.")])

    assert secret not in words(cleaned)
    assert cleaned.question.text == "Is <EMAIL> right?"
    assert redactor.counts == {"EMAIL": 4}, "the history was counted when it was said"


def test_what_the_documents_say_stays():
    cleaned = Redactor().exchange(exchange("Whom do I call?", "Call 020 7946 0958 or Mr Brown [1]."), [])
    assert cleaned.answer.text == "Call 020 7946 0958 or Mr Brown [1]."
    cleaned = Redactor().exchange(exchange("I am on 020 7946 0999, whom do I call?"), [])
    assert cleaned.question.text == "I am on <PHONE>, whom do I call?"


def test_who_gives_a_name_has_it_replaced_wherever_it_comes():
    said = exchange(
        "And the bill?", "Here it is, Ada [1].", before="My name is Ada Lovelace. The adapter is broken."
    )
    cleaned = Redactor().exchange(said, [])
    assert cleaned.history[0].text == "My name is <NAME>. The adapter is broken."
    assert cleaned.answer.text == "Here it is, <NAME> [1]."


def test_chinese_names_and_full_width_digits():
    said = exchange("我的电话是１３８１２３４５６７８", "好的，王小明 [1]。", before="您好，我叫王小明。")
    cleaned = Redactor().exchange(said, [])
    assert cleaned.history[0].text == "您好，我叫<NAME>。"
    assert cleaned.question.text == "我的电话是<PHONE>"
    assert cleaned.answer.text == "好的，<NAME> [1]。"


def test_a_name_within_another_word_of_the_documents_is_still_a_name():
    canada = Passage(1, "c1", "Shipping", "s.md", "We ship to Canada.", 0.9)
    said = replace(exchange("My name is ada. Do you ship?", "Yes, ada [1]."), passages=(canada,))
    assert Redactor().exchange(said, []).answer.text == "Yes, <NAME> [1]."


def test_opinions_that_do_not_count_are_gone():
    said = replace(exchange("Why?"), opinions=(opinion("ada@example.com"),))
    assert Redactor().exchange(said, []).opinions == ()


@given(st.sampled_from(SECRETS), st.text("abc ,.!?订单", max_size=20), st.text("abc ,.!?订单", max_size=20))
@settings(max_examples=60, deadline=None)
def test_a_secret_does_not_survive_in_any_place(secret, before, after):
    text = f"{before} {secret} {after}"
    cleaned = Redactor().exchange(exchange(text, f"{text} [1].", text, text), [opinion(text)])
    assert secret not in words(cleaned)


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_cleaning_twice_is_cleaning_once(text):
    once = Redactor().exchange(exchange(text), [])
    assert words(Redactor().exchange(once, [])) == words(once)
