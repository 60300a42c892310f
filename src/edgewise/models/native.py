"""Our own folder format, for small research and compiled models that no Hugging Face family covers.

config.json         {"format": "edgewise-model", "version": 1, "config": ModelConfig.to_dict()}
model.safetensors   the state dict; a tied output matrix is left out: it is the token embedding
tokenizer files     where the model has a tokenizer that can be saved
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from edgewise.errors import BadInput, BrokenFile
from edgewise.files import atomic_file, atomic_write, make_parents, read_json
from edgewise.models.config import ModelConfig
from edgewise.models.transformer import SHARED_OUT, Transformer

FORMAT = "edgewise-model"
VERSION = 1
CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"
TIED = ("token_embedding", "unembed_weight")


def save_model(model: Transformer, folder: str | Path, *, overwrite: bool = False) -> None:
    """Write a model to a folder, made if need be, that `load` reads.

    A model that is there is kept unless it shall be overwritten; one that is not of our format, always.
    """
    folder = Path(folder)
    if model.is_shared_out:
        raise BadInput(f"a model with all its weights was needed to save it. Got {SHARED_OUT}. Load it anew.")
    if problems := _check_folder(folder, overwrite):
        raise BadInput(*problems)
    make_parents(folder / CONFIG_FILE)
    tensors = model.state_dict()
    if _same_tensor(*(tensors[name] for name in TIED)):
        del tensors[TIED[1]]
    # safetensors wants every tensor contiguous and in a storage of its own.
    whole = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}
    with atomic_file(folder / WEIGHTS_FILE) as temporary:
        save_file(whole, temporary, metadata={"format": "pt"})
    if hasattr(model.tokenizer, "save_pretrained"):
        model.tokenizer.save_pretrained(folder)
    described = {"format": FORMAT, "version": VERSION, "config": model.config.to_dict()}
    atomic_write(folder / CONFIG_FILE, json.dumps(described, indent=1) + "\n")


def _check_folder(folder: Path, overwrite: bool) -> list[str]:
    """Why no model can be written there."""
    config = folder / CONFIG_FILE
    if config.exists() and not is_native(read_json(config)):
        return [
            f"{folder} holds a model that is not of edgewise's own format, and is kept. Give another folder."
        ]
    if not overwrite and (config.exists() or (folder / WEIGHTS_FILE).exists()):
        return [f"{folder} holds a model already. Give another folder, or overwrite=True to replace it."]
    return []


def is_native(described: Any) -> bool:
    """Whether what a config.json holds is of our format."""
    return isinstance(described, dict) and described.get("format") == FORMAT


def read_config(described: dict[str, Any], path: Path) -> ModelConfig:
    """The config that a config.json of our format holds."""
    if described.get("version") != VERSION:
        raise BrokenFile(
            f"{path}: version {VERSION} of the format was needed. Got {described.get('version')!r}. "
            "Read it with the edgewise that wrote it."
        )
    try:
        return ModelConfig.from_dict(described["config"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenFile(f"{path}: its config cannot be used: {error}.") from error


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The state dict that a folder of our format holds."""
    path = folder / WEIGHTS_FILE
    try:
        weights = load_file(path)
    except (OSError, SafetensorError) as error:
        raise BrokenFile(f"{path} could not be read: {error}.") from error
    if TIED[0] in weights:
        weights.setdefault(TIED[1], weights[TIED[0]])
    return weights


def _same_tensor(one: Tensor, other: Tensor) -> bool:
    return one.data_ptr() == other.data_ptr() and one.shape == other.shape and one.stride() == other.stride()
