"""The operators' API under `/api`: conversations, taking over, ratings, erasing people, releases, reading documents.

Every route needs OPERATOR_TOKEN as a bearer token; if it is not set, the API is off.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, HTTPException, Query, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from bot.assembly import Runtime
from bot.ingest_status import IngestStatus
from dialogue.conversation import Conversation, Mode, Turn
from dialogue.store.operators import ConversationSummary, RatedAnswer
from finetune.forgetting import ErasureReport
from finetune.release import ActiveModels, Release
from finetune.releases import Releases
from retrieval.ingest import IngestReport

Limit = Annotated[int, Query(ge=1, le=500)]
Before = Annotated[datetime | None, Query(description="Only entries before this time; for paging.")]


class ModeChange(BaseModel):
    mode: Mode


class ConsentChange(BaseModel):
    consent: bool


class OperatorMessage(BaseModel):
    text: str = Field(min_length=1, max_length=16_000)
    operator: str = Field("operator", min_length=1, max_length=100)


class Person(BaseModel):
    """`account`: a private chat; `author`: a member of a group, or the same person in every chat of the channel."""

    channel: str
    account: str | None = None
    author: str | None = None


def operators_router(token: str, bot: Runtime) -> APIRouter:
    """The routes, which require `token`."""
    store = bot.store
    senders = {channel.channel: channel for channel in bot.channels}
    router = APIRouter(prefix="/api", tags=["operators"], dependencies=[Depends(_require_token(token))])

    @router.get("/conversations")
    async def conversations(
        limit: Limit = 50, before: Before = None, mode: Mode | None = None
    ) -> list[ConversationSummary]:
        """Conversations, the most recently active first; `mode=human` lists those taken over by a human."""
        return await store.operators.conversations(limit, before, mode)

    @router.get("/conversations/{conversation}")
    async def conversation(conversation: str) -> Conversation:
        return await store.conversations.get(conversation)

    @router.get("/conversations/{conversation}/turns")
    async def turns(conversation: str, after: int = 0, limit: Limit = 100) -> list[Turn]:
        """The turns after turn number `after`, in order."""
        await store.conversations.get(conversation)
        return await store.turns.after(conversation, after, limit)

    @router.put("/conversations/{conversation}/mode")
    async def set_mode(conversation: str, change: ModeChange) -> Conversation:
        """Take the conversation over (`human`), hand it back (`bot`), or end it (`closed`)."""
        return await store.conversations.set_mode(conversation, change.mode)

    @router.put("/conversations/{conversation}/consent")
    async def set_consent(conversation: str, change: ConsentChange) -> Conversation:
        """Record whether the person agrees to training on this conversation."""
        return await store.conversations.set_consent(conversation, change.consent)

    @router.post("/conversations/{conversation}/messages", status_code=status.HTTP_201_CREATED)
    async def send_message(conversation: str, message: OperatorMessage) -> Turn:
        """Send the person a message. The mode must be `human`."""
        channel = (await store.conversations.get(conversation)).address.channel
        turn = await store.operators.send_as_operator(
            conversation, message.text, message.operator, senders[channel].render
        )
        bot.dispatchers[channel].wake()
        return turn

    @router.get("/feedback")
    async def feedback(limit: Limit = 50, before: Before = None) -> list[RatedAnswer]:
        """Ratings with the answers they are about, the newest first."""
        return await store.operators.ratings(limit, before)

    @router.post("/forget")
    async def forget(person: Person) -> ErasureReport:
        """Erase a person, also from datasets. Lists the releases that answered them or were trained on their words."""
        if person.account is None and person.author is None:
            raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, "Give `account`, `author`, or both.")
        return await bot.forget(person.channel, person.account, person.author)

    router.include_router(releases_router(bot))

    @router.post("/ingest")
    async def ingest(allow_removal: bool = False) -> IngestReport:
        """Read KNOWLEDGE_DIR again, skipping unchanged documents. Returns once the result is live.

        If more than half of the documents are gone, they are removed only with `allow_removal`.
        """
        return await bot.ingest(bot.settings.knowledge_dir, allow_removal)

    @router.get("/ingest")
    async def ingest_status() -> IngestStatus:
        """How far the ingest is that runs in this process; its `stage` is empty if none does."""
        return bot.monitor.status

    return router


def _require_token(token: str) -> Callable[..., None]:
    def check(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    ) -> None:
        if not token:
            raise HTTPException(
                status.HTTP_503_SERVICE_UNAVAILABLE, "The operators' API is off. Set OPERATOR_TOKEN."
            )
        if credentials is None or not secrets.compare_digest(
            credentials.credentials.encode(), token.encode()
        ):
            raise HTTPException(
                status.HTTP_401_UNAUTHORIZED,
                "Send OPERATOR_TOKEN as a bearer token.",
                headers={"WWW-Authenticate": "Bearer"},
            )

    return check


Reason = Annotated[str, Body(embed=True, max_length=1_000)]
DEFAULT_REASON = "by an operator"


@dataclass(frozen=True, slots=True)
class ReleaseStatus:
    """live: what has been promoted. here: what this process uses, which may lag behind; trouble: why it does."""

    live: ActiveModels
    here: str
    trouble: str
    releases: Sequence[Release]


def releases_router(bot: Runtime) -> APIRouter:
    """The routes for releases; the caller protects them with the operators' token."""
    router, releases = APIRouter(prefix="/releases"), Releases(bot.store.database)

    @router.get("")
    async def status_of_releases() -> ReleaseStatus:
        """All releases, the newest first, and which ones are live."""
        watcher = bot.watcher
        return ReleaseStatus(
            await releases.live(), watcher.models.name, watcher.trouble, await releases.list()
        )

    @router.post("/rollback")
    async def rollback(reason: Reason = DEFAULT_REASON) -> ActiveModels:
        """Undo the last promotion."""
        return await releases.rollback(reason)

    @router.post("/{release}/promote")
    async def promote(release: str, reason: Reason = DEFAULT_REASON) -> ActiveModels:
        """Make a release, or `base` or `shipped`, live for its tasks. Running servers switch within seconds."""
        return await releases.promote(release, reason)

    return router
