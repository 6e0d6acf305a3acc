"""The fast model learns what the encoder says of texts without labels (Hinton, Vinyals & Dean 2015).

It is a convolution over word pieces (Kim 2014): windows of one, two and three pieces, the largest and the mean answer
of each filter, one hidden layer. Its pieces begin as the encoder's, in fewer dimensions: it has an idea of words
that none of its texts has.
"""

import random
import time
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.sentiment.training.teaching import padded

DIMENSIONS, FILTERS, HIDDEN = 64, 96, 64
WINDOWS = (1, 2, 3)
LONGEST = 256
ROWS, POOL = 64, 40
RATE = 2e-3


class Fast(nn.Module):
    def __init__(self, pieces: Tensor, padding: int) -> None:
        """`pieces`: the encoder's vectors, one a row."""
        super().__init__()
        centred = pieces - pieces.mean(0)
        _, _, directions = torch.linalg.svd(centred, full_matrices=False)
        begun = centred @ directions[:DIMENSIONS].T
        self.padding = padding
        self.pieces = nn.Parameter(begun / begun.std() * 0.3)
        self.filters = nn.Linear(DIMENSIONS, sum(WINDOWS) * FILTERS, bias=False)
        self.shift = nn.Parameter(torch.zeros(len(WINDOWS) * FILTERS))
        self.hidden = nn.Linear(2 * len(WINDOWS) * FILTERS, HIDDEN)
        self.output = nn.Linear(HIDDEN, 3)
        self.dropout = nn.Dropout(0.3)

    def forward(self, numbers: Tensor, mask: Tensor) -> Tensor:
        """Rows that begin and end with two paddings; the mask is true where a window may begin."""
        present = (numbers != self.padding).unsqueeze(-1)
        answers = self.filters(functional.embedding(numbers, self.pieces) * present)
        parts = answers.split(FILTERS, dim=2)
        found, at = [], 0
        for width in WINDOWS:
            summed = parts[at]
            for offset in range(1, width):
                later = parts[at + offset][:, offset:]
                summed = summed + functional.pad(later, (0, 0, 0, offset))
            found.append(summed)
            at += width
        answers = torch.relu(torch.cat(found, 2) + self.shift) * mask.unsqueeze(-1)
        mean = answers.sum(1) / mask.sum(1, keepdim=True)
        pooled = torch.cat([answers.amax(1), mean], 1)
        logits: Tensor = self.output(torch.relu(self.hidden(self.dropout(pooled))))
        return logits


def framed(row: Sequence[int], padding: int) -> list[int]:
    """Between two paddings on each side; without the encoder's marks of start and end."""
    return [padding, padding, *row[1:-1], padding, padding]


def _batch(rows: list[list[int]], padding: int, drop: float, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    numbers, inside = padded(rows, padding)
    # A window may begin at the first padding before the text, so that its first pieces are also a window's last.
    if drop:
        dropped = (torch.rand(numbers.shape, generator=draw) < drop) & (numbers != padding)
        numbers = numbers.masked_fill(dropped, padding)
    lengths = inside.sum(1)
    mask = torch.arange(numbers.shape[1])[None, :] < (lengths - 2)[:, None]
    return numbers, mask


def predict(model: Fast, rows: Sequence[list[int]]) -> Tensor:
    model.eval()
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
    logits, draw = torch.zeros(len(rows), 3), torch.Generator()
    with torch.inference_mode():
        for begin in range(0, len(order), 256):
            chosen = order[begin : begin + 256]
            logits[chosen] = model(*_batch([rows[index] for index in chosen], model.padding, 0.0, draw))
    model.train()
    return logits


def distil(model: Fast, rows: Sequence[list[int]], teacher: Tensor, epochs: int, seed: int) -> Iterator[str]:
    """`teacher`: the encoder's logits of the rows. Yields lines of progress."""
    torch.manual_seed(seed)
    draw, shuffled = torch.Generator().manual_seed(seed), random.Random(seed)
    aim, centred = torch.softmax(teacher, 1), teacher - teacher.mean(1, keepdim=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-4, fused=True)
    steps = epochs * (len(rows) // ROWS + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + epochs * 2, pct_start=0.1)
    began = time.monotonic()
    for epoch in range(epochs):
        order = list(range(len(rows)))
        shuffled.shuffle(order)
        chunks = []
        for begin in range(0, len(order), ROWS * POOL):
            pool = sorted(order[begin : begin + ROWS * POOL], key=lambda index: len(rows[index]))
            chunks += [pool[at : at + ROWS] for at in range(0, len(pool), ROWS)]
        shuffled.shuffle(chunks)
        total = 0.0
        for chosen in chunks:
            logits = model(*_batch([rows[index] for index in chosen], model.padding, 0.08, draw))
            loss = functional.cross_entropy(logits, aim[chosen])
            loss = loss + 0.1 * functional.mse_loss(logits - logits.mean(1, keepdim=True), centred[chosen])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            schedule.step()
            total += loss.item()
        yield f"epoch {epoch + 1}/{epochs} loss {total / len(chunks):.4f}, {time.monotonic() - began:.0f} s"
