"""q, k, v of layer 2 of 0 to 3 of Whisper's encoder on speech: sharp attention of nearly full rank."""

from bench.measure.inputs._captured_model import CapturedModel

__all__ = ["absent", "modality", "provenance", "scopes", "tensors", "unsupported"]

_captured = CapturedModel("whisper", layer=2)
scopes, unsupported, absent = _captured.scopes, _captured.unsupported, _captured.absent
provenance, tensors, modality = _captured.provenance, _captured.tensors, _captured.modality
