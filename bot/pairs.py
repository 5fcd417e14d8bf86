"""Encoder and index, two that only work together: those of the settings, and those that a release brings.

A release for retrieval is a map of questions, which needs no index of its own, or an encoder, whose index stands beside
the others in DATA_DIR and is filled from the newest of them before anybody searches it. Knows no lineup.
"""

from pathlib import Path

from bot.models import INDEX, encoder_of
from bot.settings import Settings
from bot.weights import Weights
from finetune.errors import BadRelease
from finetune.release import Release
from retrieval.collection import Collection
from retrieval.encoder import Encoder, load_encoder
from retrieval.encoders.mapped import MAP_FILE, MappedEncoder, QueryMap
from retrieval.shelf import Shelf

ENCODER = "encoder"
"""The folder of an encoder in a release."""


class Pairs:
    """The pairs of one process. Loading takes seconds: call it in a thread. Raises WeightsError, RetrievalError."""

    def __init__(self, settings: Settings, weights: Weights) -> None:
        self._settings = settings
        self._weights = weights
        self._encoder: Encoder | None = None

    def encoder(self, release: Release | None = None, folder: Path | None = None) -> Encoder:
        """The encoder of the settings, or that of a release with its files in `folder`. Raises BadRelease."""
        if release is None or folder is None:
            return self._own_encoder()
        if (folder / MAP_FILE).exists():
            return MappedEncoder(self._own_encoder(), QueryMap.read(folder / MAP_FILE))
        if (folder / ENCODER).is_dir():
            return load_encoder(release.base, folder / ENCODER)
        raise BadRelease(release.id, f"it holds neither {MAP_FILE} nor the folder {ENCODER}")

    def collection(self, release: Release | None = None, folder: Path | None = None) -> Collection:
        """What `encoder` gives, with an index that holds what the newest of all indexes holds."""
        encoder = self.encoder(release, folder)
        own = release is not None and encoder.fingerprint != self._own_encoder().fingerprint
        home = self._settings.data_dir / (f"{INDEX}-{release.id}" if release and own else INDEX)
        collection = Collection(home, encoder)
        newest = newest_index(self._settings)
        if newest is not None and newest.folder != home:
            collection.adopt(newest.folder)
        return collection

    def _own_encoder(self) -> Encoder:
        self._encoder = self._encoder or encoder_of(self._settings, self._weights)
        return self._encoder


def newest_index(settings: Settings) -> Shelf | None:
    """The index that was published last, whichever encoder it is for; None before the first ingest.

    Ids of snapshots begin with the time.
    """
    shelves = [Shelf(home) for home in settings.data_dir.glob(f"{INDEX}*")]
    published = {id: shelf for shelf in shelves if (id := shelf.current())}
    return published[max(published)] if published else None
