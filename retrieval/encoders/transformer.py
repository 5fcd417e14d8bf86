"""A sentence-transformers folder (MiniLM, mpnet and their kin) run by OpenVINO on the CPU, without torch.

The first use of a folder converts it, seconds, and keeps the graph in `openvino/` beside the weights.
OpenVINO runs it in bfloat16 where the processor has it and in float32 elsewhere; `docs/benchmarks.md` shows
that both rank alike, so they share a fingerprint.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from retrieval.encoders.base import Encoder, Vectors
from retrieval.encoders.inference import BatchedInference, Inputs
from retrieval.errors import EncoderError
from retrieval.files import sha256_of

_LONGEST = 512
_ASKED_OF_FOLDER = ("config.json", "tokenizer.json", "model.safetensors")


class TransformerEncoder(Encoder):
    """Longer texts are cut at the model's own length. Raises EncoderError where the folder holds no such
    model.

    threads: as many batches run side by side.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        missing = [name for name in _ASKED_OF_FOLDER if not (folder / name).is_file()]
        if missing:
            raise EncoderError(
                f"{folder} lacks {', '.join(missing)}: it is not a sentence-transformers folder. "
                "Choose another encoder or fetch its weights again.",
                remedies=("encoder", "weights"),
            )
        pooling, longest = _pooling(folder), _longest(folder)
        self.fingerprint = _fingerprint(folder, f"{pooling}, {longest} tokens")
        self._tokenizer = _tokenizer(folder, longest)
        self.graph = _graph(folder, self.fingerprint, pooling)
        self._inference = _inference(self.graph, longest, threads)
        self.dimension = self._inference.dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._inference.run([found.ids for found in self._tokenizer.encode_batch(list(texts))])


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return content


def _pooling(folder: Path) -> str:
    """`cls` or `mean`: a flag of its own up to version 5 of sentence-transformers, a name since."""
    settings = _read(folder / "1_Pooling" / "config.json")
    return (
        "cls" if settings.get("pooling_mode_cls_token") or settings.get("pooling_mode") == "cls" else "mean"
    )


def _longest(folder: Path) -> int:
    """In tokens; since version 6 of sentence-transformers the tokenizer says it, or a number beyond all measure."""
    if longest := _read(folder / "sentence_bert_config.json").get("max_seq_length"):
        return int(longest)
    told = _read(folder / "tokenizer_config.json").get("model_max_length", _LONGEST)
    return int(min(told, _read(folder / "config.json").get("max_position_embeddings", _LONGEST)))


def _tokenizer(folder: Path, longest: int) -> Tokenizer:
    tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return tokenizer


def _fingerprint(folder: Path, settings: str) -> str:
    digest = hashlib.sha256(settings.encode())
    for name in _ASKED_OF_FOLDER:
        digest.update(bytes.fromhex(sha256_of(folder / name)))
    return digest.hexdigest()[:32]


def _graph(folder: Path, fingerprint: str, pooling: str) -> Path:
    """The converted graph of exactly these weights, made on first use, by several processes if need be."""
    kept = folder / "openvino" / f"{fingerprint}.xml"
    if kept.is_file():
        return kept
    try:
        kept.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as made:
            _convert(folder, Path(made) / kept.name, pooling)
            for suffix in (".bin", ".xml"):
                (Path(made) / kept.name).with_suffix(suffix).replace(kept.with_suffix(suffix))
    except OSError as error:
        raise EncoderError(
            f"The converted encoder cannot be kept in {kept.parent}: {error}. Make the folder writable."
        ) from error
    return kept


def _convert(folder: Path, target: Path, pooling: str) -> None:
    # By its path, so that no module of the same name in the working directory can take its place.
    program = Path(__file__).with_name("conversion.py")
    command = [sys.executable, "-P", str(program), str(folder), str(target), pooling]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EncoderError(
            f"{folder} cannot be converted: {done.stderr.strip()[-500:]} Choose another encoder.",
            remedies=("encoder",),
        )


def _inference(graph: Path, longest: int, threads: int | None) -> BatchedInference:
    try:
        return BatchedInference(graph, graph_inputs, longest, threads=threads)
    except RuntimeError as error:
        raise EncoderError(
            f"{graph} cannot be loaded: {error}. Remove its folder and start again."
        ) from error


def graph_inputs(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Inputs:
    return {"input_ids": ids, "attention_mask": mask}
