"""The control of the identification benchmark, which sees no spectrum."""

import numpy as np

import control
from builders import build_store
from control import measured_likeness, rank_by_likeness
from isomers import Candidates, labelled_formula
from nextims.chemistry.molecule import identity, read_molecule
from nextims.data.library.store import SpectrumStore

ALKYLS = ("C", "CC", "CCC", "CC(C)", "CCCC", "CC(C)C", "CCCCC", "CC(C)CC", "C1CC1", "C1CCC1")
# Benzenes were measured, peroxides are in lists alone.
MEASURED = tuple(f"{alkyl}{group}" for alkyl in ALKYLS for group in ("c1ccccc1O", "c1ccc(O)cc1"))
LISTED = tuple(f"{alkyl}{group}" for alkyl in ALKYLS for group in ("OOC1=CC=CC1", "OOC=CC=CC#C"))


def candidates_of(*smiles):
    molecules = sorted(map(read_molecule, smiles), key=labelled_formula)
    return Candidates(
        [molecule.smiles for molecule in molecules],
        np.array([identity(molecule.inchikey, molecule) for molecule in molecules]),
        np.array([labelled_formula(molecule) for molecule in molecules]),
        {},
    )


def test_a_measured_molecule_is_told_from_listed_ones_that_the_control_has_not_seen(tmp_path):
    candidates = candidates_of(*MEASURED, *LISTED)
    tested = [read_molecule(smiles) for smiles in MEASURED[::4]]
    splits = ["test" if i % 4 == 0 else "train" for i in range(len(MEASURED))]
    with SpectrumStore(build_store(tmp_path / "store.h5", MEASURED, splits=splits)) as store:
        likeness = measured_likeness(candidates, store)
    kinds = {read_molecule(smiles).smiles: smiles in MEASURED for smiles in MEASURED + LISTED}
    is_measured = np.array([kinds[smiles] for smiles in candidates.smiles])
    assert likeness[is_measured].min() > likeness[~is_measured].max()
    # Among candidates alike the order is no worse and no better than the likeness says.
    ranks = rank_by_likeness(likeness, tested, candidates)
    number = candidates.number(map(labelled_formula, tested))
    assert (ranks >= 1).all() and (ranks <= number).all()


def test_no_candidate_is_judged_by_what_it_has_taught(tmp_path, monkeypatch):
    candidates = candidates_of(*MEASURED, *LISTED)
    fitted = []

    def note(bits, measured):
        def logits(asked):
            fitted.append(({tuple(row) for row in bits.tolist()}, asked.tolist()))
            return asked[:, 0]

        return logits

    monkeypatch.setattr(control, "_regression", note)
    with SpectrumStore(build_store(tmp_path / "store.h5", MEASURED)) as store:
        measured_likeness(candidates, store)
    everyone = [row for _, asked in fitted for row in asked]
    assert len(everyone) == len(candidates)
    unique = {tuple(row) for row in everyone if everyone.count(row) == 1}
    for taught, asked in fitted:
        assert not taught & {tuple(row) for row in asked} & unique


def test_ties_count_against_the_right_one():
    candidates = candidates_of("CCO", "COC", "CCCO")
    molecules = [read_molecule(smiles) for smiles in ("CCO", "COC", "CCCO")]
    order = {smiles: i for i, smiles in enumerate(candidates.smiles)}
    likeness = np.zeros(3)
    assert rank_by_likeness(likeness, molecules, candidates).tolist() == [2, 2, 1]
    likeness[order["CCO"]] = 1
    assert rank_by_likeness(likeness, molecules, candidates).tolist() == [1, 2, 1]
