import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.sentences import sentences

texts = st.text(st.sampled_from("ab Z1.!?。！？…؟۔”」と)\n\t，éЯ中文"), max_size=80) | st.text(max_size=80)


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
        (
            "Der Shop ist am 22. Mai zu. Danach ist er offen.",
            ["Der Shop ist am 22. Mai zu.", "Danach ist er offen."],
        ),
        ("Im 19. Jahrhundert war das so. Heute nicht.", ["Im 19. Jahrhundert war das so.", "Heute nicht."]),
        (
            "Bei der 2. Mahnung kommt eine Gebühr von 5 Euro dazu.",
            ["Bei der 2. Mahnung kommt eine Gebühr von 5 Euro dazu."],
        ),
        (
            "Teile, z. B. Akkus, kosten ca. 40 Euro inkl. Versand bzw. Abholung. Siehe Abs. 3 und Nr. 7.",
            [
                "Teile, z. B. Akkus, kosten ca. 40 Euro inkl. Versand bzw. Abholung.",
                "Siehe Abs. 3 und Nr. 7.",
            ],
        ),
        ("Es kostet 5 Mio. Euro. Wirklich.", ["Es kostet 5 Mio. Euro.", "Wirklich."]),
        ("It costs 22. Then it is sent.", ["It costs 22.", "Then it is sent."]),
        ("I am 22. He is not.", ["I am 22.", "He is not."]),
        ("1. Open the lid. Wait.\n2. Press reset.", ["1. Open the lid.", "Wait.", "2. Press reset."]),
        ("a. The first way. It is cheap.", ["a. The first way.", "It is cheap."]),
        (
            "The price (incl. 20 % VAT), i.e. 40 euros, is fixed. Max. 5 a person.",
            ["The price (incl. 20 % VAT), i.e. 40 euros, is fixed.", "Max. 5 a person."],
        ),
        ("Llame al Sr. Gómez, pág. 4. Gracias.", ["Llame al Sr. Gómez, pág. 4.", "Gracias."]),
        (
            "It opens at 9 a.m. on Mondays etc. Then it closes.",
            ["It opens at 9 a.m. on Mondays etc.", "Then it closes."],
        ),
        ("送料は五百円です。返品は十日以内に！", ["送料は五百円です。", "返品は十日以内に！"]),
        (
            "Stand: 1. 5. 2023 in Bonn. Ab 31.12.2024 neu.",
            ["Stand: 1. 5. 2023 in Bonn.", "Ab 31.12.2024 neu."],
        ),
        (
            "Mlle. Durand paie env. 5 euros, v. art. 7. Fin.",
            ["Mlle. Durand paie env. 5 euros, v. art. 7.", "Fin."],
        ),
        ("EE. UU. paga aprox. 5 euros al Sr. Gil. Fin.", ["EE. UU. paga aprox. 5 euros al Sr. Gil.", "Fin."]),
        (
            "Il sig. Rossi e il dott. Bianchi, pag. 3. Fine.",
            ["Il sig. Rossi e il dott. Bianchi, pag. 3.", "Fine."],
        ),
        ("Dhr. Jansen, bijv. Piet, zie blz. 3. Klaar.", ["Dhr. Jansen, bijv. Piet, zie blz. 3.", "Klaar."]),
        ("Ul. Długa 5, ok. 20 zł. Ł. Nowak płaci.", ["Ul. Długa 5, ok. 20 zł.", "Ł. Nowak płaci."]),
        (
            "А. С. Пушкин, ул. Ленина, д. 5, см. рис. 3. Далее.",
            ["А. С. Пушкин, ул. Ленина, д. 5, см. рис. 3.", "Далее."],
        ),
        ("ما هذا؟ إنه كتاب. شكرا!", ["ما هذا؟", "إنه كتاب.", "شكرا!"]),
        ("یہ کتاب ہے۔ وہ قلم ہے۔", ["یہ کتاب ہے۔", "وہ قلم ہے۔"]),
        ("버전 2.0을 설치하세요. 끝입니다.", ["버전 2.0을 설치하세요.", "끝입니다."]),
        ("「はい。」と言った。「行く！」って。", ["「はい。」と言った。", "「行く！」って。"]),
        (
            "See https://a.example/x.html?b=1.2 or v2.3.1. Fine.",
            ["See https://a.example/x.html?b=1.2 or v2.3.1.", "Fine."],
        ),
        ("", []),
    ],
)
def test_ends_where_a_reader_would_pause(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_the_number_of_a_list_is_part_of_its_item_also_after_a_marker() -> None:
    text = "[1] 1. Press the button.\n[2][1] 2. Close it."
    assert [text[start:end] for start, end in sentences(text)] == [
        "[1] 1. Press the button.",
        "[2][1] 2. Close it.",
    ]


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


@given(texts)
def test_the_text_of_a_sentence_that_ends_a_line_is_split_as_within_the_text(text: str) -> None:
    lines = [line for line in text.split("\n") if line.strip()]
    assert split("\n".join(lines)) == [sentence for line in lines for sentence in split(line)]
