"""The head that reads only replies changes the cost, not the loss."""

from pathlib import Path

import pytest
import torch
from datasets import Dataset
from torch.nn.functional import cross_entropy
from trl import SFTConfig, SFTTrainer

from finetune.training.adapters import add_adapter
from finetune.training.options import TrainingOptions
from finetune.training.supervised import IGNORED_LABEL, ReplyTrainer
from tests.finetune.training.tiny import tiny_model, tokenizer

ROWS = [
    {
        "prompt": [{"role": "user", "content": "a" * n}],
        "completion": [{"role": "assistant", "content": "b" * (7 - n)}],
    }
    for n in (1, 3, 6)
]
METHODS = ["lora", "adalora"]


def trainer(kind: type[SFTTrainer], method: str, folder: Path, **more: float) -> SFTTrainer:
    torch.manual_seed(5)
    made = kind(
        **more,
        model=add_adapter(tiny_model(), TrainingOptions(method=method, rank=4), 10, None),
        args=SFTConfig(
            str(folder),
            use_cpu=True,
            bf16=False,
            report_to=[],
            completion_only_loss=True,
            activation_checkpointing=False,
            per_device_train_batch_size=3,
        ),
        processing_class=tokenizer(),
        train_dataset=Dataset.from_list(ROWS),
    )
    with torch.no_grad():
        for name, values in made.model.named_parameters():
            if "lora_B" in name:
                values.normal_(0, 0.1, generator=torch.Generator().manual_seed(1))
    return made


def batch(made: SFTTrainer) -> dict[str, torch.Tensor]:
    return made.data_collator(list(made.train_dataset))


@pytest.mark.parametrize("method", METHODS)
def test_the_loss_is_the_cross_entropy_of_the_reply_tokens(method: str, tmp_path: Path) -> None:
    made = trainer(ReplyTrainer, method, tmp_path)
    inputs = batch(made)
    labels = inputs["labels"]
    logits = made.model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
    logits = logits[:, -labels.shape[1] :]
    expected = cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)
    assert made.compute_loss(made.model, inputs).item() == pytest.approx(expected.item(), rel=1e-5)
    assert 0 < (labels != -100).sum() < inputs["attention_mask"].sum()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("counted", [None, 40], ids=["a batch", "part of a step"])
def test_loss_and_gradients_are_those_of_trl(method: str, counted: int | None, tmp_path: Path) -> None:
    ours, theirs = trainer(ReplyTrainer, method, tmp_path), trainer(SFTTrainer, method, tmp_path)
    losses = [
        made.compute_loss(made.model, batch(made), num_items_in_batch=counted) for made in (ours, theirs)
    ]
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-5, atol=1e-6)
    for loss in losses:
        loss.backward()
    wanted = {name: values.grad for name, values in theirs.model.named_parameters() if values.requires_grad}
    got = {name: values.grad for name, values in ours.model.named_parameters() if values.requires_grad}
    assert got.keys() == wanted.keys()
    assert any(gradient.abs().max() > 1e-4 for gradient in wanted.values())
    for name, gradient in wanted.items():
        torch.testing.assert_close(got[name], gradient, rtol=1e-4, atol=1e-7)


def test_the_head_reads_no_prompt(tmp_path: Path) -> None:
    made = trainer(ReplyTrainer, "lora", tmp_path)
    read: list[int] = []
    head = made.model.get_output_embeddings()
    head.register_forward_hook(lambda module, states, logits: read.append(len(logits)))
    inputs = batch(made)
    made.compute_loss(made.model, inputs)
    assert read == [int((inputs["labels"] != -100).sum())]


def test_a_batch_without_a_reply_costs_nothing(tmp_path: Path) -> None:
    made = trainer(ReplyTrainer, "lora", tmp_path)
    inputs = batch(made)
    inputs["labels"] = torch.full_like(inputs["labels"], -100)
    loss = made.compute_loss(made.model, inputs)
    loss.backward()
    assert loss.item() == 0


def test_the_head_is_whole_again_after_an_error(tmp_path: Path) -> None:
    made = trainer(ReplyTrainer, "lora", tmp_path)
    inputs = batch(made)
    with pytest.raises(IndexError):
        made.compute_loss(made.model, inputs | {"input_ids": torch.full_like(inputs["input_ids"], 999)})
    logits = made.model(input_ids=inputs["input_ids"]).logits
    assert logits.shape[:2] == inputs["input_ids"].shape


def test_focus_weighs_tokens_by_how_unsure_the_model_is_of_them(tmp_path: Path) -> None:
    plain, focused = (trainer(ReplyTrainer, "lora", tmp_path, focus=focus) for focus in (0.0, 2.0))
    inputs = batch(plain)
    labels = inputs["labels"]
    logits = plain.model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
    told = labels[:, 1:] != IGNORED_LABEL
    each = cross_entropy(logits[:, :-1][told], labels[:, 1:][told], reduction="none")
    expected = ((1 - (-each).exp()) ** 2 * each).mean()
    assert focused.compute_loss(focused.model, inputs).item() == pytest.approx(expected.item(), rel=1e-4)
