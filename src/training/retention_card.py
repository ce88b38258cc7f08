"""The card of the model of retention indices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..data.library.retention import PNNL
from ..files.writing import write_text_whole
from .card_figures import FIGURES, card_path

_OF_PNNL = """\
- PNNL's indices are of a ladder of fatty acid methyl esters, put on the scale of n-alkanes
  (`nextims.data.library.retention`).
"""


def write_retention_card(
    path: Path, settings: Mapping[str, Any], sources: Iterable[frozenset[str]]
) -> None:
    """Write the card beside the model.

    Args:
        path: the model's.
        settings: what it says of itself.
        sources: libraries that measured each molecule.
    """
    of_source = Counter(source for each in sources for source in each if source != "definition")
    libraries = ", ".join(f"{name} {number}" for name, number in of_source.most_common())
    scale = _OF_PNNL if PNNL in of_source else ""
    metrics, with_outliers = settings["metrics"], settings["metrics_with_outliers"]
    rows = (
        ("median absolute error", "median", "{:.1f}"),
        ("mean absolute error", "mean", "{:.1f}"),
        ("mean absolute error, %", "mean_percent", "{:.2f}"),
        ("within 5 %", "within_5_percent", "{:.1%}"),
        ("molecules", "molecules", "{}"),
    )
    table = "\n".join(
        f"| {label} | {form.format(metrics[name])} | {form.format(with_outliers[name])} |"
        for label, name, form in rows
    )
    text = f"""\
# {path.name}

Retention index (n-alkanes, 100 a carbon atom) on columns of 5 % phenyl polysiloxane, with the
interval that holds it in nine of ten cases; a Gaussian process on counted groups
and descriptors of size and shape. NumPy alone reads it.

## Where it comes from
- NExtIMS {settings["version"]}, commit {settings["commit"]}, seed {settings["seed"]}, finished \
{settings["finished"][:10]}.
- Indices of {settings["molecules"]:,} molecules of {settings["source"]}, the replicates of each
  merged, and the n-alkanes C6 to C40, whose index is defined. Molecules by source: {libraries}.
  SHA-256 of the store: `{settings["data"]}`.
{scale}- What is left out, and why: `{path.stem}.left_out.csv`.

## {FIGURES}
Five-fold cross-validation by the first block of the InChIKey; the weights themselves are of all
folds. Outliers are measured indices more than four deviations from what like molecules let expect.

| | without outliers | all |
| --- | --- | --- |
{table}

## Limits
- 5 % phenyl columns (DB-5, HP-5, Rxi-5 and the like) alone; on 100 % dimethyl polysiloxane (DB-1)
  aromatic and polar compounds come earlier.
- Of what is unlike these molecules the interval is wide, and deserves to be.
- An index depends on how the oven is heated: laboratories differ.
- Stereoisomers have one index here; a derivative is predicted as it is drawn.

## Licence
The code is under the MIT licence. The weights follow the terms of the records that they were
fitted to, as those of the other models do: most forbid commercial use and ask for attribution.
"""
    write_text_whole(card_path(path), text)
