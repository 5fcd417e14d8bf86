"""TRL's trainers get the same numbers from a head that reads only replies."""

from pathlib import Path

import pytest
import torch
from datasets import Dataset
from trl import DPOConfig, DPOTrainer
from trl.trainer.utils import add_fused_lm_head

from finetune.training.adapters import adapter_config
from finetune.training.options import TrainingOptions
from finetune.training.preference import ReplyLogProbs
from tests.finetune.training.tiny import tiny_model, tokenizer

FIELDS = ("log_probs", "entropy", "mean_logits", "is_top1")
ROWS = [
    {
        "prompt": [{"role": "user", "content": "a" * n}],
        "chosen": [{"role": "assistant", "content": "b" * n}],
        "rejected": [{"role": "assistant", "content": "c" * (5 - n)}],
    }
    for n in (1, 2, 3)
]


def heads(kind: str = "llama"):
    theirs, ours = tiny_model(kind), tiny_model(kind)
    for model in (theirs, ours):
        add_fused_lm_head(model, outputs=FIELDS)
    ReplyLogProbs.fit(ours)
    return theirs, ours


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    ids = torch.randint(0, 256, (3, 12), generator=torch.Generator().manual_seed(1))
    labels = ids.clone()
    labels[0, :5] = labels[1, :9] = labels[2, :] = -100
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_every_number_is_the_same(kind: str, batch: dict[str, torch.Tensor]) -> None:
    expected, got = (model(**batch, fused_lm_head=True) for model in heads(kind))
    for field in FIELDS:
        torch.testing.assert_close(got[field].float(), expected[field].float(), rtol=1e-4, atol=1e-5)


def test_gradients_are_the_same(batch: dict[str, torch.Tensor]) -> None:
    gradients = []
    for model in heads():
        model(**batch, fused_lm_head=True).log_probs.sum().backward()
        gradients.append({name: values.grad for name, values in model.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-3, atol=1e-5)


def test_the_head_reads_no_prompt(batch: dict[str, torch.Tensor]) -> None:
    _, ours = heads()
    read: list[int] = []
    ours.get_output_embeddings().register_forward_hook(lambda head, states, logits: read.append(len(logits)))
    ours(**batch, fused_lm_head=True)
    assert read == [int((batch["labels"] != -100).sum())]


def test_who_asks_for_logits_gets_them(batch: dict[str, torch.Tensor]) -> None:
    theirs, ours = heads()
    torch.testing.assert_close(ours(batch["input_ids"]).logits, theirs(batch["input_ids"]).logits)


def test_the_loss_of_dpo_is_that_of_trl(tmp_path: Path) -> None:
    losses = []
    for fitted in (False, True):
        config = adapter_config(TrainingOptions(rank=4), tiny_model().config, 10)
        trainer = DPOTrainer(
            model=tiny_model(),
            args=DPOConfig(
                str(tmp_path), use_cpu=True, bf16=False, report_to=[], loss_type=["sigmoid", "sft"],
                activation_checkpointing=False,
            ),
            processing_class=tokenizer(),
            train_dataset=Dataset.from_list(ROWS),
            peft_config=config,
        )  # fmt: skip
        if fitted:
            ReplyLogProbs.fit(trainer.model.get_base_model())
        inputs = trainer.data_collator(list(trainer.train_dataset))
        losses.append(trainer.compute_loss(trainer.model, inputs).item())
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
