"""Releases for tests: adapters of a few bytes, and engines whose answers tell which adapter they run."""

from pathlib import Path

from bot.assembly import Runtime
from bot.models.engines import ModelSpec
from dialogue.errors import EngineError
from finetune.release import LANGUAGE_TASKS, Release
from finetune.releases import Releases
from tests.bot.channels.bot_fixture import FakeChatModel

WEIGHTS = "qwen2.5-coder-0.5b-instruct"
ANSWERS = {"": "You may return it within 30 days [1].", "in its box": "You may return it, in its box [1]."}
"""The answer of an engine by the text of its adapter; without an adapter the first."""


async def released(bot: Runtime, folder: Path, learnt: str, *tasks: str) -> Release:
    """A release in the bot's database, whose adapter contains the text `learnt`."""
    artifact = folder / f"learnt {learnt}"
    artifact.mkdir(exist_ok=True)
    (artifact / "adapter_model.safetensors").write_text(learnt)
    return await Releases(bot.store.database).add(artifact, tasks=tasks or LANGUAGE_TASKS, base=WEIGHTS)


def fake_chat_model(model: ModelSpec) -> FakeChatModel:
    """The engine of a model. Raises EngineError if there is no answer for the text of its adapter."""
    learnt = (model.adapter / "adapter_model.safetensors").read_text() if model.adapter else ""
    if learnt not in ANSWERS:
        raise EngineError("The weights are broken. Train them again.")
    return FakeChatModel(text=ANSWERS[learnt])
