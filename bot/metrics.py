"""What Prometheus reads: turns by outcome, seconds by stage, tokens, and what waits. No words, no names."""

from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, LLMResult
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from dialogue.conversation import Answer
from dialogue.steps.answer import CACHED
from dialogue.store.operators import Backlog

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 40, 80)
LAG = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
OUTCOMES = ("answered", "abstained", "failed", "handed_over")


class Metrics:
    """The numbers of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._turns = Counter("groundtalk_turns", "Answers by outcome.", ["outcome"], registry=registry)
        self._cached = Counter(
            "groundtalk_cached_answers", "Answers that came from the cache.", registry=registry
        )
        self._stages = Histogram(
            "groundtalk_stage_seconds",
            "Seconds by stage of a turn.",
            ["stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self._tokens = Counter(
            "groundtalk_tokens", "Tokens the engine read and wrote.", ["direction"], registry=registry
        )
        self._faults = Counter("groundtalk_engine_failures", "Failed calls of the engine.", registry=registry)
        self._restarts = Counter(
            "groundtalk_engine_restarts", "Starts of an engine's process after the first.", registry=registry
        )
        self._lag = Histogram(
            "groundtalk_loop_lag_seconds",
            "How late the event loop is, by equal parts of the time.",
            buckets=LAG,
            registry=registry,
        )
        self._waiting = Gauge(
            "groundtalk_waiting", "What waits in the whole deployment.", ["what"], registry=registry
        )
        self._queued = Gauge(
            "groundtalk_queued_conversations", "Conversations that wait for a place here.", registry=registry
        )
        self._promotion = Gauge(
            "groundtalk_promotion",
            "The promotion that answers here, and the newest.",
            ["which"],
            registry=registry,
        )
        for outcome in OUTCOMES:
            self._turns.labels(outcome)

    def observe(self, answer: Answer) -> None:
        """Count a committed answer."""
        self._turns.labels(_outcome(answer)).inc()
        if CACHED in answer.timings:
            self._cached.inc()
        for stage, seconds in answer.timings.items():
            self._stages.labels(stage).observe(seconds)

    def count_tokens(self, usage: UsageMetadata) -> None:
        """Those that were in the engine's prefix cache are part of those read."""
        self._tokens.labels("read").inc(usage["input_tokens"])
        self._tokens.labels("read_from_cache").inc(usage.get("input_token_details", {}).get("cache_read", 0))
        self._tokens.labels("written").inc(usage["output_tokens"])

    def count_failure(self) -> None:
        self._faults.inc()

    def count_restart(self) -> None:
        self._restarts.inc()

    def observe_lag(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def show_promotion(self, here: int, newest: int) -> None:
        """Both are the same, but while a switch is under way or where the newest cannot be loaded."""
        self._promotion.labels("here").set(here)
        self._promotion.labels("newest").set(newest)

    def expose(self, backlog: Backlog, queued: int) -> bytes:
        """All numbers in Prometheus' text format, with what waits now."""
        self._waiting.labels("turns").set(backlog.turns)
        self._waiting.labels("deliveries").set(backlog.deliveries)
        self._queued.set(queued)
        return generate_latest(self.registry)


def _outcome(answer: Answer) -> str:
    if answer.hand_over:
        return "handed_over"
    return "failed" if answer.failed else "abstained" if answer.abstained else "answered"


class EngineMonitor(AsyncCallbackHandler):
    """Sees every call of the text engine, whichever it is: counts tokens, and remembers whether the last one failed."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.answered = False
        self.failing = False

    async def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        self.answered, self.failing = True, False
        for generation in (each for batch in response.generations for each in batch):
            if isinstance(generation, ChatGeneration) and isinstance(generation.message, AIMessage):
                usage = generation.message.usage_metadata
                if usage:
                    self._metrics.count_tokens(usage)

    def on_restart(self) -> None:
        """Called from any thread."""
        self._metrics.count_restart()

    async def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        """A call that was cancelled is no failure of the engine's."""
        if isinstance(error, Exception):
            self.failing = True
            self._metrics.count_failure()
