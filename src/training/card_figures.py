"""The figures in a model card, and sections that are measured after the training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..evaluation.intervals import Summary
from ..files.writing import write_text_whole
from ..models.checkpoint import CheckpointError, load_content

FIGURES = "How good it is"
_LABELS = {"bde_error": "BDE", "bdfe_error": "BDFE"}


def card_path(checkpoint: Path) -> Path:
    """Return where a checkpoint's model card is.

    Example:
        >>> from pathlib import Path
        >>> from nextims.training.card_figures import card_path
        >>> card_path(Path("checkpoints/bde/bde.pt")).name
        'bde.MODEL_CARD.md'
    """
    return checkpoint.with_name(f"{checkpoint.stem}.MODEL_CARD.md")


def add_section(checkpoint: Path, title: str, text: str) -> None:
    """Put a section into the model card of a checkpoint, in the place of one of that title.

    No line of its text begins with ``## ``.

    Raises:
        CheckpointError: there is no card.
    """
    path = card_path(checkpoint)
    if not path.is_file():
        raise CheckpointError(f"{path}: no such model card to write into")
    head, *sections = path.read_text(encoding="utf-8").split("\n## ")
    titles = [section.partition("\n")[0] for section in sections]
    new = f"{title}\n{text.strip()}\n"
    if title in titles:
        sections[titles.index(title)] = new
    else:  # before what the model cannot do and who may use it
        place = titles.index("Limits") if "Limits" in titles else len(titles)
        sections.insert(place, new)
    write_text_whole(path, "\n## ".join([head, *sections]))


def add_test_figures(checkpoint: Path, test: Summary, number: str) -> None:
    """Write the figures of the test split into the model card of a checkpoint.

    Args:
        checkpoint: the checkpoint's path.
        test: mean and interval of each metric.
        number: what they are means over: "854 spectra of 660 molecules".

    Raises:
        CheckpointError: there is no card.
    """
    content = load_content(checkpoint)
    add_section(checkpoint, FIGURES, figures(content["kind"], content["metadata"], test, number))


def figures(
    kind: str, metadata: Mapping[str, Any], test: Summary | None = None, number: str = ""
) -> str:
    """Return what a card says of the validation split, and of the test split where it was scored.

    ``kind`` and ``metadata`` are the checkpoint's, the others as in ``add_test_figures``.
    """
    digits, what = 4, "Mean over the spectra of 60–80 eV or without an energy"
    if kind == "bde":
        digits, what = 3, "Mean absolute error in kcal/mol, every bond of the table counted"
    validation = metadata["validation"]
    names = [name for name in validation if not name.startswith(("expert_", "negative_"))]
    columns = {"validation": [f"{validation[name]:.{digits}f}" for name in names]}
    if test is None:
        of_test = "`nextims evaluate --split test --card` adds those of the test split."
    else:
        of_test = (
            f"Test: {number}; none of the molecules was trained on, 95 % intervals by bootstrap "
            "over molecules; computed by `nextims evaluate`."
        )
        rows = (test[name] for name in names)
        measured = [
            f"{row['mean']:.{digits}f} [{row['low']:.3f}, {row['high']:.3f}]" for row in rows
        ]
        columns = {"test": measured, **columns}
    labels = [_LABELS.get(name, name) for name in names]
    lines = [
        f"{what}; the validation split chose the epoch. {of_test}",
        "",
        f"| metric | {' | '.join(columns)} |",
        "|---" * (1 + len(columns)) + "|",
        *(f"| {' | '.join(row)} |" for row in zip(labels, *columns.values(), strict=True)),
    ]
    if "members_validation" in metadata:
        alone = [member["entropy_similarity"] for member in metadata["members_validation"]]
        values = ", ".join(f"{value:.4f}" for value in alone)
        lines += [
            "",
            f"Entropy similarity of its {len(alone)} networks alone, validation: {values}.",
        ]
    if shares := [value for name, value in validation.items() if name.startswith("expert_")]:
        values = ", ".join(f"{share:.0%}" for share in shares)
        lines += ["", f"Shares of the experts on the validation split: {values}."]
    return "\n".join(lines)
