"""Results made up for tests."""

from finetune.evaluation.results import EvaluationResult, ScoredExample, share


def result(system, scores, task="answer", set="regression", **whole):
    """`scores` are those of the examples: numbers for the task's target, or all measures by name."""
    target = {"rewrite": "rouge_l", "answer": "token_f1", "retrieve": "ndcg_at_5"}[task]
    scored = tuple(
        ScoredExample(
            f"log:{n}:1",
            f"log:{n}",
            f"Question {n}?",
            f"{system} says {n}.",
            {name: share(value) for name, value in (one if isinstance(one, dict) else {target: one}).items()},
        )
        for n, one in enumerate(scores)
    )
    return EvaluationResult(task, set, system, scored, whole=whole)
