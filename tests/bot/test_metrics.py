"""Metrics: every committed answer is counted once under its outcome, without its text."""

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from bot.metrics import EngineMonitor, Metrics
from dialogue.conversation import Answer
from dialogue.store.operators import Backlog


def shown(metrics: Metrics, backlog: Backlog | None = None, queued: int = 0) -> list[str]:
    return metrics.expose(backlog or Backlog(0, 0), queued).decode().splitlines()


def test_an_answer_is_counted_under_its_outcome():
    metrics = Metrics()
    metrics.observe(Answer("Two days.", "how long?"))
    metrics.observe(Answer("I do not know.", "why?", abstained=True))
    metrics.observe(Answer("Sorry.", "what?", failed=True, abstained=True))
    metrics.observe(Answer("A colleague will.", "a person?", hand_over=True))
    lines = shown(metrics)
    for outcome in ("answered", "abstained", "failed", "handed_over"):
        assert f'groundtalk_turns_total{{outcome="{outcome}"}} 1.0' in lines


def test_outcomes_that_did_not_happen_are_zero_rather_than_missing():
    assert 'groundtalk_turns_total{outcome="failed"} 0.0' in shown(Metrics())


def test_seconds_are_told_by_stage():
    metrics = Metrics()
    metrics.observe(Answer("Two days.", "how long?", timings={"rewrite": 0.2, "first_token": 1.5}))
    lines = shown(metrics)
    assert 'groundtalk_stage_seconds_bucket{le="0.25",stage="rewrite"} 1.0' in lines
    assert 'groundtalk_stage_seconds_sum{stage="first_token"} 1.5' in lines


def test_what_waits_is_told_as_of_now():
    lines = shown(Metrics(), Backlog(turns=3, deliveries=2), queued=1)
    assert 'groundtalk_waiting{what="turns"} 3.0' in lines
    assert 'groundtalk_waiting{what="deliveries"} 2.0' in lines
    assert "groundtalk_queued_conversations 1.0" in lines


def test_no_word_is_shown():
    metrics = Metrics()
    metrics.observe(Answer("Ada lives in Zhuhai.", "where does Ada live?"))
    assert "Ada" not in "\n".join(shown(metrics))


def test_two_bots_in_one_process_count_apart():
    one, other = Metrics(), Metrics()
    one.observe(Answer("Two days.", "how long?"))
    assert 'groundtalk_turns_total{outcome="answered"} 0.0' in shown(other)


def test_an_answer_from_the_cache_is_counted():
    metrics = Metrics()
    metrics.observe(Answer("Two days.", "how long?", timings={"cached": 0.001}))
    metrics.observe(Answer("Two days.", "how long?", timings={"answer": 2.0}))
    assert "groundtalk_cached_answers_total 1.0" in shown(metrics)


async def test_tokens_from_the_cache_are_counted_beside_those_read():
    metrics = Metrics()
    usage = {"input_tokens": 100, "output_tokens": 7, "total_tokens": 107}
    for message in (
        AIMessage("Two days.", usage_metadata={**usage, "input_token_details": {"cache_read": 64}}),
        AIMessage("Two days.", usage_metadata=usage),
    ):
        result = LLMResult(generations=[[ChatGeneration(message=message)]])
        await EngineMonitor(metrics).on_llm_end(result)
    lines = shown(metrics)
    assert 'groundtalk_tokens_total{direction="read"} 200.0' in lines
    assert 'groundtalk_tokens_total{direction="read_from_cache"} 64.0' in lines
