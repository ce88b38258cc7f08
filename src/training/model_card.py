"""The model card beside a checkpoint, written from what the checkpoint says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..chemistry.molecule import ELEMENTS, RARE_ELEMENTS, first_block
from ..data.library.store import SpectrumStore
from ..files.writing import write_text_whole
from ..models.checkpoint import load_content
from ..spectra.spectrum import STANDARD_ENERGY_RANGE
from .card_figures import FIGURES, card_path, figures

_WHAT = {
    "teacher": "Mean of networks that score the fragments of a molecule and, beside them, nominal "
    "masses from its graph and fingerprint, to an electron-ionization spectrum; bond dissociation "
    "energies as auxiliary task.",
    "student": "Mixture of four experts on fingerprints and formula; with its help the pieces are "
    "scored that one or two broken bonds or an opened ring leave, and beside them the ions of a "
    "vocabulary by their formulas, to a 70 eV electron-ionization spectrum at nominal masses; "
    "distilled from the teacher.",
}

_ISOTOPES = {
    "teacher": "Isotope patterns are computed for all ions; only what no ion explains has none.",
    "student": "Nominal masses only. Isotope patterns are computed for all ions; of ions that are "
    "no such pieces, those\n  of the vocabulary alone are predicted, and isotope labels are taken "
    "to lie anywhere in the\n  molecule.",
}

_LIMITS = """\
- No chemical ionization, no negative ions.
- Elements {elements}; one component; up to m/z {max_mz}.
- {rare}
- Accuracy falls with the size of the molecule and with its distance from the training data: treat
  predictions for molecules of more than some 30 heavy atoms, and for ring systems that the library
  does not hold, as rough.
- {isotopes}
- Stereoisomers get nearly the same spectrum, as they mostly do in the instrument.
- A predicted spectrum is a hypothesis: it ranks candidates, it does not identify a compound."""


def write_card(checkpoint: Path, store: Path | None = None) -> None:
    """Write the model card of a checkpoint.

    ``store`` is what a teacher or a student was trained on; a BDE model has none.
    """
    text = _bde_card(checkpoint) if store is None else _spectrum_card(checkpoint, store)
    write_text_whole(card_path(checkpoint), text)


def _bde_card(checkpoint: Path) -> str:
    metadata = load_content(checkpoint)["metadata"]
    elements = sorted({kind[0] for kind in metadata["atom_kinds"]})
    return f"""\
# {checkpoint.name}

Homolytic bond dissociation energies (BDE) and free energies (BDFE) at 298 K, in kcal/mol, of
single bonds outside rings, from the structure; message-passing network on the heavy-atom graph.

## Where it comes from
- {_origin(metadata)}
- DFT energies (M06-2X/def2-TZVP) of {metadata["data"]["source"]} (St. John et al., Nat. Commun.
  2020, 11, 2328): {metadata["training_molecules"]:,} molecules with \
{metadata["training_bonds"]:,} bonds in training; the table's own split.
  SHA-256 of the HDF5 file: `{metadata["data"]["sha256"]}`.

## {FIGURES}
{figures("bde", metadata)}

## Limits
- Trained on molecules of up to ten heavy atoms of {", ".join(elements)}. A bond counts as valid
  only where every atom within two bonds of it is of a kind (element, number of neighbours, charge,
  aromaticity) that the training molecules hold; other bonds get no energy.
- No ring bonds, no multiple bonds: breaking one does not give two radicals.
- Gas phase, neutral molecules in their ground state. What breaks in a mass spectrometer is the
  molecular ion: the energies are a guide to its weak bonds, not its thermochemistry.

## Licence
The code is under the MIT licence. The weights were trained on data under BSD-3-Clause; cite
St. John et al. when you use them.
"""


def _origin(metadata: Mapping[str, Any]) -> str:
    return (
        f"NExtIMS {metadata['version']}, commit {metadata['commit']}, seed {metadata['seed']}, "
        f"finished {metadata['finished'][:10]}."
    )


def _spectrum_card(checkpoint: Path, store_path: Path) -> str:
    content = load_content(checkpoint)
    kind, metadata = content["kind"], content["metadata"]
    with SpectrumStore(store_path) as store:
        spectra = len(store)
        licences = Counter(store.column("licence"))
        molecules = len({first_block(key) for key in store.column("inchikey")})
        settings = store.attributes
    derivatives = (
        "under their own, where the peaks say which, in training"
        if settings["derivatise"]
        else "left out"
    )
    licence_lines = "\n".join(
        f"  - {name or 'not given'}: {number:,}" for name, number in licences.most_common()
    )
    data = metadata["data"]
    lines = [
        f"# {checkpoint.name}",
        "",
        _WHAT[kind],
        "",
        "## Where it comes from",
        f"- {_origin(metadata)}",
        f"- Library: {data['source']}, {spectra:,} usable spectra of {molecules:,} molecules, of "
        f"which {metadata['training_spectra']:,} trained this model"
        f"{_unlabelled(metadata)}. SHA-256 of the store: "
        f"`{data['sha256']}`.",
        "- Filters: positive MS1 electron ionization, one component, supported elements, at least "
        f"{settings['min_peaks']} peaks; derivatives that stand under their parent's structure: "
        f"{derivatives}.",
        f"- Split by {settings['split_by']}: {settings['validation_fraction']:.0%} validation, "
        f"{settings['test_fraction']:.0%} test, the rest training.",
    ]
    if energies := metadata.get("training_energies"):
        low, high = STANDARD_ENERGY_RANGE
        standard = sum(n for energy, n in energies.items() if low <= energy <= high)
        lines.append(
            f"- Energies of its training spectra: {min(energies)} to {max(energies)} eV, "
            f"{standard:,} of them within {low:g}–{high:g} eV or not given."
        )
    if "teacher" in metadata:
        lines.append(f"- Teacher's weights, SHA-256: `{metadata['teacher']}`.")
    if "student" in metadata:
        lines.append(f"- Weights of the student that predicted, SHA-256: `{metadata['student']}`.")
    lines += [
        "",
        f"## {FIGURES}",
        figures(kind, metadata),
        "",
        "## Limits",
        _LIMITS.format(
            max_mz=content["model_config"]["max_mz"],
            isotopes=_ISOTOPES[kind],
            elements=", ".join(ELEMENTS),
            rare=_rare(metadata.get("training_elements", {})),
        ),
        "",
        "## Licence",
        "The code is under the MIT licence. The weights follow the licences of the records that "
        "they were trained on:",
        "",
        licence_lines,
    ]
    if any("NC" in name for name in licences):
        lines += [
            "",
            "Most of these forbid commercial use and ask for attribution and the same licence "
            "(CC BY-NC-SA): the weights are to be used under these terms. Cite MassBank "
            "(Horai et al., J. Mass Spectrom. 2010, 45, 703) and its contributors.",
        ]
    if "" in licences:
        lines += [
            "",
            "Records without a licence come from a library with terms of its own, as NIST's has: "
            "read them before you pass the weights on.",
        ]
    return "\n".join(lines) + "\n"


def _rare(training: Mapping[str, int]) -> str:
    numbers = ", ".join(f"{element} {training.get(element, 0):,}" for element in RARE_ELEMENTS)
    return f"Training spectra that hold the rare ones of these: {numbers}."


def _unlabelled(metadata: Mapping[str, Any]) -> str:
    if number := metadata.get("unlabelled_molecules", 0):
        return f", with {number:,} structures without spectra that the teacher labelled"
    if number := metadata.get("predicted_spectra", 0):
        return f", and {number:,} spectra that a student predicted for structures without"
    return ""
