"""A sentence-transformers folder (MiniLM, mpnet and their kin) run by OpenVINO on the CPU, without torch.

The first use of a folder converts it, seconds, and keeps the graph in `openvino/` beside the weights.
OpenVINO runs it in bfloat16 where the processor has it and in float32 elsewhere; `docs/benchmarks.md` shows
that both rank alike, so they share a fingerprint.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import openvino
from tokenizers import Encoding, Tokenizer

from retrieval.encoders.base import Encoder, Vectors
from retrieval.errors import EncoderError
from retrieval.files import sha256_of

_BATCH_TOKENS = 1024
"""Tokens, padding included, in one run at most: larger batches fall out of the processor's cache (measured)."""
_SIZES = (16, 4, 1)
_TILE = 16
"""Texts in a batch, and what their length in tokens is a multiple of. OpenVINO prepares itself for every new shape,
which costs as much as the run, so there are to be few."""
_MOST_THREADS = 8
_LONGEST = 512
_ASKED_OF_FOLDER = ("config.json", "tokenizer.json", "model.safetensors")


class TransformerEncoder(Encoder):
    """Longer texts are cut at the model's own length. Raises EncoderError where the folder holds no such
    model.

    threads: how many batches run side by side, each on one thread: threads that share a batch spend much of their time
    waiting for each other. By default one for each processor that this process may use, 8 at most.
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
        self._longest = longest
        threads = threads or min(_MOST_THREADS, available_processors())
        self.graph = _graph(folder, self.fingerprint, pooling)
        model = _compiled(self.graph, threads)
        self._requests: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(threads):
            self._requests.put(model.create_infer_request())
        self._threads = ThreadPoolExecutor(threads, "encoder")
        self.dimension = int(model.output(0).partial_shape[1].get_length())

    def encode(self, texts: Sequence[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(list(texts))
        vectors = np.empty((len(encodings), self.dimension), np.float32)
        batches = list(batches_of([len(encoding) for encoding in encodings]))
        several = self._threads.map if len(batches) > 1 else map
        found = several(self._run, ([encodings[row] for row in rows] for rows in batches))
        for rows, batch in zip(batches, found, strict=True):
            vectors[rows] = batch
        return vectors

    def _run(self, batch: Sequence[Encoding]) -> Vectors:
        request = self._requests.get()
        try:
            length = max(len(encoding) for encoding in batch)
            return infer(request, batch, min(padded(length), self._longest))
        finally:
            self._requests.put(request)


def infer(request: openvino.InferRequest, batch: Sequence[Encoding], length: int) -> Vectors:
    """The vectors of a batch, each text padded to `length` tokens."""
    shape = len(batch), length
    ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, encoding in enumerate(batch):
        ids[row, : len(encoding)] = encoding.ids
        mask[row, : len(encoding)] = 1
    found: Vectors = request.infer({"input_ids": ids, "attention_mask": mask})[0].copy()
    return found


def available_processors() -> int:
    """How many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def batches_of(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows whose padded lengths are equal, as many as one of _SIZES."""
    rows_by_length: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        rows_by_length.setdefault(padded(length), []).append(row)
    for length, rows in sorted(rows_by_length.items()):
        while rows:
            size = next(
                size for size in _SIZES if size == 1 or (size <= len(rows) and size * length <= _BATCH_TOKENS)
            )
            yield rows[:size]
            rows = rows[size:]


def padded(length: int) -> int:
    """A whole number of tiles."""
    return max(1, -(-length // _TILE)) * _TILE


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


def _compiled(graph: Path, threads: int) -> openvino.CompiledModel:
    settings = {"NUM_STREAMS": threads, "INFERENCE_NUM_THREADS": threads, "ENABLE_CPU_PINNING": False}
    try:
        return openvino.Core().compile_model(graph, "CPU", settings)
    except RuntimeError as error:
        raise EncoderError(
            f"{graph} cannot be loaded: {error}. Remove its folder and start again."
        ) from error
