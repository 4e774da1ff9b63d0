"""q, k, v of MiniLM's layer 2 of 0 to 5 on real text: attention that is far from low rank."""

from bench.measure.inputs._captured_model import CapturedModel

__all__ = ["absent", "modality", "provenance", "scopes", "tensors", "unsupported"]

_captured = CapturedModel("minilm", layer=2)
scopes, unsupported, absent = _captured.scopes, _captured.unsupported, _captured.absent
provenance, tensors, modality = _captured.provenance, _captured.tensors, _captured.modality
