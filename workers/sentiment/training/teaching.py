"""Fine-tuning: the encoder learns the labels, while what it says a text means stays close to what it was."""

import math
import random
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from workers.sentiment.training.corpora import Example
from workers.sentiment.training.encoder import Encoder
from workers.sentiment.wordpiece import WordPiece

LONGEST = 160
ROWS, POOL = 32, 50
DECAY, WARM = 0.88, 0.06
# How much keeping the meaning counts beside the labels.
MEANING = 0.5


class Rates(NamedTuple):
    """How quickly is learned: in the highest layer, and in the head."""

    layer: float
    head: float


class Batch(NamedTuple):
    indices: list[int]
    numbers: Tensor
    mask: Tensor


def padded(rows: Sequence[list[int]], padding: int) -> tuple[Tensor, Tensor]:
    length = max(map(len, rows))
    numbers = torch.tensor([row + [padding] * (length - len(row)) for row in rows])
    mask = torch.tensor([[True] * len(row) + [False] * (length - len(row)) for row in rows])
    return numbers, mask


def batches(rows: Sequence[list[int]], chosen: list[int], padding: int, draw: random.Random) -> Iterator[Batch]:
    """Texts of about the same length together, in random order."""
    draw.shuffle(chosen)
    drawn = []
    for begin in range(0, len(chosen), ROWS * POOL):
        pool = sorted(chosen[begin : begin + ROWS * POOL], key=lambda index: len(rows[index]))
        drawn += [pool[at : at + ROWS] for at in range(0, len(pool), ROWS)]
    draw.shuffle(drawn)
    for indices in drawn:
        yield Batch(indices, *padded([rows[index] for index in indices], padding))


def read(encoder: Encoder, rows: Sequence[list[int]], padding: int) -> tuple[Tensor, Tensor]:
    """Logits and meanings of all rows, in their order, without learning."""
    encoder.eval()
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
    logits, meanings = torch.zeros(len(rows), 3), torch.zeros(len(rows), 384)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for begin in range(0, len(order), 64):
            chosen = order[begin : begin + 64]
            found = encoder(*padded([rows[index] for index in chosen], padding))
            logits[chosen], meanings[chosen] = found.logits, found.meaning
    encoder.train()
    return logits, meanings


def teach(
    encoder: Encoder, tokenizer: WordPiece, examples: Sequence[Example], epochs: int, rates: Rates, seed: int
) -> Iterator[str]:
    """Yields lines of progress."""
    torch.manual_seed(seed)
    draw = random.Random(seed)
    rows = [tokenizer.numbers(each.text, LONGEST) for each in examples]
    labels = torch.tensor([each.labels for each in examples])
    weights = torch.tensor([each.weight for each in examples])
    _, meanings = read(encoder, rows, tokenizer.padding)
    yield f"{len(rows)} texts, {sum(map(len, rows))} pieces"
    optimizer = torch.optim.AdamW(_groups(encoder, rates), weight_decay=0.01, fused=True)
    # Pros and cons are many and alike: each epoch takes two fifths of them.
    steps = epochs * sum(1 for _ in batches(rows, _chosen(examples, random.Random(0)), tokenizer.padding, draw))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step / steps))
    step, total, began = 0, 0.0, time.monotonic()
    for _ in range(epochs):
        for batch in batches(rows, _chosen(examples, draw), tokenizer.padding, draw):
            with torch.autocast("cpu", torch.bfloat16):
                found = encoder(batch.numbers, batch.mask)
            wrong = functional.cross_entropy(found.logits, labels[batch.indices], reduction="none")
            moved = 1 - (found.meaning * meanings[batch.indices]).sum(1)
            loss = (weights[batch.indices] * wrong).mean() + MEANING * moved.mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            schedule.step()
            step, total = step + 1, total + loss.item()
            if step % 100 == 0:
                seconds = time.monotonic() - began
                yield f"{step}/{steps} loss {total / 100:.3f} moved {moved.mean():.3f}, {seconds:.0f} s"
                total = 0.0


def _chosen(examples: Sequence[Example], draw: random.Random) -> list[int]:
    return [index for index, each in enumerate(examples) if each.source != "pros_cons" or draw.random() < 0.4]


def _rate(share: float) -> float:
    return min(share / WARM, 1.0) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def _groups(encoder: Encoder, rates: Rates) -> list[dict[str, object]]:
    """The lower a layer, the less it changes."""
    groups: list[dict[str, object]] = [{"params": list(encoder.head.parameters()), "lr": rates.head}]
    layers = list(encoder.layers)
    for height, layer in enumerate(reversed(layers)):
        groups.append({"params": list(layer.parameters()), "lr": rates.layer * DECAY**height})
    lowest = [*encoder.words.parameters(), *encoder.positions.parameters(), *encoder.norm.parameters()]
    groups.append({"params": lowest, "lr": rates.layer * DECAY ** len(layers)})
    return groups
