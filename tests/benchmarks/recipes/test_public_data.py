"""The recipe of the shipped adapter's synthetic examples, on a few rows in the form of the public datasets."""

import gzip
import json
from pathlib import Path

import pytest

from benchmarks.recipes.public_data import article_of, main, quoted_conversations
from finetune.datasets.dataset import group_of, split_of
from finetune.examples import DialogueTurn, Example, ExamplePassage, RewritingExample
from tests.finetune.sample_examples import FERRY, MUSEUM, grounding, rewriting

OPENING = DialogueTurn(role="assistant", text="Old Harbour – Storm of 1890")
SAID = (
    ("What happened?", "What happened in the storm?", "a storm broke the old mole of the harbour,"),
    ("Who paid?", "Who paid for the new mole?", "I don't know."),
    ("When?", "When did the new mole stand?", "in 1893"),
    ("Was it strong?", "How strong was the new mole?", "It withstood the storm of 1902 without harm."),
    ("Thanks?", "Did the town give thanks?", "The bishop came and blessed the new mole."),
)


def conversation(
    name: str = "C_1:0", opening: DialogueTurn = OPENING, source: str = "canard"
) -> list[RewritingExample]:
    """A row for each question, with everything that was said before it."""
    rows, history = [], [opening]
    for n, (asked, meant, replied) in enumerate(SAID):
        identity = {"id": f"canard:{name}-{n}", "source": source}
        rows.append(rewriting(**identity, history=tuple(history), question=asked, rewrite=meant))
        history += [DialogueTurn(role="user", text=asked), DialogueTurn(role="assistant", text=replied)]
    return rows


def test_the_opening_of_a_conversation_names_the_article_and_its_section() -> None:
    [found] = quoted_conversations(conversation())
    assert (found.id, found.title, found.section) == ("canard:C_1:0", "Old Harbour", "Storm of 1890")


def test_quotations_become_sentences_and_those_that_are_too_short_are_left_out() -> None:
    [found] = quoted_conversations(conversation())
    assert found.exchanges == (
        ("What happened in the storm?", "A storm broke the old mole of the harbour."),
        ("Who paid for the new mole?", None),
        ("How strong was the new mole?", "It withstood the storm of 1902 without harm."),
    ), "the answer to the last question would be in the row after it"


def test_other_sources_and_openings_are_left_out() -> None:
    assert not list(quoted_conversations(conversation(source="log")))
    assert not list(quoted_conversations(conversation(opening=DialogueTurn(role="user", text="Good day"))))


def test_paragraphs_of_one_article_belong_together() -> None:
    assert article_of(grounding("at nine", id="xquad:22-0:en-1")) == "22"


def rows_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    def write(kind: str, examples: list[Example]) -> None:
        (tmp_path / "data" / kind).mkdir(parents=True)
        with gzip.open(tmp_path / "data" / kind / "train.jsonl.gz", "wt", encoding="utf-8") as out:
            out.writelines(f"{example.model_dump_json()}\n" for example in examples)

    page = ExamplePassage(id="灯塔", title="灯塔", text="灯塔建于1890年。灯塔高三十米。")
    zh = {"source": "cmrc", "language": "zh", "passages": (page,), "evidence": ("灯塔",)}
    asked = [
        *(
            grounding("nine", id=f"xquad:7-{n}:{n}", source="xquad", passages=(FERRY, MUSEUM))
            for n in range(20)
        ),
        *(grounding("1890年", id=f"cmrc:P_{n}:1", question=f"灯塔{n}建于哪一年？", **zh) for n in range(20)),
        grounding("nine", id="log:1:1", source="log"),
    ]
    write("rewriting", [row for n in range(20) for row in conversation(f"C_{n}:0")])
    write("grounding", list(asked))
    return tmp_path / "data"


def test_examples_of_every_kind_are_made_and_none_is_made_across_splits(data: Path, tmp_path: Path) -> None:
    main(data, tmp_path / "made")
    made = [*rows_of(tmp_path / "made" / "rewriting.jsonl"), *rows_of(tmp_path / "made" / "grounding.jsonl")]
    assert {row["source"] for row in made} == {"followups", "quoted", "joint", "overview_en", "overview_zh"}
    assert len({row["id"] for row in made}) == len(made)
    for row in made:
        origin = ":".join(str(row["id"]).split(":")[2:])
        assert split_of(group_of(str(row["id"]))) == split_of(group_of(origin))
