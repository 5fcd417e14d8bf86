import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.websocket import protocol
from bot.channels.websocket.protocol import BadFrame, CancelFrame, FeedbackFrame, HelloFrame, MessageFrame
from dialogue.conversation import Citation, Passage, Role, Turn
from dialogue.events import Queued, Retrieved, Writing
from dialogue.quotes import best_quote

NOW = datetime(2026, 11, 20, tzinfo=UTC)
CITATION = Citation(1, "c1", "Returns", "returns.md", "Within 30 days.")


def test_each_frame_of_a_client_is_read() -> None:
    assert protocol.parse('{"type":"hello","conversation":null}') == HelloFrame(type="hello")
    assert protocol.parse('{"type":"hello","conversation":"c","after":7}') == HelloFrame(
        type="hello", conversation="c", after=7
    )
    assert protocol.parse('{"type":"message","id":"1","text":"你好"}') == MessageFrame(
        type="message", id="1", text="你好"
    )
    assert protocol.parse('{"type":"feedback","turn":2,"rating":"up"}') == FeedbackFrame(
        type="feedback", turn=2, rating="up"
    )
    assert protocol.parse('{"type":"cancel"}') == CancelFrame(type="cancel")


def test_a_field_of_a_later_protocol_is_ignored() -> None:
    assert protocol.parse('{"type":"cancel","why":"bored"}') == CancelFrame(type="cancel")


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ("", "Invalid JSON"),
        ("{", "Invalid JSON"),
        ("[" * 100_000, "Invalid JSON"),
        ('{"type":"message","id":"1","text":"\\ud800"}', "Invalid JSON"),
        ("[]", "Input should be"),
        ("{}", "'type'"),
        ('{"type":"shout"}', "'shout'"),
        ('{"type":"message","id":"1"}', "message.text: Field required"),
        ('{"type":"message","id":1,"text":"hi"}', "message.id: Input should be a valid string"),
        ('{"type":"message","id":"","text":"hi"}', "message.id: String should have at least 1 character"),
        ('{"type":"message","id":"1","text":"  \\n"}', "message.text: Value error, must not be empty"),
        ('{"type":"message","id":"1","text":"a\\u0000b"}', "must not contain the null character"),
        ('{"type":"hello","after":-1}', "hello.after"),
        ('{"type":"hello","after":1e99}', "hello.after"),
        ('{"type":"hello","after":123456789012345678901234567890}', "hello.after"),
        ('{"type":"hello","after":true}', "hello.after"),
        ('{"type":"hello","conversation":["x"]}', "hello.conversation"),
        ('{"type":"feedback","turn":0,"rating":"up"}', "feedback.turn"),
        ('{"type":"feedback","turn":2,"rating":"sideways"}', "feedback.rating"),
    ],
)
def test_a_bad_frame_is_refused_with_what_to_correct(raw: str, complaint: str) -> None:
    with pytest.raises(BadFrame, match=complaint) as refused:
        protocol.parse(raw)
    assert refused.value.code == "bad_frame"
    assert len(str(refused.value)) < 300


FIELDS = ("conversation", "after", "id", "text", "turn", "rating", "comment", "correction")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
almost_frames = st.fixed_dictionaries(
    {"type": st.sampled_from(["hello", "message", "feedback", "cancel"]) | json_values},
    optional=dict.fromkeys(FIELDS, json_values),
)


@given(st.text() | almost_frames.map(json.dumps) | json_values.map(json.dumps))
def test_any_text_is_a_frame_or_a_bad_frame(raw: str) -> None:
    try:
        frame = protocol.parse(raw)
    except BadFrame:
        return
    assert isinstance(frame, HelloFrame | MessageFrame | FeedbackFrame | CancelFrame)


def test_a_stored_question_is_shown_as_said_and_a_stored_answer_as_answer() -> None:
    question = Turn("c", 1, Role.USER, "Until when?", NOW)
    answer = Turn("c", 2, Role.ASSISTANT, "30 days [1].", NOW, reply_to=1, citations=(CITATION,))
    assert protocol.stored(question) == {"type": "said", "turn": 1, "text": "Until when?"}
    assert protocol.stored(answer) == {
        "type": "answer",
        "turn": 2,
        "reply_to": 1,
        "text": "30 days [1].",
        "citations": [
            {"n": 1, "chunk": "c1", "title": "Returns", "source": "returns.md", "quote": "Within 30 days."}
        ],
        "abstained": False,
        "options": [],
    }


def test_what_is_asked_back_has_its_options() -> None:
    text = "Which one do you mean?\n- the Cedar\n- the Birch"
    assert protocol.answer_fields(1, text, (), False)["options"] == ["the Cedar", "the Birch"]


def test_a_question_has_no_fields_of_an_answer() -> None:
    assert protocol.turn_json(Turn("c", 1, Role.USER, "Hi", NOW)) == {"turn": 1, "role": "user", "text": "Hi"}


def test_an_error_names_the_message_that_was_refused() -> None:
    about: dict[str, Any] = {"type": "error", "code": "too_long", "message": "Shorter, please.", "turn": None}
    assert protocol.error("too_long", "Shorter, please.") == about
    assert protocol.error("too_long", "Shorter, please.", message_id="m1") == {**about, "id": "m1"}


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=400)
passages = st.builds(
    Passage, st.integers(1, 20), texts, texts, texts, texts, st.floats(-1, 1, allow_nan=False, width=32)
)


@given(st.integers(1, 1_000), st.lists(passages, max_size=4), texts)
def test_every_passage_is_shown_with_a_quote_inside_its_snippet(
    turn: int, found: list[Passage], question: str
) -> None:
    quotes = tuple(best_quote(question, passage.text) for passage in found)
    frame = json.loads(json.dumps(protocol.passages(Retrieved(turn, tuple(found), quotes))))
    assert (frame["type"], frame["turn"], len(frame["passages"])) == ("passages", turn, len(found))
    for shown, passage in zip(frame["passages"], found, strict=True):
        assert shown.keys() == {"n", "chunk", "title", "source", "score", "snippet", "quote"}
        assert len(shown["snippet"]) <= protocol.SNIPPET_CHARACTERS
        assert shown["quote"][: protocol.SNIPPET_CHARACTERS] in shown["snippet"]
        assert shown["snippet"] in passage.text


seconds = st.none() | st.floats(0, 1e6)


@given(st.integers(1, 1_000), seconds, seconds, st.integers(0, 1_000))
def test_estimates_are_numbers_or_null(
    turn: int, first: float | None, complete: float | None, ahead: int
) -> None:
    frame = json.loads(json.dumps(protocol.writing(Writing(turn, first, complete))))
    assert frame.keys() == {"type", "turn", "first_word", "complete"}
    queued = json.loads(json.dumps(protocol.queued(Queued(turn, ahead, first))))
    assert (queued["turn"], queued["ahead"]) == (turn, ahead)
    for said, meant in (
        (frame["first_word"], first),
        (frame["complete"], complete),
        (queued["seconds"], first),
    ):
        assert (said is None) == (meant is None)
        assert said is None or abs(said - meant) <= 0.051
