#!/usr/bin/env python3
"""Trains `src/earmark/answers/weights.npz` and `thresholds.py`: sentence scores and refusal thresholds.

    pip install torch==2.13.0        (a development tool of the training scripts; nothing else needs it)
    EARMARK_QMSUM_DIR=… EARMARK_FRIENDSQA_DIR=… EARMARK_MOLWENI_DIR=… python scripts/train_answers.py

Run it after `train_reader.py`. First a network with one hidden layer is trained on the signals of all questions that
are not held out. Then three numbers are fitted on the held-out ones: the weights of its and the reader's log-odds, and
a bias. Last, the thresholds: at most 4 % of answerable questions may be judged off topic, 5 % refused in all, and 10 %
called doubtful, every set counting the same. `bench/training.py` decides what is held out.
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.answers import of_others  # noqa: E402
from bench.asked import Source, request_of  # noqa: E402
from bench.retrieval_data import Vectors  # noqa: E402
from bench.training import WEIGHTS, Example, examples  # noqa: E402
from bench.written import chats, personal, sample  # noqa: E402

from earmark.answers.features import SIGNALS  # noqa: E402
from earmark.answers.reader import Reader  # noqa: E402
from earmark.answers.scoring import CLIP, read_sentences  # noqa: E402
from earmark.answers.windows import windows_of  # noqa: E402

FOLDER = ROOT / "src/earmark/answers"
HIDDEN, EPOCHS, RATE, BATCH = 32, 10, 3e-3, 32
OFF_TOPIC, REFUSED, DOUBTFUL = 0.04, 0.05, 0.15
_SMALL = ("friendsqa",)
"""Sets with so little text that all of it is read, whatever its topic."""
_OF_OTHERS = 25
_MOST_READ = 110
"""Questions of a held-out library that the reader scores at most."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """A question's sentences: their signals, gold, and (if read) the reader's log-odds."""

    set: str
    signals: Floats
    gold: NDArray[np.bool_]
    is_answerable: bool
    topic: tuple[float, float]
    read: Floats | None = None


def describe(one: Example, vectors: Vectors, reader: Reader | None) -> Known | None:
    """Return the signals of a question's sentences; None if it is unusable for training."""
    found = one.evidence(vectors)
    gold = one.gold_mask([said.sentence for said in found.sentences])
    if not found.sentences or (one.is_answerable and not gold.any()):
        return None
    read = None if reader is None else read_sentences(reader, one.request, one.windows)
    topic = (found.moment, found.named)
    return Known(one.source.set, found.matrix(), gold, one.is_answerable, topic, read)


class Network(nn.Module):
    """Signals in, log-odds out: a hidden layer in parallel with a linear one."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(len(SIGNALS), HIDDEN)
        self.outer = nn.Linear(HIDDEN, 1, bias=False)
        self.direct = nn.Linear(len(SIGNALS), 1)
        nn.init.zeros_(self.direct.weight)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.dropout(F.relu(self.inner(x)), 0.1, self.training)
        return (self.outer(hidden) + self.direct(x)).squeeze(-1)


def loss_of(odds: Tensor, gold: Tensor, is_answerable: bool) -> Tensor:
    """Return -log of the probability of the gold sentences, or of "nothing answers"."""
    whole = torch.logsumexp(torch.cat([torch.zeros(1), odds]), 0)
    return whole - torch.logsumexp(odds[gold], 0) if is_answerable else whole


def learn_network(known: Sequence[Known]) -> tuple[Network, Floats, Floats]:
    """Train and return the network, and the mean and spread of the signals."""
    torch.manual_seed(0)
    rng = random.Random(0)
    every = np.concatenate([one.signals for one in known])
    mean, spread = every.mean(0), every.std(0) + 1e-6
    inputs = [torch.from_numpy((one.signals - mean) / spread).clamp(-CLIP, CLIP) for one in known]
    golds = [torch.from_numpy(one.gold) for one in known]
    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    steps = EPOCHS * (len(known) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1)
    for _ in range(EPOCHS):
        order = list(range(len(known)))
        rng.shuffle(order)
        for start in range(0, len(known) // BATCH * BATCH, BATCH):
            chosen = order[start : start + BATCH]
            odds = torch.split(network(torch.cat([inputs[at] for at in chosen])), [len(inputs[at]) for at in chosen])
            shares = [WEIGHTS[known[at].set] for at in chosen]
            losses = [
                share * loss_of(one, golds[at], known[at].is_answerable)
                for share, one, at in zip(shares, odds, chosen, strict=True)
            ]
            loss = torch.stack(losses).sum() / sum(shares)
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
    return network.eval(), mean, spread


def weights_of(network: Network, mean: Floats, spread: Floats, together: Sequence[float]) -> dict[str, Floats]:
    """Return the arrays that `answers/scoring.py` reads."""
    return {
        "mean": mean, "spread": spread, "inner": network.inner.weight.detach().numpy().T,
        "inner_bias": network.inner.bias.detach().numpy(), "outer": network.outer.weight.detach().numpy()[0],
        "direct": network.direct.weight.detach().numpy()[0], "bias": network.direct.bias.detach().numpy()[0],
        "together": np.array(together, np.float32),
    }  # fmt: skip


def learn_together(known: Sequence[Known], odds: Sequence[Floats]) -> list[float]:
    """Fit the weights of both log-odds and the bias; each set counts the same."""
    counts: defaultdict[str, int] = defaultdict(int)
    for one in known:
        counts[one.set] += 1
    values = torch.tensor([0.7, 0.7, 0.0], requires_grad=True)
    optimiser = torch.optim.LBFGS([values], max_iter=100)
    pairs = [(torch.from_numpy(a), torch.from_numpy(one.read), torch.from_numpy(one.gold), one)
             for a, one in zip(odds, known, strict=True)]  # fmt: skip

    def closure() -> Tensor:
        optimiser.zero_grad()
        losses = [
            loss_of(values[0] * a + values[1] * b + values[2], gold, one.is_answerable) / counts[one.set]
            for a, b, gold, one in pairs
        ]
        loss = torch.stack(losses).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return [float(value) for value in values.detach()]


def quantile(values: dict[str, list[float]], share: float) -> float:
    """Return this quantile over the answerable questions, every set counting the same."""
    scores = np.concatenate([np.array(one) for one in values.values()])
    weights = np.concatenate([np.full(len(one), 1 / len(one)) for one in values.values()])
    order = np.argsort(scores, kind="stable")
    below = np.cumsum(weights[order]) / weights.sum()
    return float(scores[order][min(len(order) - 1, int(np.searchsorted(below, share)))])


def learn_topic(answered: Sequence[Sequence[float]], others: Sequence[Sequence[float]]) -> Floats:
    """Fit non-negative weights of the topic signals."""
    matrix = np.array([*answered, *others], np.float32)
    spread = matrix.std(0) + 1e-6
    truth = torch.tensor([1.0] * len(answered) + [0.0] * len(others))
    shares = torch.tensor([1 / len(answered)] * len(answered) + [1 / len(others)] * len(others))
    weights, bias = torch.full((matrix.shape[1],), 1.0, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=200)
    inputs = torch.from_numpy((matrix - matrix.mean(0)) / spread)

    def closure() -> Tensor:
        optimiser.zero_grad()
        logits = inputs @ weights.clamp(min=0) + bias
        loss = (shares * F.binary_cross_entropy_with_logits(logits, truth, reduction="none")).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return weights.detach().clamp(min=0).numpy() / spread


def others(vectors: Vectors, reader: Reader) -> list[Known]:
    """Return the signals of questions asked of other people's recordings."""
    people: list[Source] = [*personal("dev", vectors), *chats("dev", vectors), *sample(vectors, "seen")]
    found = []
    for source in of_others(people, people, _OF_OTHERS):
        for query in source.queries:
            request = request_of(source, query, vectors)
            known = describe(Example(source, query, True, request, tuple(windows_of(request))), vectors, reader)
            if known is not None:
                found.append(known)
    return found


THRESHOLDS = '''"""From which sums on evidence answers. Written by `scripts/train_answers.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TOPIC: Final[Mapping[str, float]] = {{
    "moment": {plain[0]:.3f},
    "named": {plain[1]:.3f},
}}
TOPIC_FROM: Final = {plain_from:.3f}
TOPIC_READ: Final[Mapping[str, float]] = {{
    "moment": {read[0]:.3f},
    "named": {read[1]:.3f},
    "odds": {read[2]:.3f},
}}
TOPIC_READ_FROM: Final = {read_from:.3f}
"""Below these sums the question's topic never came up (the second where the reader has read)."""

SAID_FROM: Final = {said:.3f}
DOUBTFUL_FROM: Final = {doubtful:.3f}
"""Log-odds that anything answers: from the first on it does, from the second on it may."""
'''


def whole_odds(one: Known, by_signals: Floats, together: Sequence[float]) -> float:
    """Return the log-odds that any sentence answers."""
    assert one.read is not None
    odds = together[0] * by_signals + together[1] * one.read + together[2]
    return float(np.logaddexp.reduce(odds.astype(np.float64)))


def thresholds(held: Sequence[tuple[Known, float]], strangers: Sequence[tuple[Known, float]]) -> str:
    """Render `thresholds.py` from questions with the log-odds that anything answers."""
    answered = [(one, odds) for one, odds in held if one.is_answerable and one.set not in ("molweni", "asked inside")]
    far = [(one, odds) for one, odds in answered if one.set not in _SMALL]
    plain = learn_topic([one.topic for one, _ in far], [one.topic for one, _ in strangers])
    read = learn_topic([(*one.topic, odds) for one, odds in far], [(*one.topic, odds) for one, odds in strangers])
    sums: dict[str, defaultdict[str, list[float]]] = {name: defaultdict(list) for name in ("plain", "read", "odds")}
    for one, odds in far:
        sums["plain"][one.set].append(float(np.dot(plain, one.topic)))
        sums["read"][one.set].append(float(np.dot(read, (*one.topic, odds))))
    for one, odds in answered:
        sums["odds"][one.set].append(odds)
    return THRESHOLDS.format(
        plain=plain, read=read, plain_from=quantile(sums["plain"], OFF_TOPIC), read_from=quantile(sums["read"], OFF_TOPIC),
        said=quantile(sums["odds"], DOUBTFUL), doubtful=quantile(sums["odds"], REFUSED),
    )  # fmt: skip


def compare(held: Sequence[Known], odds: Sequence[Floats], together: Sequence[float]) -> None:
    """Print per held-out set: how often the top sentence answers, and gold's probability."""
    ways = {"signals": (1.0, 0.0, 0.0), "reader": (0.0, 1.0, 0.0), "together": tuple(together)}
    for name in sorted({one.set for one in held}):
        for way, (first, second, bias) in ways.items():
            top, mass = [], []
            for one, mine in zip(held, odds, strict=True):
                if one.set == name and one.is_answerable:
                    values = np.exp((first * mine + second * one.read + bias).astype(np.float64))
                    top.append(one.gold[values.argmax()])
                    mass.append(values[one.gold].sum() / (1 + values.sum()))
            print(f"{name}, {way}: {len(top)} questions, first right {np.mean(top):.3f}, mass {np.mean(mass):.3f}")


def main() -> None:
    """Compute signals, train, and write the files."""
    vectors = Vectors(threads=2)
    reader = Reader(threads=2)
    learned: list[Known] = []
    held: list[Known] = []
    counts: defaultdict[str, int] = defaultdict(int)
    for one in examples(vectors):
        name = f"{one.source.set} {one.source.library.name}"
        if one.is_held_out and counts[name] >= _MOST_READ:
            continue
        counts[name] += one.is_held_out
        known = describe(one, vectors, reader if one.is_held_out else None)
        if known is not None:
            (held if one.is_held_out else learned).append(known)
    vectors.save()
    network, mean, spread = learn_network(learned)

    def by_signals(one: Known) -> Floats:
        with torch.no_grad():
            scaled = torch.from_numpy((one.signals - mean) / spread).clamp(-CLIP, CLIP)
            return np.asarray(network(scaled).numpy(), np.float32)

    odds = [by_signals(one) for one in held]
    together = learn_together(held, odds)
    np.savez(FOLDER / "weights.npz", **weights_of(network, mean, spread, together))
    known = [(one, whole_odds(one, mine, together)) for one, mine in zip(held, odds, strict=True)]
    strangers = [(one, whole_odds(one, by_signals(one), together)) for one in others(vectors, reader)]
    text = thresholds(known, strangers)
    (FOLDER / "thresholds.py").write_text(text, encoding="utf-8")
    print(f"{len(learned)} learned from, {len(held)} held out; together {together}\n{text}")
    compare(held, odds, together)


if __name__ == "__main__":
    main()
