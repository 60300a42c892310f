"""`load` gives the `Transformer` of a Hugging Face name, a folder or a live model; `describe` its config.

The weights of a live model are shared with it, views of its tensors, and the model itself is not touched.
"""

from __future__ import annotations

import dataclasses
import sys
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from torch import Tensor

from edgewise import launched
from edgewise.distributed import here
from edgewise.errors import BadInput, BrokenFile, Problems, did_you_mean, kind_of, unknown
from edgewise.models import native
from edgewise.models.assemble import assemble, shown
from edgewise.models.config import ModelConfig
from edgewise.models.families import FAMILIES
from edgewise.models.mapped import mapped_state
from edgewise.models.origin import Origin, causal_class, find_config, find_origin, hushed
from edgewise.models.sharded import check_torch, share_out
from edgewise.models.transformer import Transformer
from edgewise.progress import Progress

DTYPES = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
    "float64": torch.float64,
}
DEVICES = ("cpu", "cuda", "cuda:0", "mps")
"""Those that a message names; torch may know others."""
ALSO_CALLED = {"gpu": "cuda", "nvidia": "cuda", "metal": "mps", "apple": "mps"}
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "spiece.model", "vocab.json")


def describe(source: Any, *, grouped_readers: bool = False, split_embeddings: bool = False) -> ModelConfig:
    """The config of a model, from its config file alone: no weights are read."""
    return _config(find_origin(source), grouped_readers, split_embeddings)


@dataclass(frozen=True)
class Described:
    """What a config file tells of a model."""

    name: str
    config: ModelConfig
    tied: bool
    """The unembedding is the embedding once more."""
    dtype: str
    """Of the weights as they were saved; float32 where the file does not tell."""
    longest: int
    """Prompt that it tells of, in tokens; 0: it does not."""


def described(source: Any, *, grouped_readers: bool = False) -> Described:
    """Of a name, a folder or a config file alone: no weights are read. Of a model that is loaded, itself."""
    if isinstance(source, Transformer):
        config = replace(source.config, grouped_readers=grouped_readers or source.config.grouped_readers)
        dtype = str(source.dtype).removeprefix("torch.")
        return Described(source.name, config, source.is_tied, dtype, config.context)
    origin = find_config(source)
    told = getattr(origin.hf_config, "dtype", None)
    return Described(
        origin.name,
        _config(origin, grouped_readers, split_embeddings=False),
        bool(getattr(origin.hf_config, "tie_word_embeddings", False)),
        str(told or "float32").removeprefix("torch."),
        int(getattr(origin.hf_config, "max_position_embeddings", None) or 0),
    )


@dataclass(frozen=True)
class Preview:
    """A model without its weights."""

    config: ModelConfig
    tokenizer: Any
    """None where the model has none."""


def preview(source: Any, *, grouped_readers: bool = False, split_embeddings: bool = False) -> Preview:
    """All that can be known of a model before its weights are read."""
    origin = find_origin(source)
    config = _config(origin, grouped_readers, split_embeddings)
    with hushed():
        return Preview(config, _tokenizer(origin))


def check_placement(
    dtype: torch.dtype | str | None, device: torch.device | str | None, on_this_machine: bool = True
) -> list[str]:
    """Why weights cannot be had in this dtype or on this device. `on_this_machine`: else on another."""
    problems = Problems()
    _dtype(dtype, problems)
    _device(device, problems, on_this_machine)
    return problems.found


def load(
    source: Any,
    *,
    dtype: torch.dtype | str | None = None,
    device: torch.device | str | None = None,
    tokenizer: Any = None,
    grouped_readers: bool = False,
    split_embeddings: bool = False,
    quiet: bool = False,
    shard_weights: bool = False,
) -> Transformer:
    """The model that a Hugging Face name, a folder or a live Hugging Face causal language model stands for.

    `dtype` and `device` are the weights' own unless given. `tokenizer` takes the place of the model's own.
    `grouped_readers` and `split_embeddings` are those of `ModelConfig`. `shard_weights`: of several processes
    (`ew.together`) each holds its part of the weights; one alone has them all.
    """
    problems = Problems()
    wanted_dtype, wanted_device = _dtype(dtype, problems), _device(device, problems)
    if isinstance(tokenizer, (str, Path)):
        what_to_do = f"Make it: transformers.AutoTokenizer.from_pretrained({str(tokenizer)!r})."
        problems.add(f"a Hugging Face tokenizer was needed. Got {kind_of(tokenizer)}. {what_to_do}")
    sharing = shard_weights and here().count > 1
    for problem in check_torch() if sharing else ():
        problems.add(problem)
    try:
        origin = find_origin(source)
        config = _config(origin, grouped_readers, split_embeddings)
    except BadInput as error:
        if not problems.found:
            raise
        raise BadInput(*problems.found, *error.problems) from error
    problems.raise_any()
    if shard_weights and not sharing and not quiet:
        said = "one process alone has all weights, and none to share them with: torchrun starts several."
        warnings.warn(said, stacklevel=2)

    on_a_terminal, what = not quiet and sys.stderr.isatty(), f"loading {origin.name}"
    downloading = on_a_terminal and not origin.offline
    if downloading:
        # The bars of the download tell the rest.
        print(what, file=sys.stderr)
    with Progress(on_a_terminal and not downloading).status(what), hushed(bars=downloading):
        if sharing:
            unread: list[str] = []
            model = _shared_out(origin, config, wanted_dtype, wanted_device)
        else:
            weights, unread = _weights(origin, wanted_dtype)
            model = assemble(config, weights, origin.name, wanted_dtype, wanted_device)
        model.tokenizer = _tokenizer(origin) if tokenizer is None else tokenizer
    if unread and not quiet:
        said = f"{origin.name}: transformers reads no such tensors and neither do we: {shown(unread)}."
        warnings.warn(said, stacklevel=2)
    return model


def _weights(origin: Origin, dtype: torch.dtype | None) -> tuple[dict[str, Tensor], list[str]]:
    """A model's state dict, and the names of what was left unread in its checkpoint."""
    if origin.is_native:
        return native.read_weights(Path(origin.location)), []
    hf_model, unread = (origin.live, []) if origin.live else _read_hugging_face(origin, dtype)
    family = FAMILIES[origin.hf_config.model_type]
    return family.weights(hf_model.state_dict(), origin.config), unread


def _shared_out(
    origin: Origin, config: ModelConfig, dtype: torch.dtype | None, device: torch.device | None
) -> Transformer:
    if origin.is_native:
        weights = native.read_weights(Path(origin.location))
    else:
        state = origin.live.state_dict() if origin.live else mapped_state(origin)
        weights = FAMILIES[origin.hf_config.model_type].weights(state, origin.config)
    return share_out(assemble(config, weights, origin.name), dtype, device)


def _read_hugging_face(origin: Origin, dtype: torch.dtype | None) -> tuple[Any, list[str]]:
    try:
        model, found = causal_class(origin.hf_config).from_pretrained(
            origin.location,
            config=origin.hf_config,
            dtype=dtype or "auto",
            local_files_only=origin.offline,
            output_loading_info=True,
        )
    except (OSError, RuntimeError, ValueError, KeyError, EOFError, SafetensorError) as error:
        raise BrokenFile(f"{origin.name}: its weights could not be read: {_first_lines(error)}") from error
    # transformers would make up what a checkpoint lacks.
    if missing := sorted(found["missing_keys"]):
        raise BrokenFile(f"{origin.name}: its checkpoint lacks {shown(missing)}.")
    return model, sorted(found["unexpected_keys"])


def _tokenizer(origin: Origin) -> Any:
    """The tokenizer that lies with the model; None where there is none."""
    folder = Path(origin.location)
    if not origin.location or (
        folder.is_dir() and not any((folder / file).exists() for file in TOKENIZER_FILES)
    ):
        return None
    try:
        return transformers.AutoTokenizer.from_pretrained(origin.location, local_files_only=origin.offline)
    except (OSError, ValueError, KeyError, ImportError) as error:
        if not folder.is_dir():
            return None
        raise BrokenFile(f"{origin.name}: its tokenizer could not be read: {_first_lines(error)}") from error


def _config(origin: Origin, grouped_readers: bool, split_embeddings: bool) -> ModelConfig:
    try:
        return dataclasses.replace(
            origin.config,
            grouped_readers=grouped_readers or origin.config.grouped_readers,
            split_embeddings=split_embeddings or origin.config.split_embeddings,
        )
    except ValueError as error:
        raise BadInput(f"{origin.name}: {error}.") from error


def _dtype(dtype: torch.dtype | str | None, problems: Problems) -> torch.dtype | None:
    if dtype is None:
        return None
    name = str(dtype).removeprefix("torch.")
    if name not in DTYPES:
        problems.add(unknown("dtype", name, DTYPES))
    return DTYPES.get(name)


def _device(
    device: torch.device | str | None, problems: Problems, on_this_machine: bool = True
) -> torch.device | None:
    if device is None:
        return None
    try:
        named = torch.device(device)
    except (RuntimeError, TypeError):
        known = _devices_here()
        meant = did_you_mean(ALSO_CALLED.get(str(device).lower(), str(device)), known, likeness=0.6)
        problems.add(f"unknown device {str(device)!r}.{meant} On this machine: {', '.join(known)}.")
        return None
    if not on_this_machine:
        return named
    if named.type == "cuda" and launched.count() > 1:
        if launched.beside() > torch.cuda.device_count():
            problems.add(
                f"a GPU for each of {launched.beside()} processes on this machine was needed. It has "
                f"{torch.cuda.device_count()}. Start as many processes: torchrun --nproc-per-node."
            )
            return None
        if named.index is not None:
            problems.add(f"of several processes each has its own GPU. Got {device!s} for all. Give cuda.")
            return None
    try:
        # Only using a device shows whether it is there.
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        problems.add(f"the device {str(device)!r} cannot be used here: {_first_lines(error)}")
        return None


def _devices_here() -> list[str]:
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return [name for name in DEVICES if there[name.partition(":")[0]]]


def _first_lines(error: BaseException) -> str:
    """An error of another library, short enough for a message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3])[:500] or type(error).__name__
