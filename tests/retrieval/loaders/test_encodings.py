"""Short texts, in the encodings that people's files come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import UnreadableDocument
from retrieval.loaders.encodings import likeliest_encoding
from retrieval.loaders.text import decoded

SHORT = [
    ("gb18030", "租船押金九百元。"),
    ("gb18030", "Zotero 的价格是 20 元"),
    ("big5", "運費由買方負擔。"),
    ("cp932", "返金には五日かかります。"),
    ("euc_jp", "返金には五日かかります。"),
    ("euc_kr", "환불은 오일 안에 처리됩니다."),
    ("cp1252", "Bär-Kocher kostet 49 €."),
    ("cp1252", "Le dîner coûte 12 € – réservé à l’hôtel"),
    ("cp1252", "¿Cuánto cuesta el envío a España?"),
    ("latin_1", "Größe: 3 m²"),
    ("cp1250", "Příští týden budeme mít zavřeno, děkujeme."),
    ("cp1251", "Доставка занимает пять дней."),
    ("koi8_r", "Доставка занимает пять дней."),
    ("cp1253", "Η επιστροφή διαρκεί πέντε ημέρες."),
    ("utf-16-le", "Refunds take five days."),
    ("iso2022_jp", "返金には五日かかります。"),
]


@pytest.mark.parametrize(("encoding", "said"), SHORT)
def test_a_short_text_is_read_in_its_encoding(encoding: str, said: str) -> None:
    assert decoded(said.encode(encoding), "a.txt") == said


def test_a_few_damaged_bytes_leave_the_rest_as_it_is() -> None:
    said = "Ünïcode: naïve café, 20 €. "
    assert decoded(said.encode() + b"\x96 end", "a.txt") == f"{said}\ufffd end"


def test_what_stands_in_the_first_lines_does_not_matter() -> None:
    assert decoded(b"only ascii\n" * 20_000 + "größer".encode("cp1252"), "a.txt").endswith("größer")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UnreadableDocument, match="UTF-8"):
        decoded(bytes(range(256)) * 20, "photo.txt")


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(content: bytes) -> None:
    encoding = likeliest_encoding(content)
    assert encoding is None or isinstance(content.decode(encoding, "replace"), str)


@given(st.text())
def test_utf_8_is_always_utf_8(said: str) -> None:
    if "\0" not in said and "\x1b" not in said:
        assert decoded(said.encode("utf-8", "ignore"), "a.txt") == said.encode(
            "utf-8", "ignore"
        ).decode().removeprefix("\ufeff")
