"""The weights of a Hugging Face checkpoint as they lie in its files: mapped to memory, not read.

A page of a file is read when a number on it is needed, and can be given back at once, so that a model whose
weights are shared out is never whole in a process. Names are those of transformers' own model of the config;
a file may leave out the prefix of its base model, and of tied tensors all but one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import huggingface_hub
import safetensors
import torch
from torch import Tensor

from edgewise.errors import BadInput, BrokenFile
from edgewise.files import read_json
from edgewise.models.assemble import shown
from edgewise.models.origin import Origin, causal_class

ONE, INDEX = "model.safetensors", "model.safetensors.index.json"
IN_FILES = {"lm_head.weight": "embed_out.weight"}
"""What is named otherwise in files: of GPT-NeoX and Pythia."""


def mapped_state(origin: Origin) -> dict[str, Tensor]:
    """By the names of transformers' model."""
    files, config = _files(origin), origin.hf_config
    with torch.device("meta"):
        model: Any = causal_class(config)(config)
    own = model.state_dict(keep_vars=True)
    found, missing = {}, []
    for name, parameter in own.items():
        twins = [other for other, each in own.items() if each is parameter]
        # Of tied tensors the first is read, the embedding: what else a file may hold is not the model's.
        place = next((each for twin in twins for each in _names(twin, model) if each in files), None)
        if place is None:
            missing.append(name)
        else:
            found[name] = files[place]
    if missing:
        raise BrokenFile(f"{origin.name}: its files lack {shown(missing)}, or name them otherwise.")
    return found


def _names(name: str, model: Any) -> tuple[str, ...]:
    return name, name.removeprefix(f"{model.base_model_prefix}."), IN_FILES.get(name, name)


def _files(origin: Origin) -> dict[str, Tensor]:
    """Every tensor of the checkpoint, mapped."""
    folder = Path(origin.location)
    if not folder.is_dir():
        folder = _downloaded(origin, [ONE, INDEX])
    names = [ONE]
    if (folder / INDEX).is_file():
        names = sorted(set(read_json(folder / INDEX)["weight_map"].values()))
        if not Path(origin.location).is_dir():
            _downloaded(origin, names)
    if not all((folder / name).is_file() for name in names):
        raise BadInput(
            f"{origin.name}: to share weights out, {ONE} or the files of {INDEX} were needed. Got none. "
            "Save the model by transformers once more, or leave out --shard-weights."
        )
    tensors: dict[str, Tensor] = {}
    for name in names:
        try:
            with safetensors.safe_open(folder / name, framework="pt") as file:
                tensors |= {each: file.get_tensor(each) for each in list(file.keys())}
        except (OSError, safetensors.SafetensorError) as error:
            raise BrokenFile(f"{folder / name} could not be read: {error}.") from error
    return tensors


def _downloaded(origin: Origin, names: list[str]) -> Path:
    """The folder of a model on the Hub, with those of these files that it has."""
    return Path(
        huggingface_hub.snapshot_download(
            origin.location, allow_patterns=names, local_files_only=origin.offline
        )
    )
