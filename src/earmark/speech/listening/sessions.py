"""Opens onnxruntime sessions that use one thread and give memory back."""

from __future__ import annotations

from typing import Any


def open_session(model: bytes) -> Any:
    """Return a session for a model in ONNX or ORT format."""
    import onnxruntime as ort

    return ort.InferenceSession(model, session_options(), providers=["CPUExecutionProvider"])


def session_options() -> Any:
    """Return the options of every session."""
    import onnxruntime as ort

    ort.set_default_logger_severity(3)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena never frees the longest chunk's memory
    return options
