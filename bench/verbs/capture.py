"""Keeps q, k, v of a model's attentions in a file that suites take as an input.

MODEL is one of ours (minilm, smollm2, dinov2, whisper), a folder that save_pretrained of transformers wrote, or
package.module:factory, where factory() gives a torch module, or a module and its inputs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.data.captures import Layer
    from bench.measure.material import Material

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the model, what it is fed with, what is kept, and where."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help="minilm, a folder, or package.module:factory")
    fed = parser.add_mutually_exclusive_group()
    fed.add_argument("--text", type=Path, metavar="FILE", help="UTF-8, its beginning is read")
    fed.add_argument("--image", type=Path, metavar="FILE", help="PNG, JPEG or what else Pillow opens")
    fed.add_argument("--audio", type=Path, metavar="FILE", help="WAV, its beginning is heard")
    parser.add_argument("--seq-len", type=int, metavar="N", help="tokens; absent: 512, of images 1370, of sound 1500")
    parser.add_argument("--layers", metavar="N,N", help="which attentions, from 0 in the order of calls; absent: all")
    parser.add_argument("--name", help="of the capture; absent: made from the model's and the number of tokens")
    parser.add_argument("--half", action="store_true", help="keep float16: half the bytes")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write this file, and nothing to the data folder")
    parser.add_argument("--add", nargs="+", type=Path, metavar="FILE", help="verified, into the data folder")
    parser.add_argument("--list", action="store_true", help="show what is in the data folder")
    parser.add_argument("--into", type=Path, metavar="DIR", help="the data folder (else $BENCH_DATA, or the cache)")


def run(args: argparse.Namespace) -> int:
    """Captures, adds or lists; prints the inputs and the words of a sweep that they fit; gives the exit code."""
    from bench.data import captures
    from bench.errors import UsageError

    if [args.model is not None, args.add is not None, args.list].count(True) != 1:
        raise UsageError(
            "bench capture", "one of MODEL, --add and --list is needed", "bench capture minilm --text FILE"
        )
    if args.list:
        _tell(list(captures.listed(args.into).values()))
    elif args.add:
        _tell([layer for path in args.add for layer in captures.add(path, args.into)])
    else:
        _capture(args)
    return 0


def _capture(args: argparse.Namespace) -> None:
    from bench.data import captures
    from bench.errors import UsageError
    from bench.measure.capturable import subject
    from bench.measure.capturing import capture
    from bench.units import bytes_text

    if args.name is not None and not captures.NAME.fullmatch(args.name):
        right = "a letter, then letters, digits and _, in lower case, at most 40"
        raise UsageError("--name", f"{args.name!r} is no name for a capture", right)
    if args.seq_len is not None and args.seq_len < 1:
        raise UsageError("--seq-len", f"{args.seq_len} is no number of tokens", "--seq-len 512")
    layers = None if args.layers is None else _numbers(args.layers)
    taken = subject(args.model, _material(args), seq_len=args.seq_len, into=args.into)
    made = capture(taken, name=args.name, layers=layers, half=args.half)
    path = args.output or captures.folder(args.into) / made.file_name
    captures.keep(made.data, path)
    for notice in made.notices:
        print(f"note: {notice}", file=sys.stderr)
    _tell(captures.layers_of(path))
    print(f"in {path}, {bytes_text(len(made.data))}")
    if args.output:
        print(f"before suites can take it: python -m bench capture --add {path}")


def _material(args: argparse.Namespace) -> Material | None:
    from bench.measure.material import read_audio, read_image, read_text

    if args.text:
        return read_text(args.text)
    if args.image:
        return read_image(args.image)
    return read_audio(args.audio) if args.audio else None


def _numbers(text: str) -> list[int]:
    from bench.errors import UsageError

    words = text.split(",")
    if not all(word.isdecimal() for word in words):
        raise UsageError("--layers", f"{text!r} is no list of numbers", "--layers 0,5")
    return [int(word) for word in words]


def _tell(layers: tuple[Layer, ...] | list[Layer]) -> None:
    """Prints a line for each: the input's name, and the words of a sweep that it fits."""
    for layer in layers:
        words = f"num_heads: {layer.num_heads}, head_dim: {layer.head_dim}, seq_len: {layer.seq_len}"
        if layer.num_kv_heads != layer.num_heads:
            words += f", num_kv_heads: {layer.num_kv_heads}"
        if layer.batch_size > 1:
            words += f", batch_size: {layer.batch_size}"
        words += ", causal: true" if layer.causal else ""
        print(f"{{input: {layer.input}, {words}}}  # {layer.module or 'the module itself'}")
