import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.sentences import sentences

texts = st.text(st.sampled_from("ab Z1.!?。！？…”)\n\t，é中文"), max_size=80) | st.text(max_size=80)


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It works. Try it!  Does it?", ["It works.", "Try it!", "Does it?"]),
        (
            "Dr. Smith paid 3.50 euros to J. Doe. He left.",
            ["Dr. Smith paid 3.50 euros to J. Doe.", "He left."],
        ),
        ("See e.g. Fig. 3 and No. 7. Then stop.", ["See e.g. Fig. 3 and No. 7.", "Then stop."]),
        ("No. That is wrong.", ["No.", "That is wrong."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("退款需要五天。运费呢？由您承担！", ["退款需要五天。", "运费呢？", "由您承担！"]),
        ("他说：“好的。”然后走了。", ["他说：“好的。”", "然后走了。"]),
        ("one line\nanother line", ["one line", "another line"]),
        ("visit shop.example.com now", ["visit shop.example.com now"]),
        ("", []),
    ],
)
def test_ends_where_a_reader_would_pause(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@given(texts)
def test_loses_nothing_but_white_space_and_keeps_the_order(text: str) -> None:
    assert "".join("".join(split(text)).split()) == "".join(text.split())


@given(texts)
def test_spans_rise_and_are_trimmed(text: str) -> None:
    position = 0
    for start, end in sentences(text):
        assert position <= start < end
        assert text[start:end] == text[start:end].strip()
        position = end
