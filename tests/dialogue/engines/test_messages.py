"""Only text goes to a local model."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from dialogue.engines.base import template_messages
from dialogue.errors import EngineError


def test_each_message_keeps_its_role_and_its_words():
    messages = [SystemMessage("Be kind."), HumanMessage("你好"), AIMessage("Hello!")]
    assert template_messages(messages) == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "你好"},
        {"role": "assistant", "content": "Hello!"},
    ]


@pytest.mark.parametrize(
    "message",
    [
        HumanMessage([{"type": "image", "url": "https://example.com/a.png"}]),
        ToolMessage("42", tool_call_id="1"),
    ],
)
def test_anything_else_is_refused(message):
    with pytest.raises(EngineError, match="text messages only"):
        template_messages([message])
