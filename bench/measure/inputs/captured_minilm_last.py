"""q, k, v of MiniLM's last layer on real text: broad attention of low rank."""

from bench.measure.inputs._captured_model import CapturedModel

__all__ = ["absent", "modality", "provenance", "scopes", "tensors", "unsupported"]

_captured = CapturedModel("minilm", layer=5)
scopes, unsupported, absent = _captured.scopes, _captured.unsupported, _captured.absent
provenance, tensors, modality = _captured.provenance, _captured.tensors, _captured.modality
