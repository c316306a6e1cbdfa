#!/usr/bin/env python3
"""Trains `src/earmark/answers/reader.npz`: low-rank updates that turn the encoder into a reader.

    pip install torch==2.13.0        (a development tool of this one script; nothing else needs it)
    EARMARK_QMSUM_DIR=… EARMARK_FRIENDSQA_DIR=… EARMARK_MOLWENI_DIR=… python scripts/train_reader.py [EPOCHS]
        [--on [--new LIBRARIES] [--share SHARE]]

The encoder's weights are frozen; each dense layer W gets W + up @ down of rank 32, and the token-type vectors, norms,
biases and a head of one score per token are trained. A sentence's log-odds are the log of the sum over its tokens;
those of a question's windows and 0 for "nothing answers" form one distribution, whose probability of the gold is the
likelihood. Deterministic on one machine: seed 0, two threads, bfloat16 products.
`--on` continues from the existing file, for questions added since: those of the `--new` libraries (comma-separated) are
read in every pass, and `--share` of the others.
`bench/training.py` decides what is trained on and held out. About an hour on two cores.
Source: Hu et al. 2021, arXiv:2106.09685; Clark and Gardner 2018, arXiv:1710.10723.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.retrieval_data import Vectors  # noqa: E402
from bench.training import WEIGHTS, Example, examples  # noqa: E402

from earmark.answers.reader_input import ReaderInput, encode_windows  # noqa: E402
from earmark.retrieval.embedding.embedders import open_tokenizer, read_encoder_weights  # noqa: E402

TARGET = ROOT / "src/earmark/answers/reader.npz"
LAYERS, HEADS, HIDDEN, RANK = 6, 12, 384, 32
SCALE = 2.0
RATE = 5e-4
BATCH_TOKENS = 4_096
LEFT_OUT = frozenset({"qmsum", "asked inside"})
"""Sets excluded from training: their gold is many whole turns, or the question is in the window itself."""
WINDOWS = 5
"""Windows per question and step: up to two that answer, and the best that don't."""
PARTS = {
    "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
    "out": "attention.output.dense", "inner": "intermediate.dense", "outer": "output.dense",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A window as the reader's input, and which of its sentences answer."""

    read: ReaderInput
    gold: tuple[bool, ...]


@dataclass(frozen=True)
class Item:
    """A question's windows, best first."""

    rows: tuple[Row, ...]
    is_answerable: bool
    weight: float
    is_new: bool = True


class Changed(nn.Module):
    """A dense layer with a low-rank update."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = nn.Parameter(bias)
        self.down = nn.Parameter(torch.randn(RANK, weight.shape[1]) / math.sqrt(weight.shape[1]))
        self.up = nn.Parameter(torch.zeros(weight.shape[0], RANK))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) + F.linear(F.linear(x, self.down), self.up) * SCALE


class Layer(nn.Module):
    """One transformer layer."""

    def __init__(self, known: dict[str, Tensor], prefix: str) -> None:
        super().__init__()
        for name, part in PARTS.items():
            setattr(self, name, Changed(known[f"{prefix}{part}.weight"], known[f"{prefix}{part}.bias"]))
        self.attended = norm_of(known, f"{prefix}attention.output.LayerNorm")
        self.whole = norm_of(known, f"{prefix}output.LayerNorm")

    def forward(self, x: Tensor, mask: Tensor, drop: float) -> Tensor:
        size, length, _ = x.shape

        def split(t: Tensor) -> Tensor:
            return t.view(size, length, HEADS, HIDDEN // HEADS).transpose(1, 2)

        scores = split(self.query(x)) @ split(self.key(x)).transpose(2, 3) / math.sqrt(HIDDEN // HEADS)
        context = ((scores + mask).softmax(-1) @ split(self.value(x))).transpose(1, 2).reshape(size, length, HIDDEN)
        x = self.attended(x + F.dropout(self.out(context), drop, self.training))
        return self.whole(x + F.dropout(self.outer(F.gelu(self.inner(x))), drop, self.training))


class Reader(nn.Module):
    """The encoder with its updates: token ids in, a score per token out."""

    def __init__(self) -> None:
        super().__init__()
        known = {name: torch.from_numpy(array.copy()) for name, array in read_encoder_weights().items()}
        self.words = nn.Embedding.from_pretrained(known["embeddings.word_embeddings.weight"])
        self.places = nn.Embedding.from_pretrained(known["embeddings.position_embeddings.weight"])
        self.types = nn.Embedding.from_pretrained(known["embeddings.token_type_embeddings.weight"], freeze=False)
        self.norm = norm_of(known, "embeddings.LayerNorm")
        self.layers = nn.ModuleList(Layer(known, f"encoder.layer.{number}.") for number in range(LAYERS))
        self.head = nn.Linear(HIDDEN, 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor, drop: float) -> Tensor:
        x = self.norm(self.words(ids) + self.places.weight[: ids.shape[1]] + self.types(types))
        hidden = (1 - mask[:, None, None, :].to(torch.bfloat16)) * -10_000.0
        for layer in self.layers:
            x = layer(x, hidden, drop)
        return self.head(x).float().squeeze(-1)


def restore(reader: Reader) -> None:
    """Load a reader's trained parameters: the inverse of `changes_of`."""
    with np.load(TARGET, allow_pickle=False) as file:
        known = {name: torch.from_numpy(file[name].astype(np.float32)) for name in file.files}
    with torch.no_grad():
        for name, place in places_of(reader).items():
            place.copy_(known[name] / SCALE if name.endswith(".up") else known[name])


def norm_of(known: dict[str, Tensor], name: str) -> nn.LayerNorm:
    """Return the encoder's norm of this name, trainable."""
    norm = nn.LayerNorm(HIDDEN, eps=1e-12)
    norm.weight.data, norm.bias.data = known[f"{name}.weight"], known[f"{name}.bias"]
    return norm


def items(found: Sequence[Example], new: frozenset[str]) -> list[Item]:
    """Return usable questions: an answerable one must have its answer among the windows. Without `new`, all are."""
    tokenizer = open_tokenizer()
    listed = []
    for one in found:
        read = encode_windows(
            tokenizer, one.request.standalone.replace("\n", " "), [window.sentences for window in one.windows]
        )
        rows = tuple(
            Row(part, tuple(one.is_gold(said) and last > first
                            for said, (first, last) in zip(window.sentences, part.spans, strict=True)))
            for window, part in zip(one.windows, read, strict=True)
        )  # fmt: skip
        if rows and (not one.is_answerable or any(any(row.gold) for row in rows)):
            is_new = not new or one.source.library.name in new
            listed.append(Item(rows, one.is_answerable, WEIGHTS[one.source.set], is_new))
    return listed


def batches(listed: Sequence[Item], rng: random.Random, share: float) -> list[list[tuple[Item, list[Row]]]]:
    """Return batches of similar length: few distinct shapes are twice as fast."""
    order = [(item, pick(item, rng)) for item in listed if item.is_new or rng.random() < share]
    rng.shuffle(order)
    found: list[list[tuple[Item, list[Row]]]] = []
    for start in range(0, len(order), 512):
        batch: list[tuple[Item, list[Row]]] = []
        for item, rows in sorted(order[start : start + 512], key=lambda pair: width_of(pair[1])):
            size = sum(len(other) for _, other in batch) + len(rows)
            if batch and (size * width_of(rows) > BATCH_TOKENS or width_of(batch[0][1]) != width_of(rows)):
                found.append(batch)
                batch = []
            batch.append((item, rows))
        if batch:
            found.append(batch)
    rng.shuffle(found)
    return found


def pick(item: Item, rng: random.Random) -> list[Row]:
    """Choose windows for one step: those that answer, and some of the best others."""
    right = [row for row in item.rows if any(row.gold)]
    wrong = [row for row in item.rows if not any(row.gold)]
    right = right[:1] + rng.sample(right[1:], 1) if len(right) > 2 else right
    left = WINDOWS - len(right)
    return right + rng.sample(wrong[: 2 * left], min(left, len(wrong[: 2 * left])))


def width_of(rows: Sequence[Row]) -> int:
    """Return the padded length of these windows, a multiple of 32."""
    return -(-max(len(row.read.ids) for row in rows) // 32) * 32


def tensors(rows: Sequence[Row]) -> tuple[Tensor, Tensor, Tensor]:
    """Return ids, types and mask, padded to one of few shapes."""
    width = width_of(rows)
    size = max(len(rows), BATCH_TOKENS // width)
    ids, types, mask = (torch.zeros(size, width, dtype=torch.long) for _ in range(3))
    for number, row in enumerate(rows):
        length = len(row.read.ids)
        ids[number, :length] = torch.tensor(row.read.ids)
        types[number, row.read.question_size : length] = 1
        mask[number, :length] = 1
    return ids, types, mask


def loss_of(logits: Tensor, batch: Sequence[tuple[Item, list[Row]]]) -> Tensor:
    """Return the mean of -log of the probability of the gold."""
    total, weights, first = torch.zeros(()), 0.0, 0
    for item, rows in batch:
        odds, gold = [], []
        for number, row in enumerate(rows, first):
            for (start, end), is_gold in zip(row.read.spans, row.gold, strict=True):
                if end > start:
                    odds.append(torch.logsumexp(logits[number, start:end], 0))
                    gold.append(is_gold)
        first += len(rows)
        known = torch.stack(odds)
        loss = torch.logsumexp(torch.cat([torch.zeros(1), known]), 0)
        if item.is_answerable:
            loss = loss - torch.logsumexp(known[torch.tensor(gold)], 0)
        total, weights = total + item.weight * loss, weights + item.weight
    return total / weights


def train(reader: Reader, listed: Sequence[Item], epochs: float, share: float) -> None:
    """Train with a warm-up and decay of the learning rate."""
    rng = random.Random(0)
    learned = [one for one in reader.parameters() if one.requires_grad]
    body = [one for name, one in reader.named_parameters() if one.requires_grad and not name.startswith("head")]
    groups = [{"params": body}, {"params": list(reader.head.parameters()), "lr": 3 * RATE}]
    optimiser = torch.optim.AdamW(groups, lr=RATE, weight_decay=0.01)
    steps = int(len(batches(listed, random.Random(0), share)) * epochs)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda at: min(1.0, (at + 1) / (0.06 * steps)) * max(0.02, 1 - at / steps)
    )
    started, losses = time.monotonic(), []
    for step, batch in enumerate(endless(listed, rng, share)):
        if step == steps:
            break
        ids, types, mask = tensors([row for _, rows in batch for row in rows])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = reader(ids, types, mask, 0.1)
        loss = loss_of(logits, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        losses.append(float(loss.detach()))
        if step % 100 == 99:
            print(
                f"{step + 1} of {steps}: loss {np.mean(losses[-100:]):.3f}, {time.monotonic() - started:.0f} s",
                flush=True,
            )


def endless(listed: Sequence[Item], rng: random.Random, share: float) -> Iterator[list[tuple[Item, list[Row]]]]:
    """Yield batches endlessly, shuffled in each epoch."""
    while True:
        yield from batches(listed, rng, share)


def places_of(reader: Reader) -> dict[str, Tensor]:
    """Return the trained parameters, under the names that `answers/reader.py` reads."""
    found: dict[str, Tensor] = {
        "embeddings.token_type_embeddings.weight": reader.types.weight,
        "embeddings.LayerNorm.weight": reader.norm.weight,
        "embeddings.LayerNorm.bias": reader.norm.bias,
        "head.weight": reader.head.weight,
        "head.bias": reader.head.bias,
    }
    for number, layer in enumerate(reader.layers):
        prefix = f"encoder.layer.{number}."
        for name, part in PARTS.items():
            one = getattr(layer, name)
            found |= {f"{prefix}{part}.up": one.up, f"{prefix}{part}.down": one.down, f"{prefix}{part}.bias": one.bias}
        for norm, part in ((layer.attended, "attention.output.LayerNorm"), (layer.whole, "output.LayerNorm")):
            found |= {f"{prefix}{part}.weight": norm.weight, f"{prefix}{part}.bias": norm.bias}
    return found


def changes_of(reader: Reader) -> dict[str, np.ndarray]:
    """Return the trained parameters, in half precision."""
    return {
        name: (value.detach() * (SCALE if name.endswith(".up") else 1.0)).numpy().astype(np.float16)
        for name, value in places_of(reader).items()
    }


def main() -> None:
    """Load the data, train, and write the file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("epochs", type=float, nargs="?", default=2.0)
    parser.add_argument("--on", action="store_true")
    parser.add_argument("--new", type=lambda text: frozenset(text.split(",")), default=frozenset())
    parser.add_argument("--share", type=float, default=1.0)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(2)
    vectors = Vectors(threads=2)
    found = [one for one in examples(vectors) if not one.is_held_out and one.source.set not in LEFT_OUT]
    vectors.save()
    listed = items(found, options.new)
    print(f"{len(listed)} questions, {sum(one.is_new for one in listed)} new", flush=True)
    reader = Reader()
    if options.on:
        restore(reader)
    train(reader, listed, options.epochs, options.share)
    np.savez(TARGET, **changes_of(reader))
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
