"""Measures how fast OpenVINO runs the layers of a language model here: `python probe.py THREADS SHAPE...`.

A shape is `hidden,inner,layers`. A few layers of that shape, with weights in Q8_0 as the engine has them (blocks of 32
in 8 bits with a scale each), read 128 tokens at once, as the engine reads a prompt, and one token, as it writes. A
process of its own, so that its memory is free again before the models are loaded. Prints a line of JSON for each shape:
the seconds of one layer for 128 tokens and for one. Processor time is what counts, divided by the threads, so that
other programs which are busy at the moment do not make the machine look slow. Knows nothing of which models there are.
"""

import json
import sys
import time
from collections.abc import Sequence

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # as in the `__init__` of `retrieval`

import numpy as np
import openvino
from openvino import opset13 as op

STEP_TOKENS = 128
BLOCK = 32
WEIGHTS_BYTES = 120_000_000
"""Enough weights that a token is read from memory and not from the processor's cache."""
RUNS, SECONDS = 3, 0.3
"""At least so many runs, and for so long, for each figure."""
PROPERTIES = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False}


def measure(hidden: int, inner: int, threads: int) -> tuple[float, float]:
    """Seconds of one layer for a step of a prompt and for one token."""
    layers = max(1, round(WEIGHTS_BYTES / (3 * hidden * inner)))
    properties = PROPERTIES | ({"INFERENCE_NUM_THREADS": threads} if threads else {})
    compiled = openvino.Core().compile_model(_graph(hidden, inner, layers), "CPU", properties)
    request = compiled.create_infer_request()
    shared = layers * int(compiled.get_property("INFERENCE_NUM_THREADS"))
    step, token = (_fastest(request, np.ones((rows, hidden), np.float32)) for rows in (STEP_TOKENS, 1))
    return step / shared, token / shared


def _fastest(request: openvino.InferRequest, states: np.ndarray) -> float:
    """Seconds of processor time of the fastest run; the first run prepares the weights."""
    request.infer([states])
    times: list[float] = []
    started = time.perf_counter()
    while len(times) < RUNS or time.perf_counter() - started < SECONDS:
        before = time.process_time()
        request.infer([states])
        times.append(time.process_time() - before)
    return min(times)


def _graph(hidden: int, inner: int, layers: int) -> openvino.Model:
    """The gated feed-forward part of each layer (Shazeer, 2020), nearly all of a small model's work."""
    given = states = op.parameter([-1, hidden], np.float32)
    for _ in range(layers):
        gate, up = (op.matmul(states, _weights(inner, hidden), False, True) for _ in range(2))
        states = op.matmul(op.multiply(op.swish(gate), up), _weights(hidden, inner), False, True)
    return openvino.Model([states], [given])


def _weights(rows: int, columns: int) -> openvino.Node:
    shape = rows, columns // BLOCK
    numbers = np.resize(np.arange(251, dtype=np.uint8), (*shape, BLOCK))
    zero = op.convert(op.constant(np.full((*shape, 1), 128, np.uint8)), "f16")
    scale = op.constant(np.full((*shape, 1), 1 / (72 * columns**0.5), np.float16))
    blocks = op.multiply(op.subtract(op.convert(op.constant(numbers), "f16"), zero), scale)
    return op.convert(op.reshape(blocks, [rows, columns], False), "f32")


def main(arguments: Sequence[str]) -> None:
    threads, *shapes = arguments
    for shape in shapes:
        hidden, inner = map(int, shape.split(","))
        sys.stdout.write(json.dumps(measure(hidden, inner, int(threads))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
