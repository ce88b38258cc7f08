"""The peer to beat: NEIMS (Wei et al., ACS Cent. Sci. 2019, 5, 700), retrained on the same split.

Our own small implementation of the published architecture: a count fingerprint (ECFP4), residual
layers, a bidirectional head, the entropy distance as loss. Trained here and scored on the same test
spectra, by the same code, as the checkpoints it is compared with.

    python benchmarks/neims.py --epochs 40
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from nextims.chemistry.molecule import COUNT_BITS, ECFP_BITS
from nextims.config import DEFAULT_CONFIG, load_config
from nextims.data.examples.features import Batch, Inputs
from nextims.evaluation.assess import assess
from nextims.models.checkpoint import load_model
from nextims.models.heads import BidirectionalHead, Prediction
from nextims.models.layers import ResidualBlock
from nextims.training.losses import entropy_distance, recorded
from nextims.training.runs import mean_scores, split_loader


class Neims(nn.Module):
    """Log counts of ECFP4 to a spectrum."""

    kind = "neims"
    inputs = Inputs()

    def __init__(self, max_mz: int, *, width: int, blocks: int, dropout: float):
        super().__init__()
        self.max_mz = max_mz
        self.first = nn.Parameter(torch.randn(COUNT_BITS, width) * 0.1)
        self.blocks = nn.Sequential(
            *(ResidualBlock(width, width // 2, dropout) for _ in range(blocks)),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.head = BidirectionalHead(width, max_mz)

    def forward(self, batch: Batch) -> Prediction:
        """Return the predicted spectra."""
        is_count = batch.positions >= ECFP_BITS
        values = torch.where(is_count, torch.log1p(batch.values), 0.0)
        positions = torch.where(is_count, batch.positions - ECFP_BITS, 0)
        x = F.embedding_bag(
            positions, self.first, batch.offsets, mode="sum", per_sample_weights=values
        )
        x = self.blocks(x)
        return Prediction(self.head(x, batch.nominal_mass, batch.highest_mz), x)


def train(config, *, epochs: int, width: int, blocks: int) -> Neims:
    """Train NEIMS on the training split; return the weights of the best validation epoch."""
    torch.manual_seed(config.training.seed)
    model = Neims(config.data.max_mz, width=width, blocks=blocks, dropout=0.25)
    loader = split_loader(config, "train", shuffle=True, batch_size=64)
    validation = split_loader(config, "validation", batch_size=64)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-4)
    steps = epochs * len(loader.batch_sampler)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    best, kept = 0.0, model.state_dict()
    for epoch in range(epochs):
        loader.batch_sampler.epoch = epoch
        started = time.time()
        model.train()
        for batch in loader:
            predicted = recorded(model(batch).intensity, batch.recorded)
            loss = entropy_distance(predicted, recorded(batch.spectrum, batch.recorded)).mean()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
        scores = mean_scores(assess(model, validation))
        print(f"epoch {epoch + 1}: {time.time() - started:.0f} s, {scores}", flush=True)
        if scores["entropy_similarity"] > best:
            best = scores["entropy_similarity"]
            kept = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(kept)
    return model


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--width", type=int, default=1000)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument(
        "--checkpoints", type=Path, nargs="*", help="default: the shipped teacher and student"
    )
    arguments = parser.parse_args(argv)
    config = load_config(arguments.config)
    torch.set_num_threads(1)
    paths = arguments.checkpoints or (config.teacher.checkpoint, config.student.checkpoint)
    if missing := [str(path) for path in paths if not path.is_file()]:
        parser.error(f"no such checkpoint: {', '.join(missing)}")
    neims = train(config, epochs=arguments.epochs, width=arguments.width, blocks=arguments.blocks)
    models = {"NEIMS, retrained": neims, **{path.name: load_model(path)[0] for path in paths}}
    table = {}
    for name, model in models.items():
        test = split_loader(config, "test", inputs=model.inputs, batch_size=64)
        table[name] = mean_scores(assess(model, test))
    metrics = list(next(iter(table.values())))
    print(f"\n| model ({len(test.dataset)} test spectra) | " + " | ".join(metrics) + " |")
    print("|---|" + "---|" * len(metrics))
    for name, scores in table.items():
        print(f"| {name} | " + " | ".join(f"{scores[m]:.4f}" for m in metrics) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
