"""The engine for what OpenVINO does not run: folders as they come from a hub, and GGUF files."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from dialogue.engines.transformers import load_transformers
from dialogue.errors import EngineError


@pytest.fixture
def folder(alphabet, tmp_path):
    """The same model in a folder of transformers' own, with a window of its own."""
    home = {"gguf_file": alphabet.name, "local_files_only": True}
    AutoTokenizer.from_pretrained(alphabet.parent, **home).save_pretrained(tmp_path)
    packed = AutoModelForCausalLM.from_pretrained(alphabet.parent, **home)
    config = AutoConfig.from_pretrained(alphabet.parent, **home)
    config.max_position_embeddings = 64
    weights = AutoModelForCausalLM.from_config(config)
    weights.load_state_dict(packed.state_dict())
    weights.generation_config.update(do_sample=True, temperature=5.0, repetition_penalty=2.0)
    weights.save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_folder_answers_greedily_whatever_it_says_about_sampling(folder, dtype):
    chat = load_transformers(folder, dtype=dtype)
    assert chat.invoke("0", max_tokens=12).content == "123456789012"
    assert chat.model.window == 64
    chat.close()


def test_what_is_no_model_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(EngineError, match="another model"):
        load_transformers(tmp_path)


def test_a_model_without_a_chat_template_says_so(folder):
    (folder / "chat_template.jinja").unlink()
    chat = load_transformers(folder)
    with pytest.raises(EngineError, match="chat template"):
        chat.invoke("0")
    chat.close()
