"""Reads the documents at the start: always from KNOWLEDGE_DIR if it is set, else once from the sample handbook."""

import asyncio

import structlog

from bot.configuration import configure
from bot.metrics import EngineMonitor, Metrics
from bot.models.download import Hub
from bot.models.loader import model_loader
from bot.models.weights import Weights
from bot.settings import Settings
from bot.voice import load_voice
from dialogue.store.store import Store
from finetune.migrations import upgrade
from finetune.releases import Releases
from retrieval.collection import Collection
from retrieval.errors import FingerprintMismatch, IngestFailed, IngestRunning
from retrieval.ingest import IngestReport, Progress

log = structlog.get_logger(__name__)


def _silent(stage: str, done: int, total: int) -> None:
    pass


def refresh_documents(
    settings: Settings, collection: Collection | None, progress: Progress = _silent
) -> IngestReport | None:
    """Update the collection from KNOWLEDGE_DIR, if that is set or nothing was ever ingested.

    Otherwise the collection stays as `groundtalk ingest` left it; what that left undone, because it was killed or
    because ENCODER has changed since, is done. If the folder cannot be read, the last snapshot stays in use. Without a
    collection there is nothing to do. Raises IngestFailed if there is no snapshot.
    """
    if collection is None:
        return None
    if "knowledge_dir" not in settings.model_fields_set and collection.published:
        if not _is_complete(collection):
            collection.adopt(collection.folder, progress)
        return None
    try:
        report = collection.ingest(settings.knowledge_dir, progress)
    except (IngestFailed, IngestRunning) as error:
        if collection.snapshot is None:
            raise
        log.warning("knowledge_not_refreshed", reason=str(error))
        return None
    log_ingest(report)
    return report


def _is_complete(collection: Collection) -> bool:
    """Whether every chunk has been embedded by the encoder that is used now."""
    try:
        return collection.snapshot is not None and collection.snapshot.manifest.complete
    except FingerprintMismatch as error:
        log.warning("documents_embedded_anew", reason=str(error))
        return False


async def live_collection(settings: Settings) -> Collection:
    """The collection that a server with these settings searches. Raises the packages' errors."""
    settings = (await asyncio.to_thread(configure, settings)).settings
    await upgrade(settings.database)
    async with await Store.open(settings.database) as store:
        releases = Releases(store.database)
        weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint))
        voice, monitor = load_voice(settings.voice_file), EngineMonitor(Metrics())
        loader = model_loader(settings, voice, releases, weights, monitor)
        return await loader.collection(await releases.live())


def log_ingest(report: IngestReport) -> None:
    """Log the result of an ingest, with a warning for every document that could not be read."""
    for source, reason in report.problems.items():
        log.warning("document_unreadable", source=source, reason=reason)
    for source, note in report.notes.items():
        log.warning("document_read_in_part", source=source, reason=note)
    log.info(
        "knowledge",
        documents=report.documents,
        chunks=report.chunks,
        embedded=report.embedded,
        added=report.added,
        changed=report.changed,
        removed=report.removed,
    )
