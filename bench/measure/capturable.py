"""What `bench capture` can look into: one of our models, a folder of a transformers model, or anyone's torch module.

In: the word of the command line, and what the model is to be fed with. Out: a `Subject`: a module, what to call it
with, and what is recorded of its origin. Nothing is downloaded, and no code that lies in a model's folder is run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib
import importlib.metadata
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.data import models
from bench.data.packages import require
from bench.data.verify import verify
from bench.data.windows import middle_square
from bench.errors import BenchError, UsageError, nearest
from bench.measure.material import SAMPLE_RATE, Material

__all__ = ["OPTIONS", "Subject", "blaming", "subject"]

OPTIONS = {"language": "--text FILE", "vision": "--image FILE", "audio": "--audio FILE"}
"""Modality -> what to type to feed a model with it."""

_USUAL_SEQ_LEN = {"language": 512, "vision": 1370, "audio": 1500}
_SAMPLES_A_TOKEN = 320  # of Whisper's encoder: two frames of 160
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_ANY = ", ".join(OPTIONS.values())
_READS = {"input_ids": "language", "pixel_values": "vision", "input_features": "audio", "input_values": "audio"}
_LOCAL = {"local_files_only": True, "trust_remote_code": False}  # to transformers: no network, no code of the folder


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A module that can be called."""

    model: str
    """What the user called it."""
    name: str
    """What a capture of it is called where the user does not say: letters, digits and underscores."""
    module: nn.Module
    """Any."""
    args: tuple[Any, ...] = ()
    """What it is called with."""
    kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What it is called with, by name."""
    modality: str = ""
    """`language`, `vision` or `audio`; empty where its inputs are its own."""
    ours: bool = False
    """Whether its faults are ours."""
    origin: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Model, checksums and versions, as JSON takes them."""
    notices: tuple[str, ...] = ()
    """What is to be told of it, a sentence each."""


def subject(
    model: str, material: Material | None, *, seq_len: int | None = None, into: str | Path | None = None
) -> Subject:
    """Gives what a word of the command line means, ready to be called.

    Args:
        model: the name of one of ours, a folder, or ``package.module:factory``.
        material: what it is fed with; a factory may bring its own.
        seq_len: tokens; absent: the usual number of the modality, or as many as there are.
        into: the data folder.

    Raises:
        UsageError: it is none of these, it cannot be opened, or what it is fed with does not fit it.
    """
    if model in models.names():
        made = _ours(model, material, seq_len, into)
    elif Path(model).is_dir():
        made = _of_transformers(Path(model), material, seq_len)
    elif ":" in model:
        made = _of_a_factory(model, material, seq_len)
    else:
        found = "is no folder, no package.module:factory, and none of our models"
        raise UsageError(model, found, nearest(model, models.names()))
    fed = {"file": material.file, "sha256": material.sha256} if material else None
    origin = {
        **made.origin,
        "fed_with": fed,
        "inputs_sha256": _sha256({**dict(enumerate(made.args)), **made.kwargs}),
        "weights_sha256": _sha256(made.module.state_dict()),
    }
    return dataclasses.replace(made, modality=material.modality if material else "", origin=origin)


@contextlib.contextmanager
def blaming(model: str) -> Iterator[None]:
    """Lets what a stranger's code does wrong become the user's message.

    Raises:
        UsageError: something inside did.
    """
    try:
        yield
    except BenchError:
        raise
    except Exception as error:  # a stranger's model: its fault becomes the user's message
        text = " ".join(str(error).split())[:400]
        raise UsageError(model, f"cannot be used ({type(error).__name__}: {text})") from error


def _ours(name: str, material: Material | None, seq_len: int | None, into: str | Path | None) -> Subject:
    member = models.load(name)
    _refuse(name, member.lacking() or member.SOURCE.absent(into))
    if material is None or material.modality != member.MODALITY:
        raise UsageError(name, f"is a model of {member.MODALITY}", OPTIONS[member.MODALITY])
    verify(member.SOURCE, into)
    inputs = _encoded(member, material, seq_len, into)
    origin = {"model": name, "source": member.SOURCE.provenance(), "versions": _versions("torch")}
    return Subject(model=name, name=name, module=member.load(into), args=(inputs,), ours=True, origin=origin)


def _encoded(member: Any, material: Material, seq_len: int | None, into: str | Path | None) -> Tensor:
    """Gives what one of our networks reads, as long as asked for, without padding."""
    if seq_len is not None:
        _refuse(f"--seq-len {seq_len}", member.unsupported_length(seq_len))
    content: Any = [material.content]
    if material.modality == "vision":
        content = np.ascontiguousarray(middle_square(material.content))[None]
    n = seq_len or _USUAL_SEQ_LEN[material.modality]
    has = n  # an image has as many as its resolution is made for
    if material.modality == "language":
        has = int(member.encode(content, n, into)[1].sum())
    elif material.modality == "audio":
        has = len(content[0]) // _SAMPLES_A_TOKEN
    n = _length(material, has, n, asked=seq_len is not None)
    _refuse(material.file, member.unsupported_length(n))
    inputs: Tensor = member.encode(content, n, into)[0]
    return inputs


def _length(material: Material, has: int, n: int, *, asked: bool) -> int:
    """Gives of how many tokens a capture is: padding is never captured."""
    if has < 1:
        raise UsageError(material.file, "is too short to make a token", "a longer one")
    if has < n and asked:
        raise UsageError(material.file, f"makes {has} tokens", f"--seq-len {has}, or a longer one")
    return min(n, has)


def _of_transformers(path: Path, material: Material | None, seq_len: int | None) -> Subject:
    require(str(path), "transformers")
    import transformers

    if not (path / "config.json").is_file():
        raise UsageError(str(path), "has no config.json", "a folder that save_pretrained wrote")
    if material is None:
        raise UsageError(str(path), "has nothing to read", _ANY)
    with blaming(str(path)), torch.random.fork_rng(devices=()):
        torch.manual_seed(0)  # weights that the folder lacks are drawn
        network, found = transformers.AutoModel.from_pretrained(
            path, attn_implementation="sdpa", output_loading_info=True, **_LOCAL
        )
        encoder = network.get_encoder() if network.config.is_encoder_decoder else network
        reads = _READS.get(encoder.main_input_name, material.modality)
        if reads != material.modality:
            raise UsageError(str(path), f"is a model of {reads}", OPTIONS[reads])
        taken = inspect.signature(encoder.forward).parameters  # some tokenizers make more than their model takes
        processed = _processed(path, material, seq_len, getattr(network.config, "max_position_embeddings", None))
    versions, name = _versions("torch", "transformers"), path.resolve().name
    drawn = sorted(found["missing_keys"])
    return Subject(
        model=str(path),
        name=_slug(name),
        module=encoder,
        kwargs={name: value for name, value in processed.items() if name in taken},
        origin={"model": name, "architecture": type(network).__name__, "versions": versions, "drawn": drawn},
        notices=(f"{path} lacks weights, which are drawn at random: {_listed(drawn)}",) if drawn else (),
    )


def _processed(path: Path, material: Material, seq_len: int | None, positions: int | None) -> dict[str, Any]:
    """Gives what the folder's own tokenizer, image processor or feature extractor makes of a file."""
    import transformers

    auto: Any = transformers  # some of its classes have types, some have none
    if material.modality != "language" and seq_len is not None:
        raise UsageError("--seq-len", f"{path} decides how many tokens {material.file} makes", "leave it out")
    if material.modality == "vision":
        return dict(auto.AutoImageProcessor.from_pretrained(path, **_LOCAL)(material.content, return_tensors="pt"))
    if material.modality == "audio":
        extractor = auto.AutoFeatureExtractor.from_pretrained(path, **_LOCAL)
        return dict(extractor(material.content, sampling_rate=SAMPLE_RATE, return_tensors="pt"))
    tokenizer = auto.AutoTokenizer.from_pretrained(path, **_LOCAL)
    usual = _USUAL_SEQ_LEN["language"]
    n = seq_len or min(usual, tokenizer.model_max_length, positions or usual)
    encoded = tokenizer(material.content, truncation=True, max_length=n, return_tensors="pt")
    _length(material, encoded["input_ids"].shape[1], n, asked=seq_len is not None)
    return dict(encoded)


def _of_a_factory(model: str, material: Material | None, seq_len: int | None) -> Subject:
    """Gives what a factory makes: a module, which then reads the material itself, or a module and its inputs."""
    if seq_len is not None:
        raise UsageError("--seq-len", f"{model} decides how many tokens there are", "leave it out")
    module_name, _, attribute = model.partition(":")
    with blaming(model):
        factory = getattr(importlib.import_module(module_name), attribute)
        reads = any(
            parameter.default is parameter.empty and parameter.kind in _POSITIONAL
            for parameter in inspect.signature(factory).parameters.values()
        )
        if reads and material is None:
            raise UsageError(model, "takes what its module is to read", _ANY)
        made = factory(_raw(material)) if reads else factory()
    brings = isinstance(made, tuple) and len(made) == 2
    module, inputs = made if brings else (made, _raw(material))
    if not isinstance(module, nn.Module):
        raise UsageError(model, f"gives {type(module).__name__}", "a torch.nn.Module, or (module, inputs)")
    if brings and material is not None and not reads:
        raise UsageError(model, "brings its own inputs", f"leave {OPTIONS[material.modality]} out")
    if inputs is None:
        raise UsageError(model, "gives a module and nothing to call it with", f"(module, inputs), or {_ANY}")
    distributions = importlib.metadata.packages_distributions().get(module_name.partition(".")[0], [])
    versions = _versions("torch", *distributions)
    return Subject(
        model=model,
        name=_slug(attribute),
        module=module,
        args=() if isinstance(inputs, Mapping) else tuple(inputs) if isinstance(inputs, tuple) else (inputs,),
        kwargs=inputs if isinstance(inputs, Mapping) else {},
        origin={"model": model, "versions": versions},
    )


def _raw(material: Material | None) -> Any:
    """Gives what a file holds as a factory or a module reads it: text, or a tensor of pixels or samples."""
    if material is None:
        return None
    return material.content if isinstance(material.content, str) else torch.tensor(material.content)


def _versions(*packages: str) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in sorted(set(packages))}


def _refuse(where: str, reason: str | None) -> None:
    if reason:
        found, _, right = reason.partition("; ")
        raise UsageError(where, found, right)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f", and {len(names) - 4} more" if len(names) > 4 else "")


def _slug(text: str) -> str:
    """Gives a name with letters, digits and underscores alone, at most 30, a letter first."""
    slug = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return (slug if slug[:1].isalpha() else f"model_{slug}")[:30].rstrip("_")


def _sha256(values: Mapping[Any, Any]) -> str:
    """Gives the sha256 of the tensors among some values: of their names, dtypes, shapes and bytes."""
    found = hashlib.sha256()
    for name, value in values.items():
        if isinstance(value, Tensor):
            found.update(f"{name} {value.dtype} {list(value.shape)}\n".encode())
            found.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
