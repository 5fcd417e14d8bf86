"""Personal data is found by checksum or form and replaced by placeholders; what the documents say stays."""

import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.conversation import Passage, Role, Turn
from finetune.datasets.log import Exchange, FeedbackEntry
from finetune.datasets.privacy import RECOGNISERS, CharSpan, Redactor, find_names

CARD = "4111 1111 1111 1111"
IBAN = "DE89 3704 0044 0532 0130 00"
RESIDENT = "11010519491231002X"

FOUND = [
    ("EMAIL", "write to ada.lovelace+shop@mail.example.co.uk please", "ada.lovelace+shop@mail.example.co.uk"),
    ("EMAIL", "邮箱是ada@example.com，谢谢", "ada@example.com"),
    ("CARD", f"my card {CARD} was charged", CARD),
    ("CARD", "卡号4111111111111111被扣款", "4111111111111111"),
    ("CARD", f"order 12345 {CARD}", CARD),
    ("IBAN", f"refund to {IBAN} please", IBAN),
    ("IBAN", "to gb82WEST12345698765432.", "gb82WEST12345698765432"),
    ("ID", f"身份证号{RESIDENT}", RESIDENT),
    ("ID", "my SSN is 536-90-4399", "536-90-4399"),
    ("ID", "passport number X1234567", "X1234567"),
    ("ID", "护照号是E12345678", "E12345678"),
    ("PHONE", "call (415) 555-2671 after six", "(415) 555-2671"),
    ("PHONE", "ring 020 7946 0958", "020 7946 0958"),
    ("PHONE", "手机号是13812345678，谢谢", "13812345678"),
    ("PHONE", "打010-62345678", "010-62345678"),
    ("PHONE", "+44 20 7946 0958 is mine", "+44 20 7946 0958"),
    ("ADDRESS", "I live at 4 Old Mill Road, Apt 7, Rome, NY 13440.", "4 Old Mill Road, Apt 7, Rome, NY 13440"),
    ("ADDRESS", "send it to SW1A 1AA", "SW1A 1AA"),
    ("ADDRESS", "我住在北京市朝阳区建国路88号3栋502室，请送货", "北京市朝阳区建国路88号3栋502室"),
    ("ADDRESS", "寄到上海市浦东新区世纪大道100号", "上海市浦东新区世纪大道100号"),
    ("ADDRESS", "地址是广东省深圳市南山区科技园路1号", "广东省深圳市南山区科技园路1号"),
]  # fmt: skip
CLEAN = [
    "The charger takes 230 volts and costs 1,299.00 euros.",
    "It came on 2024-11-20 at 10:30, order 1234567890.",
    "Version 2.14.3 of the 4-port model needs 12 V.",
    "Is there a way to drive 300 miles on one charge?",
    "保修期是两年，价格是1299元，2024年11月20日购买。",
    "走哪条路去最近的门店？第3号产品有现货吗？",
]


def spans(kind: str, text: str) -> Iterator[CharSpan]:
    return RECOGNISERS[kind](text)


@pytest.mark.parametrize(("kind", "text", "expected"), FOUND, ids=[f"{k}: {e}" for k, _, e in FOUND])
def test_what_is_found(kind, text, expected):
    assert expected in [text[start:end] for start, end in spans(kind, text)]


@pytest.mark.parametrize("text", CLEAN)
def test_what_is_no_personal_data_is_not_found(text):
    assert {kind: list(spans(kind, text)) for kind in RECOGNISERS} == {kind: [] for kind in RECOGNISERS}


@pytest.mark.parametrize(
    ("kind", "text"),
    [("CARD", "4111 1111 1111 1112"), ("IBAN", "DE88 3704 0044 0532 0130 00"), ("ID", "110105194912310021")],
)
def test_a_wrong_checksum_is_no_number(kind, text):
    assert list(spans(kind, text)) == []


@given(st.text(max_size=40), st.sampled_from([CARD, IBAN, RESIDENT]), st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_spans_lie_within_any_text(before, number, after):
    text = f"{before} {number} {after}"
    for kind in RECOGNISERS:
        for start, end in spans(kind, text):
            assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(
    "piece", ["1 ", "1-", "a@", "a.", "A1", "路1", "区", "Mr A ", "12 A ", string.digits, "+"]
)
def test_a_hostile_text_costs_no_more_than_its_length(piece):
    text = (piece * 8_000)[:8_000]
    for kind in RECOGNISERS:
        list(spans(kind, text))
    list(find_names(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, my name is Ada Lovelace and I need help", "Ada Lovelace"),
        ("my name is ada", "ada"),
        ("Please call me Bob.", "Bob"),
        ("Mr. Smith ordered it", "Smith"),
        ("Best regards,\nAda Lovelace", "Ada Lovelace"),
        ("您好，我叫王小明，想问一下", "王小明"),
        ("我叫李雷。", "李雷"),
        ("张伟先生的订单", "张伟"),
        ("免贵姓陈", "陈"),
    ],
)
def test_names_are_found_where_people_are_introduced(text, expected):
    assert expected in find_names(text)


@pytest.mark.parametrize(
    "text",
    ["My name is not on the list", "我叫了外卖", "Call me back tomorrow", "The Smith machine", "先生您好"],
)
def test_what_is_no_name(text):
    assert list(find_names(text)) == []


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
        feedback=(),
    )


def rating(correction: str) -> FeedbackEntry:
    return FeedbackEntry("c", 4, "web:ada", False, correction)


def words(cleaned: Exchange) -> str:
    turns = (*cleaned.history, cleaned.question, cleaned.answer)
    corrections = (entry.correction or "" for entry in cleaned.feedback)
    return "\n".join([*(t.text for t in turns), cleaned.answer.query or "", *corrections])


def test_everything_that_was_said_is_cleaned():
    secret = "ada@example.com"
    said = exchange(
        f"Is {secret} right?", f"We have {secret} [1].", f"I am {secret}.", f"Is {secret} my address?"
    )
    redactor = Redactor()

    cleaned = redactor.exchange(said, [rating(f"No, {secret}.")])

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


def test_feedback_that_does_not_count_is_gone():
    said = replace(exchange("Why?"), feedback=(rating("ada@example.com"),))
    assert Redactor().exchange(said, []).feedback == ()


@given(st.sampled_from(SECRETS), st.text("abc ,.!?订单", max_size=20), st.text("abc ,.!?订单", max_size=20))
@settings(max_examples=60, deadline=None)
def test_a_secret_does_not_survive_in_any_place(secret, before, after):
    text = f"{before} {secret} {after}"
    cleaned = Redactor().exchange(exchange(text, f"{text} [1].", text, text), [rating(text)])
    assert secret not in words(cleaned)


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_cleaning_twice_is_cleaning_once(text):
    once = Redactor().exchange(exchange(text), [])
    assert words(Redactor().exchange(once, [])) == words(once)
