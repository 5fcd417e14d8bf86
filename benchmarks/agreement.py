"""Agreement of OpenVINO with transformers in float32 on the same weights, with several settings, and the speed.

    python -m benchmarks.agreement [--generator NAME|FILE] [--prompts 24]

Half of the prompts ask for an answer, half for a rewrite. "prepared" weights are those that `dialogue/engines/gguf.py`
writes. Agreement is the share of identical replies, and the mean share of the reference text before the first
difference.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from statistics import fmean, median
from typing import Any, Self

import torch
from langchain_core.messages import BaseMessage
from rich.console import Console
from rich.table import Table

from benchmarks.prompts import answer_prompts, rewrite_prompts
from benchmarks.replies import Reply, reply
from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import load_settings
from dialogue.engines.chat import LocalChatModel
from dialogue.engines.gguf import prepare
from dialogue.engines.openvino import PROPERTIES, load_openvino
from dialogue.engines.transformers import load_transformers

Setting = Mapping[str, Any]
Prompts = Sequence[Sequence[BaseMessage]]

CACHE_16: Setting = {"KV_CACHE_PRECISION": "f16"}
INPUTS_16: Setting = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}
SETTINGS: Mapping[str, Setting] = {
    "OpenVINO's defaults": {},
    "f16 KV cache": CACHE_16,
    "f16 KV cache, no 8-bit inputs": {**CACHE_16, **INPUTS_16},
    "ours": PROPERTIES,
    "ours, no 8-bit inputs": {**PROPERTIES, **INPUTS_16},
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """same: share of identical replies. before: mean share of the reference text before the first difference. first:
    median seconds to the first text. tokens_per_second: median rate after it.
    """

    same: float
    before: float
    first: float
    tokens_per_second: float

    @classmethod
    def of(cls, found: Sequence[Reply], reference: Sequence[Reply]) -> Self:
        pairs = list(zip(found, reference, strict=True))
        return cls(
            same=fmean(one.text == other.text for one, other in pairs),
            before=fmean(_common_prefix(one.text, other.text) for one, other in pairs),
            first=median(one.first for one in found),
            tokens_per_second=median(
                one.tokens / max(one.whole - one.first, 1e-3) for one in found if one.tokens > 1
            ),
        )


def _common_prefix(found: str, reference: str) -> float:
    same = takewhile(lambda pair: pair[0] == pair[1], zip(found, reference, strict=False))
    return 1.0 if found == reference else sum(1 for _ in same) / max(len(reference), 1)


def replies_of(chat: LocalChatModel, prompts: Prompts, tokens: int) -> list[Reply]:
    """One reply after the other; the engine is closed afterwards."""

    async def each() -> list[Reply]:
        return [await reply(chat, prompt, tokens) for prompt in prompts]

    try:
        return asyncio.run(each())
    finally:
        chat.close()


def measure(path: Path, prompts: Prompts, tokens: int) -> Iterator[tuple[str, str, Agreement]]:
    """Weights, setting and agreement; the reference comes first."""
    reference = replies_of(load_transformers(path, dtype=torch.float32), prompts, tokens)
    yield "as they are", "transformers, float32", Agreement.of(reference, reference)
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.gguf"
        prepare(path, prepared)
        for weights, file, settings in (
            ("as they are", path, {"OpenVINO's defaults": {}, "ours": PROPERTIES}),
            ("prepared", prepared, SETTINGS),
        ):
            for name, properties in settings.items():
                found = replies_of(load_openvino(file, properties=properties), prompts, tokens)
                yield weights, name, Agreement.of(found, reference)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generator", help="a name of `groundtalk models list`, or a GGUF file")
    parser.add_argument("--prompts", type=int, default=24)
    parser.add_argument("--tokens", type=int, default=48, help="the longest reply")
    given = parser.parse_args()
    settings = load_settings()
    path = Weights(settings.weights_dir, Hub(settings.hf_endpoint)).locate(
        given.generator or settings.generator
    )
    half = given.prompts // 2
    prompts = [*answer_prompts(given.prompts - half), *rewrite_prompts(half)]
    table = Table(title=f"{path.stem}: {given.prompts} prompts, at most {given.tokens} tokens each")
    for heading in (
        "weights",
        "engine",
        "same text",
        "before the first difference",
        "first text, s",
        "tokens/s",
    ):
        table.add_column(heading)
    for weights, name, found in measure(path, prompts, given.tokens):
        cells = (
            f"{found.same:.0%}",
            f"{found.before:.0%}",
            f"{found.first:.2f}",
            f"{found.tokens_per_second:.0f}",
        )
        table.add_row(weights, name, *cells)
        sys.stderr.write(f"{weights}, {name}: {' '.join(cells)}\n")
    Console().print(table)


if __name__ == "__main__":
    main()
