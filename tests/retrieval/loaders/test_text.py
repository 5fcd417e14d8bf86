import pytest

from retrieval.errors import UnreadableDocument
from retrieval.loaders.text import decoded, load_text

CHINESE = "退款将在五个工作日内到账，请您耐心等待。如有疑问，请联系客服。" * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "big5"])
def test_chinese_is_read_in_the_encodings_it_comes_in(encoding: str) -> None:
    said = (
        CHINESE
        if encoding != "big5"
        else "退款將在五個工作日內到帳，請您耐心等待。如有疑問，請聯絡客服。" * 3
    )
    assert decoded(said.encode(encoding), "a.txt").removeprefix("\ufeff") == said


def test_western_text_of_old_is_read() -> None:
    said = "Die Rückerstattung dauert fünf Tage; größere Beträge überweisen wir."
    assert decoded(said.encode("cp1252"), "a.txt") == said


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="UTF-8"):
        decoded(bytes(range(256)) * 20, "photo.txt")


def test_lines_are_kept_and_named_by_the_file() -> None:
    (document,) = load_text(b"First line.\r\n\r\n  Second   line.\n", "notes/read_me.txt")
    assert (document.title, document.text) == ("read me", "First line.\nSecond line.")
