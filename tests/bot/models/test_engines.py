"""The models that settings name: a server with OpenAI's interface, and the remedies where something is missing."""

import asyncio
import json
from collections.abc import AsyncIterator

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from safetensors.numpy import save_file

from bot.errors import SettingsError, UnknownWeights
from bot.metrics import EngineMonitor, Metrics
from bot.models.download import Hub
from bot.models.engines import (
    ModelSpec,
    close_engine,
    fetch_weights,
    load_engine,
    locate_model,
    locate_runnable,
)
from bot.models.provided import ProvidedModels
from bot.models.weights import Weights
from bot.settings import Settings
from finetune.errors import UnusableAdapter
from tests.bot.channels.waiting import eventually
from tests.dialogue.engines.alphabet_model import WIDTH, write_alphabet


def settings(**given) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.fixture
def weights(tmp_path) -> Weights:
    return Weights(tmp_path / "weights", Hub("http://127.0.0.1:9"))


def chunk(**delta) -> dict[str, object]:
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, **delta}],
    }


async def stream() -> AsyncIterator[str]:
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    for piece in ("Within 30", " days [1]."):
        yield f"data: {json.dumps(chunk(delta={'role': 'assistant', 'content': piece}, finish_reason=None))}\n\n"
    yield f"data: {json.dumps(chunk(delta={}, finish_reason='stop'))}\n\n"
    yield f"data: {json.dumps(chunk(delta={}) | {'choices': [], 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, list[dict[str, object]]]]:
    """A server with OpenAI's interface: its address, and what it was asked."""
    app, asked = FastAPI(), []

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> StreamingResponse:
        asked.append(await request.json() | {"key": request.headers["authorization"]})
        return StreamingResponse(stream(), media_type="text/event-stream")

    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    serving = asyncio.create_task(running.serve())

    async def started() -> bool:
        return running.started

    await eventually(started)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/v1", asked
    running.should_exit = True
    await serving


async def test_a_server_with_openais_interface_streams_and_counts(weights, server):
    address, asked = server
    metrics = Metrics()
    given = settings(engine="openai", generator="m", openai_base_url=address, openai_api_key="k")
    engine = load_engine(given, weights)
    engine.callbacks = [EngineMonitor(metrics)]
    pieces = [str(piece.text) async for piece in engine.astream("May I return it?", max_tokens=50)]
    await engine.root_async_client.close()
    assert "".join(pieces) == "Within 30 days [1]."
    (request,) = asked
    assert (request["model"], request["stream"], request["key"]) == ("m", True, "Bearer k")
    assert 50 in (request.get("max_tokens"), request.get("max_completion_tokens"))
    assert metrics.registry.get_sample_value("groundtalk_tokens_total", {"direction": "read"}) == 7
    assert metrics.registry.get_sample_value("groundtalk_tokens_total", {"direction": "written"}) == 2


async def test_any_chat_model_of_langchains_may_be_named(weights, monkeypatch):
    monkeypatch.setenv("ENGINE", "langchain_core.language_models.fake_chat_models:FakeListChatModel")
    monkeypatch.setenv("ENGINE_OPTIONS", '{"responses": ["Within 30 days [1]."]}')
    given = settings(generator="m")
    assert "30 days" not in repr(given), "options may hold keys"
    engine = load_engine(given, weights)
    assert (await engine.ainvoke("May I return it?")).text == "Within 30 days [1]."
    close_engine(engine)


def test_a_server_needs_an_address(weights):
    with pytest.raises(SettingsError, match="OPENAI_BASE_URL"):
        load_engine(settings(engine="openai", generator="m"), weights)


def test_an_encoder_does_not_write(weights):
    with pytest.raises(SettingsError, match="is an encoder"):
        load_engine(settings(generator="universal-sentence-encoder-multilingual"), weights)


@pytest.fixture
def learnt(tmp_path) -> ModelSpec:
    """A tiny model whose adapter makes it say other things."""
    write_alphabet(tmp_path / "alphabet.gguf")
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    random = np.random.default_rng(7)
    tensors = {
        f"base_model.model.model.layers.0.self_attn.{name}.lora_{piece}.weight": random.normal(0, 1, shape)
        for name in ("v_proj", "o_proj")
        for piece, shape in (("A", (4, WIDTH)), ("B", (WIDTH, 4)))
    }
    save_file(
        {name: tensor.astype(np.float32) for name, tensor in tensors.items()},
        adapter / "adapter_model.safetensors",
    )
    (adapter / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 4, "lora_alpha": 8}')
    return ModelSpec(str(tmp_path / "alphabet.gguf"), adapter)


def said(weights: Weights, model: ModelSpec) -> str:
    engine = load_engine(settings(engine="transformers"), weights, model)
    try:
        return engine.invoke("w", max_tokens=8).text
    finally:
        close_engine(engine)


@pytest.mark.slow
def test_an_adapter_is_merged_into_its_weights_once(weights, learnt):
    assert said(weights, ModelSpec(learnt.weights)) == "xyz"
    assert said(weights, learnt) not in ("", "xyz")
    merged = locate_model(weights, learnt)
    made = merged.stat().st_mtime_ns
    assert locate_model(weights, learnt).stat().st_mtime_ns == made


@pytest.mark.slow
def test_for_openvino_a_folder_is_made_once(weights, learnt):
    folder = locate_runnable(settings(), weights, ModelSpec(learnt.weights))
    assert locate_runnable(settings(), weights, ModelSpec(learnt.weights)) == folder
    assert (folder / "openvino_model.bin").is_file()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name], "nothing else is kept"


def test_an_adapter_needs_weights_in_one_file(weights, learnt, tmp_path):
    with pytest.raises(UnusableAdapter, match="is no GGUF file"):
        locate_model(weights, ModelSpec(str(tmp_path), learnt.adapter))


def test_everything_the_settings_name_is_fetched_before_loading(weights, tmp_path):
    (tmp_path / "own.gguf").touch()
    fetch_weights(
        settings(encoder="universal-sentence-encoder-multilingual", generator=str(tmp_path / "own.gguf")),
        weights,
        ProvidedModels(),
    )
    with pytest.raises(UnknownWeights):
        fetch_weights(
            settings(encoder="universal-sentence-encoder-multilingual", generator="parrot"),
            weights,
            ProvidedModels(),
        )
