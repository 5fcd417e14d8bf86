"""The operators' API: nobody without the token, and with it: look, take over, speak, forget, read again."""

import pytest

from dialogue.conversation import Address, Answer, Utterance
from finetune.datasets.dataset import SourceTurns, TimeWindow
from finetune.datasets.storage import DatasetDirectory, DatasetWriter
from finetune.examples import RewritingExample
from tests.bot.deployed_bot import asked_over_http, deployed

ADA = Address("websocket", "ada")


@pytest.fixture
async def bot(tmp_path, sqlite_url):
    async with deployed(tmp_path, sqlite_url) as loaded:
        yield loaded


@pytest.fixture
async def operator(bot):
    async with asked_over_http(bot) as client:
        yield client


async def asked(bot, text: str = "May I return it?", address: Address = ADA) -> str:
    """A question that nobody answers yet; the id of its conversation."""
    receipt = await bot.store.turns.accept(Utterance(address, text, text, author="ada"))
    return receipt.conversation.id


@pytest.mark.parametrize("token", [None, "", "the operators' tokem", "令牌"])
async def test_nobody_gets_in_without_the_token(bot, token):
    headers = {"Authorization": f"Bearer {token}".encode()} if token is not None else {}
    async with asked_over_http(bot, token=None) as unauthenticated:
        response = await unauthenticated.get("/api/conversations", headers=headers)
    assert response.status_code == 401
    assert "OPERATOR_TOKEN" in response.json()["detail"]


async def test_without_a_token_set_the_api_is_off(tmp_path, sqlite_url):
    async with deployed(tmp_path, sqlite_url, operator_token="") as bot, asked_over_http(bot, "") as client:
        response = await client.get("/api/conversations")
    assert response.status_code == 503
    assert "Set OPERATOR_TOKEN" in response.json()["detail"]


async def test_conversations_are_listed_with_their_turns(bot, operator):
    conversation = await asked(bot)
    listed = (await operator.get("/api/conversations")).json()
    assert [each["conversation"]["id"] for each in listed] == [conversation]
    turns = (await operator.get(f"/api/conversations/{conversation}/turns")).json()
    assert [(turn["number"], turn["role"], turn["text"]) for turn in turns] == [
        (1, "user", "May I return it?")
    ]
    one = (await operator.get(f"/api/conversations/{conversation}")).json()
    assert one["address"] == {"channel": "websocket", "account": "ada"}


async def test_an_unknown_conversation_is_404_with_the_remedy(operator):
    for path in ("/api/conversations/nowhere", "/api/conversations/nowhere/turns"):
        response = await operator.get(path)
        assert response.status_code == 404
        assert "Start a new one" in response.json()["detail"]


async def test_a_human_takes_over_speaks_and_hands_back(bot, operator):
    conversation = await asked(bot)
    path = f"/api/conversations/{conversation}"
    early = await operator.post(f"{path}/messages", json={"text": "Hello."})
    assert early.status_code == 409
    await operator.put(f"{path}/mode", json={"mode": "human"})
    sent = await operator.post(f"{path}/messages", json={"text": "Yes, you may.", "operator": "kim"})
    assert sent.status_code == 201
    assert (sent.json()["role"], sent.json()["author"]) == ("assistant", "kim")
    (outgoing,) = await bot.store.outbox.due("websocket", "dispatcher", 10, 60)
    assert outgoing.payload["text"] == "Yes, you may."
    assert (await operator.put(f"{path}/mode", json={"mode": "bot"})).json()["mode"] == "bot"


async def test_what_is_no_mode_and_what_is_no_message_is_refused(bot, operator):
    path = f"/api/conversations/{await asked(bot)}"
    assert (await operator.put(f"{path}/mode", json={"mode": "robot"})).status_code == 422
    assert (await operator.post(f"{path}/messages", json={"text": ""})).status_code == 422


async def test_consent_that_was_given_elsewhere_is_noted(bot, operator):
    path = f"/api/conversations/{await asked(bot)}"
    for given in (True, False):
        assert (await operator.put(f"{path}/consent", json={"consent": given})).json()["consent"] is given
        assert (await operator.get(path)).json()["consent"] is given


async def test_a_person_is_forgotten_in_datasets_too(bot, operator):
    conversation = await asked(bot)
    await operator.put(f"/api/conversations/{conversation}/consent", json={"consent": True})
    DatasetDirectory(bot.settings.datasets)
    with DatasetWriter(bot.settings.datasets) as writer:
        learnt = RewritingExample(id="log:ada:2", history=(), question="Why?", rewrite="May I return it?")
        writer.add("rewriting", learnt, [SourceTurns(conversation=conversation, turns=(1,))])
        dataset = writer.publish(filters={}, log=TimeWindow())
    erased = (await operator.post("/api/forget", json={"channel": "websocket", "account": "ada"})).json()
    assert (erased["datasets"], erased["examples"], erased["learnt"]) == ([dataset.id], 1, [])
    assert not dataset.folder.exists()


async def test_a_person_is_forgotten(bot, operator):
    conversation = await asked(bot)
    erased = await operator.post("/api/forget", json={"channel": "websocket", "account": "ada"})
    assert erased.json()["counts"]["turns"] == 1
    assert (await operator.get(f"/api/conversations/{conversation}")).status_code == 404


async def test_forgetting_needs_a_person(operator):
    response = await operator.post("/api/forget", json={"channel": "websocket"})
    assert response.status_code == 422
    assert "account" in response.json()["detail"]


async def test_ratings_are_listed_with_their_answers(bot, operator):
    conversation = await asked(bot)
    claim = await bot.store.claims.claim(conversation, "worker", 60)
    turn = await bot.store.claims.next_pending(conversation)
    reply = await bot.store.turns.commit(claim, turn, Answer("Within 30 days.", turn.text), {})
    await bot.store.feedback.rate(conversation, reply.number, "ada", "down", correction="60 days.")
    (opinion,) = (await operator.get("/api/feedback")).json()
    assert (opinion["rating"], opinion["correction"], opinion["answer"]) == (
        "down",
        "60 days.",
        "Within 30 days.",
    )


async def test_documents_are_read_again(bot, operator):
    report = (await operator.post("/api/ingest")).json()
    assert (report["documents"], report["added"]) == (1, 1)
    (bot.settings.knowledge_dir / "returns.md").write_text("# Returns\n\nWithin 60 days.\n")
    assert (await operator.post("/api/ingest")).json()["changed"] == 1


async def test_an_empty_folder_is_an_error_with_the_remedy(bot, operator):
    (bot.settings.knowledge_dir / "returns.md").unlink()
    response = await operator.post("/api/ingest")
    assert response.status_code == 422
    assert "holds no document" in response.json()["detail"]
