"""The context of a step: it streams, publishes and times what a step does, and holds a copy of the state."""

from datetime import UTC, datetime

from dialogue.conversation import Address, Conversation, Mode, Passage, Role, Turn
from dialogue.events import Event, Retrieved, Rewritten, Token, Writing
from dialogue.speed import Estimate
from dialogue.steps import TurnContext
from tests.dialogue.bot_process import VOICE

NOW = datetime.now(UTC)
CONVERSATION = Conversation("c-1", Address("chat", "ada"), "en", Mode.BOT, False, {"seen": [1]}, NOW)
PASSAGE = Passage(1, "c1", "Charger", "charger.md", "It is grey. The charger takes 230 volts. Voltage", 0.8)
QUESTION = Turn("c-1", 3, Role.USER, "Which voltage?", NOW)


def context(events: list[Event] | None = None) -> TurnContext:
    publish = (events if events is not None else []).append
    return TurnContext(CONVERSATION, QUESTION, "en", VOICE.wording("en"), publish)


def test_what_is_streamed_is_published_in_order() -> None:
    events: list[Event] = []
    turn = context(events)
    turn.rewritten("Which voltage does it take?")
    turn.retrieved([PASSAGE])
    turn.writing(Estimate(first_word=2.0, complete=7.0))
    turn.stream("It takes ")
    turn.stream("230 volts.")

    assert events == [
        Rewritten(3, "Which voltage does it take?"),
        Retrieved(3, (PASSAGE,), ("The charger takes 230 volts.",)),
        Writing(3, 2.0, 7.0),
        Token(3, "It takes "),
        Token(3, "230 volts."),
    ]
    assert turn.streamed == "It takes 230 volts."


def test_stages_are_timed_and_the_first_piece_of_text_is() -> None:
    turn = context()
    with turn.timed("lookup"):
        turn.stream("It")
    assert turn.timings.keys() == {"first_token", "lookup"}


def test_an_answer_carries_what_was_found_on_the_way() -> None:
    turn = context()
    assert turn.answer("230 volts.").query == "Which voltage?"
    turn.rewritten("Which voltage does it take?")
    answer = turn.answer("230 volts.", hand_over=True)
    assert (answer.query, answer.language, answer.hand_over) == ("Which voltage does it take?", "en", True)


def test_the_state_may_be_changed_without_touching_the_stored_one() -> None:
    turn = context()
    turn.state["seen"].append(2)
    assert CONVERSATION.state == {"seen": [1]}
