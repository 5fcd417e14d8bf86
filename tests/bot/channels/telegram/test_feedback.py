"""A button and a question for a correction name the answer they are about, and nothing else passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.updates import RatedTurn

IDS = st.text("abcXYZ012-_", min_size=22, max_size=22)


@given(IDS, st.integers(1, 999_999_999))
def test_names_survive_the_way_through_telegram(conversation: str, turn: int) -> None:
    rated = RatedTurn(conversation, turn)

    assert RatedTurn.from_url(rated.url("groundtalk_bot")) == rated
    for button in rated.buttons().inline_keyboard[0]:
        data = str(button.callback_data)
        assert len(data.encode()) <= 64
        assert RatedTurn.parse(data.partition(":")[2]) == rated


@pytest.mark.parametrize("name", ["", ":", "x:c1", "-1:c1", "1:", "1" * 30 + ":c1", "²:c1"])
def test_forged_names_are_none(name: str) -> None:
    assert RatedTurn.parse(name) is None


@given(st.text())
def test_any_other_address_is_none(address: str) -> None:
    assert RatedTurn.from_url(f"https://t.me/{address.replace('correct=', '')}") is None
