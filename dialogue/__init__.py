"""Conversations and their turns: history, rewriting, grounding, text engines, and the store that keeps them.

A store alone, without a bot; everything said in it is numbered, in order, and there after a restart:

```python
from dialogue import Address, Store, Utterance, upgrade

url = "sqlite:///conversations.db"
await upgrade(url)
async with await Store.open(url) as store:
    message = Utterance(Address("mail", "ada@example.com"), "message 1", "How long is the warranty?")
    receipt = await store.turns.accept(message)
    again = await store.turns.accept(message)
    print(receipt.turn.number, again.turn.number, again.duplicate)
```
"""

from typing import TYPE_CHECKING

from retrieval.exports import lazy_exports

if TYPE_CHECKING:
    from dialogue.answer_cache import AnswerCache as AnswerCache
    from dialogue.conversation import Address as Address
    from dialogue.conversation import Answer as Answer
    from dialogue.conversation import Citation as Citation
    from dialogue.conversation import Conversation as Conversation
    from dialogue.conversation import Mode as Mode
    from dialogue.conversation import OutboxMessage as OutboxMessage
    from dialogue.conversation import Passage as Passage
    from dialogue.conversation import RecordedMessage as RecordedMessage
    from dialogue.conversation import Role as Role
    from dialogue.conversation import Turn as Turn
    from dialogue.conversation import Utterance as Utterance
    from dialogue.delivery import OutboxDispatcher as OutboxDispatcher
    from dialogue.delivery import Postponed as Postponed
    from dialogue.delivery import ReportProgress as ReportProgress
    from dialogue.delivery import Sender as Sender
    from dialogue.delivery import Undeliverable as Undeliverable
    from dialogue.errors import DialogueError as DialogueError
    from dialogue.events import Accepted as Accepted
    from dialogue.events import Answered as Answered
    from dialogue.events import Event as Event
    from dialogue.events import EventBus as EventBus
    from dialogue.events import Failed as Failed
    from dialogue.events import Queued as Queued
    from dialogue.events import Retrieved as Retrieved
    from dialogue.events import Rewritten as Rewritten
    from dialogue.events import Token as Token
    from dialogue.events import Writing as Writing
    from dialogue.grounding import Grounder as Grounder
    from dialogue.manager import Manager as Manager
    from dialogue.responder import Responder as Responder
    from dialogue.responder import ResponderSlot as ResponderSlot
    from dialogue.rewriting import Rewriter as Rewriter
    from dialogue.steps import AnswerFromDocuments as AnswerFromDocuments
    from dialogue.steps import HandOver as HandOver
    from dialogue.steps import SmallTalk as SmallTalk
    from dialogue.steps import Step as Step
    from dialogue.steps import TurnContext as TurnContext
    from dialogue.steps import default_steps as default_steps
    from dialogue.store.message_history import StoredMessageHistory as StoredMessageHistory
    from dialogue.store.migrations import upgrade as upgrade
    from dialogue.store.store import Store as Store
    from dialogue.voice import Voice as Voice
    from dialogue.voice import Wording as Wording
    from dialogue.worker import Worker as Worker

PUBLIC = {
    "dialogue.answer_cache": ["AnswerCache"],
    "dialogue.conversation": [
        "Address",
        "Answer",
        "Citation",
        "Conversation",
        "Mode",
        "OutboxMessage",
        "Passage",
        "RecordedMessage",
        "Role",
        "Turn",
        "Utterance",
    ],
    "dialogue.delivery": ["OutboxDispatcher", "Postponed", "ReportProgress", "Sender", "Undeliverable"],
    "dialogue.errors": ["DialogueError"],
    "dialogue.events": [
        "Accepted",
        "Answered",
        "Event",
        "EventBus",
        "Failed",
        "Queued",
        "Retrieved",
        "Rewritten",
        "Token",
        "Writing",
    ],
    "dialogue.grounding": ["Grounder"],
    "dialogue.manager": ["Manager"],
    "dialogue.responder": ["Responder", "ResponderSlot"],
    "dialogue.rewriting": ["Rewriter"],
    "dialogue.steps": [
        "AnswerFromDocuments",
        "HandOver",
        "SmallTalk",
        "Step",
        "TurnContext",
        "default_steps",
    ],
    "dialogue.store.message_history": ["StoredMessageHistory"],
    "dialogue.store.migrations": ["upgrade"],
    "dialogue.store.store": ["Store"],
    "dialogue.voice": ["Voice", "Wording"],
    "dialogue.worker": ["Worker"],
}

__all__ = [*sorted(name for names in PUBLIC.values() for name in names)]

if not TYPE_CHECKING:
    __getattr__ = lazy_exports(__name__, PUBLIC)
