"""`groundtalk finetune retriever` on an encoder of a few kilobytes."""

import asyncio
import json

import pytest

from bot.commands import main
from bot.models.download import Hub
from bot.models.engines import INDEX, load_configured_encoder
from bot.models.weights import Weights
from bot.settings import Settings, load_settings
from dialogue.store.store import Store
from finetune.releases import Releases
from retrieval.collection import Collection
from tests.finetune.training.retriever.tiny import ORDERS, PLACES, tiny_encoder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path, sqlite_url, encoder):
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROFILE", "full")
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.setenv("ENCODER", str(encoder))
    monkeypatch.setenv("COLUMNS", "140")


@pytest.fixture
def examples(tmp_path):
    rows = [
        {
            "id": f"log:{place}-{order}:1",
            "query": f"{place} {order} din",
            "positive": {"id": "", "text": f"{place} {order} noise"},
        }
        for place in PLACES
        for order in ORDERS
    ]
    path = tmp_path / "examples.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["finetune", "retriever", *args])
    return int(ended.value.code or 0)


def releases(url):
    async def listed():
        async with await Store.open(url) as store:
            return await Releases(store.database).list()

    return asyncio.run(listed())


def test_a_map_becomes_a_release_and_the_same_again_is_the_same(
    examples, encoder, sqlite_url, tmp_path, capsys
):
    assert run(str(examples)) == 0
    assert run(str(examples)) == 0
    (release,) = releases(sqlite_url)
    assert f"releases promote {release.id}" in capsys.readouterr().out
    assert (release.tasks, release.base) == (("retrieve",), str(encoder))
    assert release.files.keys() == {"map.safetensors"}
    (folder,) = (tmp_path / "var" / "runs").iterdir()
    assert json.loads((folder / "run.json").read_text())["method"] == "map"


def test_an_encoder_becomes_a_release(examples, sqlite_url):
    assert run(str(examples), "--method", "contrastive", "--epochs", "1", "--batch", "8") == 0
    (release,) = releases(sqlite_url)
    assert "encoder/model.safetensors" in release.files


def ingest(folder, verb, home=INDEX):
    folder.mkdir(exist_ok=True)
    for place in PLACES:
        page = f"The {place} first din is {verb} by all. The {place} first noise is {verb} by nobody."
        (folder / f"{place}.md").write_text(page)
    settings = load_settings()
    weights = Weights(settings.weights_dir, Hub("http://127.0.0.1:9"))
    Collection(settings.data_dir / home, load_configured_encoder(settings, weights)).ingest(folder)


def test_documents_that_changed_are_another_run(sqlite_url, tmp_path):
    learn = ("--method", "cloze", "--epochs", "1", "--batch", "4")
    for verb in ("heard", "heard", "made"):
        ingest(tmp_path / "pages", verb)
        assert run(*learn) == 0
    assert len(list((tmp_path / "var" / "runs").iterdir())) == 2


def test_documents_are_those_that_were_read_last_also_for_another_encoder(sqlite_url, tmp_path):
    ingest(tmp_path / "old", "heard")
    ingest(tmp_path / "new", "made", home=f"{INDEX}-r-1")
    assert run("--method", "cloze", "--epochs", "1", "--batch", "4") == 0
    (folder,) = (tmp_path / "var" / "runs").iterdir()
    told = json.loads((folder / "run.json").read_text())["documents"]
    assert (tmp_path / "var" / f"{INDEX}-r-1" / "snapshots" / told).is_dir()


def test_other_options_do_not_go_on_with_a_run_of_that_name(examples, capsys):
    assert run(str(examples), "--name", "mine") == 0
    assert run(str(examples), "--name", "mine", "--seed", "3") == 1
    assert "Choose another name" in capsys.readouterr().err


def test_without_examples_there_is_nothing_to_learn(capsys):
    assert run() == 1
    assert "no examples to train a retriever on" in capsys.readouterr().err


def test_an_encoder_without_a_folder_cannot_be_trained(monkeypatch, examples, capsys):
    monkeypatch.setenv("ENCODER", "universal-sentence-encoder-multilingual")
    assert run(str(examples), "--method", "cloze") == 1
    assert "ENCODER" in capsys.readouterr().err
