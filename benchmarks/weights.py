"""Where the measured encoders come from: the same cache of weights as the bot's."""

from pathlib import Path

from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import load_settings
from retrieval.encoders.loading import Encoder, load_encoder


def encoder_called(name: str) -> Encoder:
    """An encoder by its name for ENCODER; its weights are fetched if they are not here."""
    return load_encoder(name, folder_called(name))


def folder_called(name: str) -> Path | None:
    """The folder of the weights that such a name begins with; None for those of a dependency."""
    settings = load_settings()
    weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint))
    return weights.locate(name.partition("+")[0])
