"""q, k, v of SmolLM2's layer 14 of 0 to 29 on real text: causal, 9 heads over 3, of low rank but for its peaks."""

from bench.measure.inputs._captured_model import CapturedModel

__all__ = ["absent", "modality", "provenance", "scopes", "tensors", "unsupported"]

_captured = CapturedModel("smollm2", layer=14)
scopes, unsupported, absent = _captured.scopes, _captured.unsupported, _captured.absent
provenance, tensors, modality = _captured.provenance, _captured.tensors, _captured.modality
