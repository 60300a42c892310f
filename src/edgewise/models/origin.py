"""Where a model comes from: a Hugging Face name, a folder in its format or ours, or a live model.

`find_origin` reads its config and nothing else: what is wrong is said before any weights are read.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import huggingface_hub
import transformers
from huggingface_hub import errors as hub_errors
from transformers.utils import logging as transformers_logging

from edgewise.errors import BadInput, BrokenFile, Problems, UnsupportedModel, unknown
from edgewise.files import read_json
from edgewise.models import native
from edgewise.models.bundled import PREFIX, bundled_folder
from edgewise.models.config import ModelConfig
from edgewise.models.families import FAMILIES
from edgewise.models.transformer import Transformer

SECONDS_TO_WAIT_FOR_THE_HUB = 5.0


@dataclass(frozen=True)
class Origin:
    """A model that was found, and its config."""

    name: str
    config: ModelConfig
    location: str = ""
    """The folder, or the name on the Hub; for a live model, where it once came from."""
    hf_config: Any = None
    live: Any = None
    offline: bool = False
    """Read from this machine alone."""

    @property
    def is_native(self) -> bool:
        return self.hf_config is None


def find_origin(source: Any) -> Origin:
    """The model that a name, a folder or a live model stands for; `BadInput` says what was tried."""
    with hushed():
        is_text = isinstance(source, (str, Path))
        # Naming this class makes transformers import its models' code, which takes a second and a half.
        if not is_text and isinstance(source, transformers.PreTrainedModel):
            return _live(source)
        if isinstance(source, Transformer):
            raise BadInput(f"the model {source.name} is loaded already. Use it as it is.")
        if not is_text or not str(source).strip():
            raise BadInput(
                "a model is a Hugging Face name, a folder, or a live Hugging Face causal language model. "
                f"Got {source if isinstance(source, str) else type(source).__name__!r}."
            )
        if str(source).startswith(PREFIX):
            return replace(_folder(bundled_folder(str(source))), name=str(source))
        folder = Path(os.path.expanduser(source))
        if folder.exists():
            return _folder(folder)
        if isinstance(source, Path) or not _could_be_on_the_hub(source):
            raise BadInput(
                f"the model folder {source} does not exist. Check the path; a name on the Hub is owner/name."
            )
        return _on_the_hub(source)


def find_config(source: Any) -> Origin:
    """The same of a config that lies alone, in a file of its own, too: for what reads no weights."""
    path = (
        Path(os.path.expanduser(source)) if isinstance(source, (str, Path)) and str(source).strip() else None
    )
    if path is None or not path.is_file():
        return find_origin(source)
    return _described(path, path.resolve().parent.name if path.name == native.CONFIG_FILE else path.stem)


def _live(model: transformers.PreTrainedModel) -> Origin:
    hf_config: Any = model.config
    family = _known_family(hf_config.model_type, type(model).__name__)
    needed = causal_class(hf_config)
    if needed is None or not isinstance(model, needed):
        wanted = f"a {needed.__name__}" if needed else "a class of transformers' own"
        raise UnsupportedModel(
            f"the model must be a causal language model: {wanted} was needed. Got a {type(model).__name__}."
        )
    location = hf_config.name_or_path
    name = Path(location).name if Path(location).is_dir() else location
    return Origin(
        name or type(model).__name__, family.config(hf_config), location, hf_config, model, offline=True
    )


def _folder(folder: Path) -> Origin:
    path = folder / native.CONFIG_FILE
    if not folder.is_dir():
        raise BadInput(f"{folder} is a file. A model is a folder with config.json and its weights in it.")
    if not path.is_file():
        raise BadInput(f"{folder} has no config.json. A model's folder holds config.json and its weights.")
    return _described(path, folder.resolve().name)


def _described(path: Path, name: str) -> Origin:
    described, folder = read_json(path), str(path.parent)
    if native.is_native(described):
        return Origin(name, native.read_config(described, path), folder, offline=True)
    config, hf_config = _from_hugging_face(described, str(path))
    return Origin(name, config, folder, hf_config, offline=True)


def _on_the_hub(name: str) -> Origin:
    tried = f"{name} is no folder here"
    try:
        offline = not _reaches_the_hub(name)
        path = huggingface_hub.hf_hub_download(name, native.CONFIG_FILE, local_files_only=offline)
    except hub_errors.GatedRepoError as error:
        advice = f"Ask for access at https://huggingface.co/{name} and log in with `hf auth login`"
        raise BadInput(
            f"{tried}; on the Hugging Face Hub its owner limits who may read it. {advice}."
        ) from error
    except hub_errors.RepositoryNotFoundError as error:
        raise BadInput(
            f"{tried}, and the Hugging Face Hub has no such model, or not for you. Check it."
        ) from error
    except hub_errors.LocalEntryNotFoundError as error:
        raise BadInput(
            f"{tried}, it was not downloaded before, and the Hugging Face Hub cannot be reached. "
            "Check the path, or the connection and HF_HUB_OFFLINE."
        ) from error
    except hub_errors.EntryNotFoundError as error:
        raise BadInput(
            f"{tried}, and the Hugging Face Hub's {name} has no config.json: it is no model."
        ) from error
    config, hf_config = _from_hugging_face(read_json(path), name)
    return Origin(name, config, name, hf_config, offline=offline)


def _reaches_the_hub(name: str) -> bool:
    """Ask once: a download without a connection would be tried again and again for half a minute."""
    url = huggingface_hub.hf_hub_url(name, native.CONFIG_FILE)
    try:
        huggingface_hub.get_hf_file_metadata(url, timeout=SECONDS_TO_WAIT_FOR_THE_HUB)
    except (hub_errors.RepositoryNotFoundError, hub_errors.EntryNotFoundError):
        raise
    except Exception:
        # Which errors stand for no connection depends on the HTTP library of the hub's version.
        return False
    return True


def _could_be_on_the_hub(name: str) -> bool:
    try:
        huggingface_hub.utils.validate_repo_id(name)
    except hub_errors.HFValidationError:
        return False
    return not name.startswith((".", "~"))


def _from_hugging_face(described: Any, where: str) -> tuple[ModelConfig, Any]:
    if not isinstance(described, dict) or not isinstance(described.get("model_type"), str):
        raise BrokenFile(f"{where}: a Hugging Face config with a model_type was needed. Got none.")
    model_type = described["model_type"]
    family = _known_family(model_type, where)
    try:
        hf_config: Any = transformers.CONFIG_MAPPING[model_type].from_dict(described)
    except (hub_errors.StrictDataclassError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnsupportedModel(f"{where}: transformers does not accept this config: {error}") from error
    problems = Problems()
    base_class: Any = transformers.MODEL_MAPPING[type(hf_config)]
    heads = {causal_class(hf_config).__name__, base_class.__name__}
    saved_as = described.get("architectures") or []
    if saved_as and heads.isdisjoint(saved_as):
        problems.add(
            f"{where}: a causal language model ({' or '.join(sorted(heads))}) was needed. "
            f"Got a checkpoint of {', '.join(map(str, saved_as))}."
        )
    config = None
    try:
        config = family.config(hf_config)
    except UnsupportedModel as error:
        problems.catch(error)
    if config is None or problems.found:
        raise UnsupportedModel(*problems.found)
    return config, hf_config


def _known_family(model_type: str, where: str) -> Any:
    if model_type not in FAMILIES:
        raise UnsupportedModel(f"{where}: {unknown('model_type', model_type, FAMILIES)}")
    return FAMILIES[model_type]


def causal_class(hf_config: Any) -> Any:
    """The causal language model of transformers for a config; None for a config that is not its own."""
    return transformers.MODEL_FOR_CAUSAL_LM_MAPPING.get(type(hf_config), None)


@contextmanager
def hushed(bars: bool = False) -> Iterator[None]:
    """Transformers says nothing, the bars of a download apart where wanted; afterwards all is as it was."""
    verbosity = transformers_logging.get_verbosity()
    hub_bars = not huggingface_hub.utils.are_progress_bars_disabled()
    loading_bars = transformers_logging.is_progress_bar_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            transformers_logging.set_verbosity(logging.CRITICAL)
            # Where transformers switches its own bars, it switches those of the Hub's downloads too.
            transformers_logging.disable_progress_bar()
            show_hub_bars(bars and hub_bars)
            yield
        finally:
            transformers_logging.set_verbosity(verbosity)
            if loading_bars:
                transformers_logging.enable_progress_bar()
            show_hub_bars(hub_bars)


def show_hub_bars(wanted: bool) -> None:
    if wanted:
        huggingface_hub.utils.enable_progress_bars()
    else:
        huggingface_hub.utils.disable_progress_bars()
