"""q, k, v of MiniLM's layer 2 of 0 to 5 on real text: attention that is far from low rank."""

from bench.measure.inputs._captured_minilm import Captured

__all__ = ["absent", "modality", "provenance", "scopes", "tensors", "unsupported"]

_captured = Captured(layer=2)
scopes, unsupported, absent = _captured.scopes, _captured.unsupported, _captured.absent
provenance, tensors, modality = _captured.provenance, _captured.tensors, _captured.modality
