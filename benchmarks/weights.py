"""Loads encoders for benchmarks, from the same cache of weights as the bot."""

from pathlib import Path

from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import load_settings
from retrieval.encoders.loading import Encoder, load_encoder
from retrieval.encoders.names import weights_of


def encoder_called(name: str) -> Encoder:
    """The encoder with this name, as in ENCODER. Weights that are missing are downloaded."""
    return load_encoder(name, *map(folder_called, weights_of(name)))


def folder_called(name: str) -> Path | None:
    """The folder or file of these weights; None if they come with a dependency."""
    settings = load_settings()
    weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint))
    return weights.locate(name)
