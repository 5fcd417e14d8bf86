"""Personal data is found by its checksum or its form, in English and Chinese, and numbers that are none stay."""

import string
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.datasets.names import names
from finetune.datasets.recognisers import RECOGNISERS, Span

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


def spans(kind: str, text: str) -> Iterator[Span]:
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
    list(names(text))


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
    assert expected in names(text)


@pytest.mark.parametrize(
    "text",
    ["My name is not on the list", "我叫了外卖", "Call me back tomorrow", "The Smith machine", "先生您好"],
)
def test_what_is_no_name(text):
    assert list(names(text)) == []
