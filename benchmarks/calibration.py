"""Does the teacher know when it errs? Its predicted uncertainty beside the true errors.

    python benchmarks/calibration.py --plot reliability.png
    python benchmarks/calibration.py --choices

Predicts the test split with and without dropout and prints, in Markdown: how the deviations of the
passes follow the errors, of whole spectra and of single peaks; how the expected similarity (what
predict.py --uncertainty says) follows the measured one; the reliability tables, in groups of equal
numbers. --plot draws these tables. --choices shows what the expected similarity would be worth if
it were made from other quantities, by cross-validation within the validation split.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from nextims.chemistry.molecule import first_block
from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.evaluation.calibration import Calibration, fit_similarity
from nextims.evaluation.reliability import (
    calibration_error,
    equal_groups,
    pearson,
    reliability_table,
    spearman,
)
from nextims.evaluation.uncertainty import FORETOLD, UncertaintyScores, calibrate
from nextims.models.checkpoint import CheckpointError, load_model
from nextims.models.teacher import Teacher
from nextims.training.teacher import uncertainty_scores
from tables import DATA, Row, write_rows

BATCH_SIZE = 64
FOLDS = 10
# Of Okabe and Ito, told apart with any colour vision; the shapes differ as well.
BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#666666"


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    arguments = _parse(argv)
    try:
        _check_plot(arguments.plot)
        config = load_config(arguments.config)
        path = arguments.checkpoint or config.teacher.checkpoint
        model, checkpoint = load_model(path)
        if not isinstance(model, Teacher):
            raise CheckpointError(f"{path}: holds a {checkpoint.kind}, expected a teacher")
        calibration = None if arguments.refit else _calibration(path, checkpoint.metadata)
        passes = calibration.passes if calibration else config.teacher.mc_samples
        common = {"passes": passes, "batch_size": BATCH_SIZE}
        if arguments.refit or arguments.choices:
            validation = uncertainty_scores(config, model, "validation", **common)
        test = uncertainty_scores(config, model, "test", **common)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    calibration = calibration or calibrate(validation)
    print(
        f"{path}: {len(test.row)} test spectra, {test.passes} passes; calibrated on "
        f"{calibration.spectra} validation spectra"
    )
    print_tables(calibration, test)
    if arguments.choices:
        print_choices(config, validation, test)
    if arguments.rows is not None:
        write_rows(arguments.rows, _rows(calibration, test))
    if arguments.plot is not None:
        plot(calibration, test, arguments.plot)
        print(f"\nplotted: {arguments.plot}")
    return 0


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--checkpoint", type=Path, help="default: teacher.checkpoint")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw the tables (.png, .svg or .pdf)"
    )
    parser.add_argument(
        "--refit",
        action="store_true",
        help="calibrate on the validation split instead of taking the checkpoint's calibration",
    )
    parser.add_argument("--choices", action="store_true", help="compare sets of quantities")
    parser.add_argument("--rows", type=Path, metavar="CSV", help="for the tables of results/")
    return parser.parse_args(argv)


def _check_plot(path: Path | None) -> None:
    if path is None:
        return
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UserError(f"{path}: a plot is written as .png, .svg or .pdf")
    if not path.parent.is_dir():
        raise UserError(f"{path}: the folder {path.parent} does not exist")
    try:
        import matplotlib  # noqa: F401 - that it is there, before an hour's work
    except ImportError as error:
        raise UserError("--plot needs matplotlib: pip install matplotlib") from error


def _calibration(path: Path, metadata: Mapping) -> Calibration:
    try:
        return Calibration.from_metadata(metadata)
    except ValueError as error:
        raise ValueError(f"{path}: {error} (or --refit)") from error


def agreement(calibration: Calibration, scores: UncertaintyScores) -> dict[str, Any]:
    """Return how well a calibration foretells errors that it was not fitted to.

    Returns:
        ``spectra``, their number; ``deviation``, correlation of each spectrum's summed deviation
        with its error (one less the entropy similarity); ``peak_deviation``, that of the peaks'
        deviations with their absolute errors; and for each similarity that is foretold, its
        correlation with the measured one, the ``calibration_error``, and the share of spectra
        ``in_middle_half`` of what was foretold (ideally 0.5).
    """
    error = 1 - scores.similarity["entropy_similarity"]
    found: dict[str, Any] = {
        "spectra": len(scores.row),
        "deviation": _correlation(scores.quantities["deviation"], error),
        "peak_deviation": _correlation(scores.peak_deviation, np.abs(scores.peak_error)),
    }
    for name, expected in calibration.expect(scores.quantities).items():
        measured = scores.similarity[name]
        inside = (measured >= expected.lower) & (measured <= expected.upper)
        found[name] = {
            **_correlation(expected.mean, measured),
            "calibration_error": calibration_error(expected.mean, measured),
            "in_middle_half": float(inside.mean()),
        }
    return found


def _rows(calibration: Calibration, test: UncertaintyScores) -> Iterator[Row]:
    """Yield what ``agreement`` found as rows for ``write_rows``."""
    found, of = agreement(calibration, test), ("teacher", DATA, "test by InChIKey")
    for name, what in {
        "deviation": "a spectrum's summed deviation with its error",
        "peak_deviation": "single peaks' deviations with their errors",
    }.items():
        yield (*of, f"rank correlation of {what}", found[name]["spearman"])
    for name in FORETOLD:
        yield (*of, f"rank correlation of expected and measured {name}", found[name]["spearman"])
        yield (*of, f"expected calibration error of {name}", found[name]["calibration_error"])
        share = 100 * found[name]["in_middle_half"]
        yield (*of, f"spectra in the middle half that is foretold, {name}, %", share)


def _correlation(predicted: np.ndarray, measured: np.ndarray) -> dict[str, float]:
    return {"spearman": spearman(predicted, measured), "pearson": pearson(predicted, measured)}


def print_tables(calibration: Calibration, test: UncertaintyScores) -> None:
    """Print correlations and reliability tables."""
    found = agreement(calibration, test)
    print("\n| predicted and true | Spearman | Pearson |\n|---|---|---|")
    rows = {
        f"a spectrum's summed deviation, 1 - entropy similarity ({found['spectra']})": "deviation",
        f"a peak's deviation, absolute error ({len(test.peak_error):,})": "peak_deviation",
        **{f"expected and measured {name.replace('_', ' ')}": name for name in FORETOLD},
    }
    for label, name in rows.items():
        print(f"| {label} | {found[name]['spearman']:.3f} | {found[name]['pearson']:.3f} |")
    print("\n| similarity | expected calibration error | in the middle half |\n|---|---|---|")
    for name in FORETOLD:
        part = found[name]
        print(
            f"| {name.replace('_', ' ')} | {part['calibration_error']:.4f} | "
            f"{part['in_middle_half']:.1%} |"
        )
    for name, expected in calibration.expect(test.quantities).items():
        print(f"\n| expected {name.replace('_', ' ')} | measured | quartiles | spectra |")
        print("|---|---|---|---|")
        for row in reliability_table(expected.mean, test.similarity[name]):
            quartiles = f"{row.lower:.3f}–{row.upper:.3f}"
            print(f"| {row.expected:.3f} | {row.measured:.3f} | {quartiles} | {row.number} |")
    print("\nPeaks, of base peak 1")
    print("\n| deviation of the passes | calibrated | root mean square error | peaks |")
    print("|---|---|---|---|")
    for raw, calibrated, error, number in peak_table(calibration, test):
        print(f"| {raw:.4f} | {calibrated:.4f} | {error:.4f} | {number:,} |")


def peak_table(
    calibration: Calibration, test: UncertaintyScores, groups: int = 10
) -> list[tuple[float, float, float, int]]:
    """Return root mean squares of deviations, calibrated ones and errors, and the peaks' number.

    In groups of equal numbers, the peaks of the lowest deviation first.
    """

    def root_mean_square(values: np.ndarray) -> float:
        return float(np.sqrt((values**2).mean()))

    calibrated = calibration.error(test.peak_deviation)
    return [
        (
            root_mean_square(test.peak_deviation[group]),
            root_mean_square(calibrated[group]),
            root_mean_square(test.peak_error[group]),
            len(group),
        )
        for group in equal_groups(test.peak_deviation, groups)
    ]


def print_choices(config: Config, validation: UncertaintyScores, test: UncertaintyScores) -> None:
    """Print the error of the expected similarity for each set of quantities."""
    with SpectrumStore(config.data.store) as store:
        inchikeys = store.column("inchikey")
    # Replicates and stereoisomers stay in one fold.
    _, molecule = np.unique(
        [first_block(inchikeys[row]) for row in validation.row], return_inverse=True
    )
    order = np.random.default_rng(config.training.seed).permutation(molecule.max() + 1)
    fold = order[molecule] % FOLDS
    print(
        f"\nRoot mean square error of the expected similarity, {FOLDS}-fold cross-validation "
        "within validation; and rank correlation on the test split when fitted to all of validation"
    )
    print("\n| from | " + " | ".join(f"{n}, error | {n}, test" for n in FORETOLD) + " |")
    print("|---|" + "---|" * 2 * len(FORETOLD))
    names = list(validation.quantities)
    for names_here in (c for size in range(1, len(names) + 1) for c in combinations(names, size)):
        cells = []
        for name in FORETOLD:
            known = {q: validation.quantities[q] for q in names_here}
            similarity = validation.similarity[name]
            error = cross_validated_error(known, similarity, fold)
            fitted = fit_similarity(known, similarity).expect(test.quantities).mean
            cells += [f"{error:.4f}", f"{spearman(fitted, test.similarity[name]):.3f}"]
        print(f"| {' + '.join(names_here)} | " + " | ".join(cells) + " |")


def cross_validated_error(
    quantities: Mapping[str, np.ndarray], similarity: np.ndarray, fold: np.ndarray
) -> float:
    """Return the root mean square error of similarities expected by fits to the other folds."""
    expected = np.empty(len(similarity))
    for number in np.unique(fold):
        there, here = fold != number, fold == number
        fitted = fit_similarity({q: v[there] for q, v in quantities.items()}, similarity[there])
        expected[here] = fitted.expect({q: v[here] for q, v in quantities.items()}).mean
    return float(np.sqrt(((expected - similarity) ** 2).mean()))


def plot(calibration: Calibration, test: UncertaintyScores, path: Path) -> None:
    """Draw expected against measured similarities, and deviations of peaks against errors."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(FORETOLD) + 1, figsize=(12, 4), layout="constrained")
    for axis, (name, expected) in zip(
        axes, calibration.expect(test.quantities).items(), strict=False
    ):
        measured = test.similarity[name]
        table = reliability_table(expected.mean, measured)
        at, mean = [row.expected for row in table], np.array([row.measured for row in table])
        lower, upper = ([getattr(row, end) for row in table] for end in ("lower", "upper"))
        axis.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfect")
        axis.scatter(expected.mean, measured, s=3, color=GREY, alpha=0.25, label="a spectrum")
        axis.vlines(at, lower, upper, color=BLUE, linewidth=2, label="middle half of a tenth")
        axis.plot(at, mean, "o", color=VERMILION, label="mean of a tenth")
        label = name.replace("_", " ")
        axis.set(
            xlabel=f"expected {label}", ylabel=f"measured {label}", xlim=(0, 1.02), ylim=(0, 1.02)
        )
        axis.legend(loc="upper left", frameon=False, fontsize="small")
    raw, calibrated, error, _ = zip(*peak_table(calibration, test), strict=True)
    axis, ends = axes[-1], (min(calibrated + error) / 2, max(calibrated + error) * 2)
    axis.plot(ends, ends, color=GREY, linestyle="--", linewidth=1, label="perfect")
    axis.plot(raw, error, "s", color=BLUE, label="as the passes deviate")
    axis.plot(calibrated, error, "o", color=VERMILION, label="calibrated")
    axis.set(
        xscale="log",
        yscale="log",
        xlabel="deviation of a peak (base peak 1)",
        ylabel="root mean square error of a tenth",
    )
    axis.legend(loc="upper left", frameon=False, fontsize="small")
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


if __name__ == "__main__":
    sys.exit(main())
