"""The chat model behind the examples of the documentation: `ENGINE=tests.documented_model:DocumentedModel`."""

from langchain_core.language_models import FakeListChatModel
from pydantic import Field

ANSWER = "The warranty lasts two years [1]."


class DocumentedModel(FakeListChatModel):
    """Always gives the same answer; takes the arguments that any engine is given."""

    model: str
    temperature: float
    responses: list[str] = Field(default_factory=lambda: [ANSWER])
