"""What instrument predictions are to be like, from a file of its spectra."""

import pytest

from nextims.config import load_config
from nextims.inference.loading import open_predictor
from nextims.inference.standards import instrument_of
from nextims.inference.streaming import failure
from nextims.inference.structures.lists import InputError
from nextims.spectra.instrument import Instrument

SMILES = (
    "CCCCCCO",
    "CC(=O)OCCCC",
    "c1ccccc1CCO",
    "CCCCCCCC(=O)OC",
    "CC1=CCC(CC1)C(C)=C",
    "ClC(Cl)=C",
)


@pytest.fixture(scope="module")
def predictor():
    return open_predictor(load_config().student.checkpoint)


@pytest.fixture
def library(predictor, tmp_path):
    """Give what writes spectra as an instrument with a tilt of 0.8 would have measured them."""

    def write(smiles=SMILES, fields=""):
        path = tmp_path / "lab.msp"
        text = ""
        for result in map(Instrument(tilt=0.8).seen, predictor.predict(smiles)):
            peaks = [f"{p.mz} {999 * p.intensity:.0f}" for p in result.peaks if p.intensity > 0.01]
            text += f"Name: {result.molecule.smiles}\nSMILES: {result.molecule.smiles}\n{fields}"
            text += "\n".join([f"Num Peaks: {len(peaks)}", *peaks, "", ""])
        path.write_text(text)
        return path

    return write


def test_an_instrument_is_found_by_its_spectra(library, predictor):
    told = []
    found = instrument_of(library(), predictor, told.append)
    assert found.tilt > 0.1 and found.power == pytest.approx(1, abs=0.2)
    assert "lab.msp: 6 molecules: intensity^" in told[0]


def test_it_is_of_those_that_say_something(library, predictor):
    path = library()
    good = path.read_text()
    none = (
        "Name: without\nNum Peaks: 1\n31 999\n\nName: broken\nSMILES: C1CC\nNum Peaks: 1\n31 9\n\n"
    )
    path.write_text(none + good + good)
    assert instrument_of(path, predictor) == instrument_of(library(), predictor)


def test_what_is_left_out_is_said(library, predictor):
    path = library()
    lines = path.read_text().splitlines()
    peaks = "Num Peaks: 5\n45 90\n59 80\n73 300\n75 150\n103 999\n\n"
    under_its_parent = f"Name: of ethanol's TMS ether\nSMILES: CCO\n{peaks}"
    bare = f"Name: bare\n{peaks}"
    path.write_text("\n".join([*lines, "", bare + 2 * under_its_parent]))
    told = []
    assert instrument_of(path, predictor, told.append) == instrument_of(library(), predictor)
    assert f"no structure, 1 (line {len(lines) + 2}: " in told[0]
    assert f", 2 (line {len(lines) + 2 + 8}: " in told[0]


@pytest.mark.parametrize(
    ("smiles", "fields", "reason"),
    [
        (SMILES[:4], "", ": 4; at least 5"),
        (SMILES, "Ionization_energy: 20\n", ": 0; .*energy, 6 .*line 1: 20 eV"),
        (SMILES, "Instrument: predicted by NExtIMS\n", ": 0; .*predicted"),
    ],
)
def test_too_few_are_refused_with_the_reason(library, predictor, smiles, fields, reason):
    with pytest.raises(InputError, match=reason):
        instrument_of(library(smiles, fields), predictor)


def test_what_the_model_fails_with_is_told(library, predictor, monkeypatch):
    path = library()
    monkeypatch.setattr(type(predictor), "predict", lambda self, given: list(map(_failed, given)))
    with pytest.raises(InputError, match=r": 0; .*cannot be predicted, 6 \(line 1: no ion\)"):
        instrument_of(path, predictor)


def _failed(structure):
    return failure(structure, ValueError("no ion"))


def test_a_file_that_is_none_is_named(predictor, tmp_path):
    with pytest.raises(InputError, match=r"nothing\.msp"):
        instrument_of(tmp_path / "nothing.msp", predictor)
