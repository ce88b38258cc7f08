"""Does the student know when it errs? The similarity that it foretells beside the measured one.

    python benchmarks/trust.py

Prints and writes, for the test split and each library in it, the root of the mean squared error of
the expected similarity, its rank correlation with the measured one, and the share of spectra in
what was foretold as the middle half. Then the same of libraries left out: what is learned from the
errors of a student on one half of the data, foretells those of another on libraries of the other
half, neither having seen any spectrum of them. Both students are those of ``nextims train trust``,
and are trained if they are not there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.evaluation.reliability import spearman
from nextims.evaluation.trust import SIMILARITIES, Trust, fit_trust, trust_path
from nextims.models.checkpoint import load_model
from nextims.spectra.uncertainty import Expectation
from nextims.training.left_out import LeftOut, of_halves, of_split
from nextims.training.parallel.launch import start
from nextims.training.trust import StoredMolecules
from tables import DATA, markdown_table, write_rows

# Of fewer spectra a correlation says little.
_FEWEST = 20


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--output", type=Path, metavar="CSV", help="where the figures are written")
    arguments = parser.parse_args(argv)
    try:
        config = load_config(arguments.config)
        start(config.training)
        rows = [*tested(config), *left_out(config)]
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    head = ("spectra of", "similarity", "n", "rms error", "rank correlation", "in middle half")
    print(markdown_table(head, ([str(cell) for cell in row] for row in rows)))
    if arguments.output:
        figures = (
            ("student", DATA, split, f"{title} of {similarity}", float(value))
            for split, similarity, _, *values in rows
            for title, value in zip(head[3:], values, strict=True)
        )
        write_rows(arguments.output, figures)
    return 0


def tested(config: Config) -> Iterator[tuple[object, ...]]:
    """Yield the figures of the test split: all of it, and each library."""
    trust = Trust.load(trust_path(config.student.checkpoint))
    student, _ = load_model(config.student.checkpoint)
    part, molecules = of_split(config, student, "test"), StoredMolecules(config)
    yield from _figures(config, trust, part, molecules, "test split", whole=True)


def left_out(config: Config) -> Iterator[tuple[object, ...]]:
    """Yield the figures of each library that is wholly in one half."""
    student, _ = load_model(config.student.checkpoint)
    molecules = StoredMolecules(config)
    parts = list(of_halves(config, student, config.student.checkpoint.with_name("left_out")))
    for half, (own, other) in enumerate((parts, parts[::-1]), start=1):
        values = fit_trust(
            molecules.quantities(own), own.similarity, 1 / molecules.spectra_of(own.rows)
        )
        trust = Trust(molecules.known(other.learned), values, "")
        title = f"left out by half {half}"
        yield from _figures(config, trust, other, molecules, title, whole=False)


def _figures(
    config: Config,
    trust: Trust,
    part: LeftOut,
    molecules: StoredMolecules,
    title: str,
    *,
    whole: bool,
) -> Iterator[tuple[object, ...]]:
    with SpectrumStore(config.data.store) as store:
        libraries = np.array(store.column("source"))[part.rows]
    expected = [
        each
        for i in range(0, len(part.rows), 256)
        for each in trust.expect(
            molecules.of(part.rows[i : i + 256]), part.intensity[i : i + 256].astype(float)
        )
    ]
    groups = {"all": np.ones(len(libraries), bool)} if whole else {}
    groups |= {name: libraries == name for name in sorted(set(libraries))}
    for name, here in groups.items():
        if here.sum() < _FEWEST:
            continue
        for similarity in SIMILARITIES:
            mean, lower, upper = (
                np.array([getattr(each[similarity], field) for each in expected])[here]
                for field in Expectation._fields
            )
            measured = part.similarity[similarity][here]
            yield (
                f"{title}, {name}",
                similarity,
                int(here.sum()),
                f"{np.sqrt(np.mean((mean - measured) ** 2)):.3f}",
                f"{spearman(mean, measured):.2f}",
                f"{np.mean((measured >= lower) & (measured <= upper)):.2f}",
            )


if __name__ == "__main__":
    sys.exit(main())
