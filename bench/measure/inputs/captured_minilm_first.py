"""q, k, v of MiniLM's first layer on real text: broad attention, of low rank in most heads only."""

from bench.measure.inputs._captured_model import CapturedModel

__all__ = ["absent", "modality", "provenance", "scopes", "tensors", "unsupported"]

_captured = CapturedModel("minilm", layer=0)
scopes, unsupported, absent = _captured.scopes, _captured.unsupported, _captured.absent
provenance, tensors, modality = _captured.provenance, _captured.tensors, _captured.modality
