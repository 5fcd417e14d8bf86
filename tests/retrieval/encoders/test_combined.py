import numpy as np
import pytest

from retrieval.encoders.combined import CombinedEncoder, Mixture, mostly_latin
from tests.retrieval.fakes import HashingEncoder


@pytest.fixture
def english() -> HashingEncoder:
    return HashingEncoder("english")


@pytest.fixture
def multilingual() -> HashingEncoder:
    return HashingEncoder("multilingual")


@pytest.fixture
def combined(english: HashingEncoder, multilingual: HashingEncoder) -> CombinedEncoder:
    return CombinedEncoder(english, multilingual)


def test_a_text_has_a_vector_of_unit_length(combined: CombinedEncoder) -> None:
    vectors = combined.encode(["a heat pump", "热泵"])
    assert vectors.shape == (2, combined.dimension) == (2, 128)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1])


def test_a_latin_question_is_compared_by_both(
    combined: CombinedEncoder, english: HashingEncoder, multilingual: HashingEncoder
) -> None:
    question, text = "is the heat pump quiet", "the pump is loud"
    parts = [encoder.encode([question])[0] @ encoder.encode([text])[0] for encoder in (english, multilingual)]
    score = combined.encode_questions([question])[0] @ combined.encode([text])[0]
    assert score == pytest.approx(0.8 * parts[0] + 0.2 * parts[1], abs=1e-6)


def test_any_other_question_is_compared_by_the_multilingual_one_alone(
    combined: CombinedEncoder, multilingual: HashingEncoder
) -> None:
    question, text = "热泵安静吗", "热泵在夜间很安静"
    score = combined.encode_questions([question])[0] @ combined.encode([text])[0]
    assert score == pytest.approx(
        multilingual.encode([question])[0] @ multilingual.encode([text])[0], abs=1e-6
    )


@pytest.mark.parametrize(("question", "share"), [("is the heat pump quiet", 0.25), ("热泵安静吗", 1.0)])
def test_the_level_of_unrelated_texts_becomes_zero(
    english: HashingEncoder, multilingual: HashingEncoder, question: str, share: float
) -> None:
    combined, text = (
        CombinedEncoder(english, multilingual, Mixture(0.25, floor=0.75)),
        "the pump 热泵 is loud",
    )
    parts = [encoder.encode([question])[0] @ encoder.encode([text])[0] for encoder in (english, multilingual)]
    score = combined.encode_questions([question])[0] @ combined.encode([text])[0]
    assert score == pytest.approx((1 - share) * parts[0] + share * (parts[1] - 0.75) / 0.25, abs=1e-5)


def test_the_fingerprint_covers_both(english: HashingEncoder) -> None:
    pairs = [CombinedEncoder(english, HashingEncoder(name)) for name in ("a", "b")]
    assert len({english.fingerprint, *(pair.fingerprint for pair in pairs)}) == 3


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("Is it quiet?", True),
        ("Größe", True),
        ("热泵安静吗", False),
        ("HB-2000 的保修期多长", False),
        ("4711", True),
    ],
)
def test_the_script_of_a_question_is_told_by_its_letters(text: str, latin: bool) -> None:
    assert mostly_latin(text) is latin
