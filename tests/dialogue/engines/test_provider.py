"""Any langchain chat model can be the engine; what is wrong with its name or options is said with the remedy."""

import sys

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from dialogue.engines.provider import load_provider
from dialogue.errors import EngineError

FAKE = "langchain_core.language_models.fake_chat_models:FakeListChatModel"


def test_a_class_is_found_by_its_name_and_given_its_options():
    engine = load_provider(FAKE, "any", {"responses": ["Within 30 days [1]."]})
    assert isinstance(engine, FakeListChatModel)
    assert engine.invoke("May I return it?").content == "Within 30 days [1]."


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("langchain_nowhere:ChatNowhere", "pip install langchain-nowhere"),
        ("langchain_core:Nothing", "package:Class"),
        ("langchain_core.messages:AIMessage", "package:Class"),
        (FAKE, "Correct them"),
    ],
)
def test_what_cannot_be_had_is_said_with_the_remedy(name, remedy):
    with pytest.raises(EngineError, match=remedy):
        load_provider(name, "any", {})


def test_an_extra_of_ours_is_named_where_its_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "langchain_openai", None)
    with pytest.raises(EngineError, match=r"pip install 'groundtalk\[openai\]'"):
        load_provider("langchain_openai:ChatOpenAI", "any", {})
