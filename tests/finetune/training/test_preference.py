"""Preference training on a tiny model: what people prefer becomes likelier, and little else changes."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback

from finetune.errors import UnusableAdapter
from finetune.training.options import PreferenceOptions, TrainingOptions
from finetune.training.preference import train_dpo, train_kto
from finetune.training.preference_data import PreferencePair, RatedReply
from finetune.training.run import Run
from finetune.training.sft_data import SftExample
from finetune.training.supervised import train_supervised

pytestmark = pytest.mark.slow

PROMPTS = [({"role": "user", "content": f"Say {n % 4}"},) for n in range(16)]
PAIRS = [PreferencePair(prompt, f"good {n % 4}", f"bad {n % 4}") for n, prompt in enumerate(PROMPTS)]
RATED = [
    RatedReply(prompt, "good" if n % 4 else "bad", welcome=bool(n % 4)) for n, prompt in enumerate(PROMPTS)
]
OPTIONS = PreferenceOptions(
    learning_rate=1e-2, epochs=3, batch=4, accumulation=1, evaluations=3, rank=4, precision="fp32"
)


class Log(TrainerCallback):
    def __init__(self) -> None:
        self.entries: list[dict[str, float]] = []

    def on_log(self, args, state, control, logs, **more):
        self.entries.append({**logs, "step": state.global_step})

    def of(self, name: str) -> list[float]:
        return [entry[name] for entry in self.entries if name in entry]


class Killed(TrainerCallback):
    def on_save(self, args, state, control, **more):
        if state.global_step >= 4:
            raise KeyboardInterrupt


def prefer(folder: Path, base: Path, *callbacks, options=OPTIONS, parent=None) -> Run:
    run = Run.begin(folder, {"options": options.record()})
    train_dpo(run, base, PAIRS, PAIRS[:4], options, parent=parent, callbacks=callbacks)
    return run


def rate(folder: Path, base: Path, *callbacks, rated=RATED, options=OPTIONS, parent=None) -> Run:
    run = Run.begin(folder, {"options": options.record()})
    train_kto(run, base, rated, rated[:4], options, parent=parent, callbacks=callbacks)
    return run


def likelihood(base: Path, run: Run | None, prompt, reply: str) -> float:
    """Log-probability of a reply to a prompt."""
    model, tokens = AutoModelForCausalLM.from_pretrained(base), AutoTokenizer.from_pretrained(base)
    if run:
        model = PeftModel.from_pretrained(model, run.artifact)
    asked = tokens.apply_chat_template(list(prompt), add_generation_prompt=True, tokenize=False)
    start = len(tokens(asked).input_ids)
    ids = torch.tensor([tokens(asked + reply).input_ids])
    with torch.no_grad():
        shares = model(ids).logits[0, :-1].log_softmax(-1)
    return float(shares.gather(1, ids[0, 1:, None])[start - 1 :].sum())


@pytest.mark.parametrize("train", [prefer, rate])
def test_what_people_liked_becomes_likelier_than_what_they_did_not(train, base: Path, tmp_path: Path) -> None:
    run = train(tmp_path / "run", base)
    margins = [
        likelihood(base, of, PROMPTS[0], "good 0") - likelihood(base, of, PROMPTS[0], "bad 0")
        for of in (None, run)
    ]
    assert margins[1] > margins[0] + 1


def test_the_better_reply_does_not_become_less_likely(base: Path, tmp_path: Path) -> None:
    run = prefer(tmp_path / "run", base)
    assert likelihood(base, run, PROMPTS[0], "good 0") > likelihood(base, None, PROMPTS[0], "good 0") + 1


def test_more_likelihood_makes_the_better_reply_likelier(base: Path, tmp_path: Path) -> None:
    little, much = (
        prefer(tmp_path / f"{weight}", base, options=replace(OPTIONS, likelihood=weight))
        for weight in (0.0, 2.0)
    )
    assert likelihood(base, much, PROMPTS[0], "good 0") > likelihood(base, little, PROMPTS[0], "good 0")


def test_the_few_welcome_replies_are_not_drowned_by_the_many_others(base: Path, tmp_path: Path) -> None:
    mostly_unwelcome = [replace(reply, welcome=not reply.welcome) for reply in RATED]
    few = rate(tmp_path / "few", base, rated=mostly_unwelcome)
    assert likelihood(base, few, PROMPTS[0], "bad") > likelihood(base, None, PROMPTS[0], "bad")


@pytest.mark.parametrize("train", [prefer, rate])
def test_it_goes_on_from_what_was_learnt_and_is_held_near_that(train, base: Path, tmp_path: Path) -> None:
    first = Run.begin(tmp_path / "first", {})
    examples = [SftExample(pair.prompt, pair.chosen) for pair in PAIRS]
    options = TrainingOptions(learning_rate=1e-2, epochs=3, batch=4, accumulation=1, rank=4, precision="fp32")
    train_supervised(first, base, examples, (), options)
    log = Log()
    still = replace(OPTIONS, learning_rate=0.0)
    same = train(tmp_path / "second", base, log, parent=first.artifact, options=still)
    before = load_file(first.artifact / "adapter_model.safetensors")
    after = load_file(same.artifact / "adapter_model.safetensors")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    margins = log.of("rewards/margins") or log.of("rewards/chosen")
    assert margins == pytest.approx([0.0] * len(margins), abs=1e-5)


@pytest.mark.parametrize("train", [prefer, rate])
def test_a_killed_run_goes_on_to_the_same_end(train, base: Path, tmp_path: Path) -> None:
    first = train(tmp_path / "first", base)
    whole = train(tmp_path / "whole", base, parent=first.artifact)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "killed", base, Killed(), parent=first.artifact)
    log = Log()
    killed = train(tmp_path / "killed", base, log, parent=first.artifact)
    assert min(entry["step"] for entry in log.entries) > 4
    expected = load_file(whole.artifact / "adapter_model.safetensors")
    for name, tensor in load_file(killed.artifact / "adapter_model.safetensors").items():
        torch.testing.assert_close(tensor, expected[name], rtol=0, atol=0)


def test_a_run_leaves_curves(base: Path, tmp_path: Path) -> None:
    run = prefer(tmp_path / "run", base)
    page = run.report.read_text("utf-8")
    assert "Share of pairs in the right order" in page and "Margin between rewards" in page
    assert list(run.tensorboard.glob("events.*"))


def test_adalora_learns_preferences_too(base: Path, tmp_path: Path) -> None:
    log = Log()
    prefer(tmp_path / "run", base, log, options=replace(OPTIONS, method="adalora", learning_rate=5e-2))
    assert log.of("eval_rewards/margins")[-1] > log.of("rewards/margins")[0]


def test_an_adapter_that_cannot_be_compared_with_is_refused(base: Path, tmp_path: Path) -> None:
    first = prefer(tmp_path / "first", base, options=replace(OPTIONS, method="adalora", epochs=1))
    with pytest.raises(UnusableAdapter, match="continue from LoRA adapters"):
        prefer(tmp_path / "second", base, parent=first.artifact)
