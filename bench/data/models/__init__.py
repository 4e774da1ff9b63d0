"""Pretrained models, one a file, opened by path and checked by hash; each a module that declares its shape.

Beside its ``SOURCE`` a member has, without torch: `MODALITY`, `LAYERS`, `NUM_HEADS`, `NUM_KV_HEADS`, `HEAD_DIM`,
`HIDDEN_SIZE`, `CAUSAL`, `ROTARY`, `CAPTURED` (layers whose inputs `bench.data.capture` keeps), `RATE_FACTOR` (of its
learning rates to MiniLM's, which adapters and full fine-tuning declare), ``lacking()`` (packages that are not
installed) and ``unsupported_length(seq_len)``; with torch ``load()``, a network as `_network` describes, and
``encode(raw, seq_len)``, what it is fed with.
"""

from bench.catalogue import Catalogue

__all__ = ["catalogue", "load", "names"]

catalogue = Catalogue("model", "bench.data.models")
names = catalogue.names
load = catalogue.load
