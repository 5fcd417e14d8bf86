"""A GGUF file as an OpenVINO folder: made once, and mapped into memory from then on.

OpenVINO GenAI unpacks a GGUF file at every start, into memory of its own beside that of the running model. The folder
holds the same numbers; its weights are mapped, so that they are read from the disk when they are needed, once for all
processes, and may be dropped again. Knows nothing of where weights come from.
"""

from collections.abc import Mapping
from pathlib import Path

import openvino_genai as genai

from dialogue.errors import EngineError

GGUF = "model.gguf"
"""OpenVINO GenAI writes what it makes of a file beside it; this is the file's name meanwhile."""
SAVE: Mapping[str, object] = {"enable_save_ov_model": True}


def convert(source: Path, folder: Path) -> None:
    """Writes the weights and the tokenizer of the GGUF file `source` to `folder`, which is new.

    Takes two to three times the file's size in memory. Raises EngineError on a file that OpenVINO cannot run.
    """
    folder.mkdir()
    file = folder / GGUF
    file.symlink_to(source.resolve())
    try:
        genai.ContinuousBatchingPipeline(str(file), genai.SchedulerConfig(), "CPU", SAVE)
        genai.Tokenizer(str(file), **SAVE)
    except Exception as error:
        raise EngineError(
            f"OpenVINO cannot run {source.name}: {error}. Choose another model.", remedies=("model",)
        ) from error
    file.unlink()
