"""The encoder in torch: MiniLM-L6 (BERT with 6 layers of 384, Wang et al. 2020) with a head for three labels."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, LAYERS, INNER, LABELS = 384, 12, 6, 1536, 3
EPSILON = 1e-12


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention_in = nn.Linear(WIDTH, 3 * WIDTH)
        self.attention_out = nn.Linear(WIDTH, WIDTH)
        self.attention_norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.inner = nn.Linear(WIDTH, INNER)
        self.outer = nn.Linear(INNER, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.dropout = nn.Dropout(0.1)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        rows, length, _ = hidden.shape
        parts = self.attention_in(hidden).view(rows, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(*parts, attn_mask=mask[:, None, None, :])
        attended = self.attention_out(attended.transpose(1, 2).reshape(rows, length, WIDTH))
        hidden = self.attention_norm(hidden + self.dropout(attended))
        return self.norm(hidden + self.dropout(self.outer(functional.gelu(self.inner(hidden)))))


@dataclass(frozen=True, slots=True)
class Read:
    logits: Tensor
    """Rows × negative, neutral, positive."""
    meaning: Tensor
    """Rows × WIDTH: the mean over the text, of length 1."""


class Encoder(nn.Module):
    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.words = nn.Embedding(pieces, WIDTH)
        self.positions = nn.Embedding(512, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(2 * WIDTH, LABELS)

    def forward(self, numbers: Tensor, mask: Tensor) -> Read:
        """`numbers` and `mask`: rows × length; the mask is False at padding."""
        hidden = self.norm(self.words(numbers) + self.positions.weight[: numbers.shape[1]])
        hidden = self.dropout(hidden)
        for layer in self.layers:
            hidden = layer(hidden, mask)
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * weights).sum(1) / weights.sum(1)
        logits = self.head(self.dropout(torch.cat([hidden[:, 0], mean], 1)))
        return Read(logits.float(), functional.normalize(mean.float(), dim=1))


def pretrained(weights: Path, kept: list[int]) -> Encoder:
    """From a safetensors file of all-MiniLM-L6-v2, with the rows of the vocabulary that are kept."""
    stored = load_file(weights)
    encoder = Encoder(len(kept))
    kind = stored["embeddings.token_type_embeddings.weight"][0]
    named = {
        "words.weight": stored["embeddings.word_embeddings.weight"][kept],
        "positions.weight": stored["embeddings.position_embeddings.weight"] + kind,
        "norm.weight": stored["embeddings.LayerNorm.weight"],
        "norm.bias": stored["embeddings.LayerNorm.bias"],
    }
    for number in range(LAYERS):
        ours, theirs = f"layers.{number}", f"encoder.layer.{number}"
        for part in ("weight", "bias"):
            named[f"{ours}.attention_in.{part}"] = torch.cat(
                [stored[f"{theirs}.attention.self.{each}.{part}"] for each in ("query", "key", "value")]
            )
            for mine, name in (
                ("attention_out", "attention.output.dense"),
                ("attention_norm", "attention.output.LayerNorm"),
                ("inner", "intermediate.dense"),
                ("outer", "output.dense"),
                ("norm", "output.LayerNorm"),
            ):
                named[f"{ours}.{mine}.{part}"] = stored[f"{theirs}.{name}.{part}"]
    missing, unexpected = encoder.load_state_dict(named, strict=False)
    if unexpected or set(missing) != {"head.weight", "head.bias"}:
        raise ValueError(f"these are no weights of MiniLM-L6: {missing}, {unexpected}")
    return encoder


def english_pieces(vocabulary: list[str]) -> list[int]:
    """The pieces that English texts are made of: without the alphabets of others, and what is not used."""
    return [number for number, piece in enumerate(vocabulary) if piece.isascii() and not piece.startswith("[unused")]
