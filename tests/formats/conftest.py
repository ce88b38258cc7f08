"""Spectra that writers stumble over, and a way to write them."""

import numpy as np
import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.formats.reading import read_spectra
from nextims.formats.spectrum_writer import SpectrumWriter
from nextims.spectra.ions import AnnotatedPeak, Ion
from nextims.spectra.prediction import FailedPrediction, PredictedSpectrum
from nextims.spectra.spectrum import Spectrum
from nextims.spectra.uncertainty import Expectation, Uncertainty

MODEL = "student best_student.pt"
EXPECTED = {
    "cosine": Expectation(0.87, 0.78, 0.93),
    "entropy_similarity": Expectation(0.81, 0.71, 0.88),
}
ATOMS = tuple(range(7))
TROPYLIUM = Ion("C7H7+", 91.05423, 0.87, "H", -1, 0, ATOMS, "Cc1ccccc1")
HEAVY = Ion("C6[13C]H7+", 92.0576, 0.12, "H", -1, 1, ATOMS, "Cc1ccccc1")
MOLECULAR_ION = Ion("C7H8+", 92.062052, 0.88, "", 0, 0, ATOMS, "Cc1ccccc1")
ANNOTATED_PEAKS = (
    AnnotatedPeak(65.0, 0.2, (), 0.0, 1.0),
    AnnotatedPeak(91.0, 1.0, (TROPYLIUM,), 0.0, 0.13),
    AnnotatedPeak(92.0, 0.7, (MOLECULAR_ION, HEAVY), 0.0, 0.0),
)


def predicted(line, smiles, name, peaks, **more):
    mz, intensity = zip(*peaks, strict=True)
    return PredictedSpectrum(line, name, read_molecule(smiles), Spectrum(mz, intensity), **more)


@pytest.fixture(scope="session")
def results():
    """Spectra of every kind with a failure among them, a line break and quotes in a name."""
    return [
        predicted(
            1, "CCO", 'the "absolute"\r\nβ-one = $$ #1;', [(31, 1), (45, 0.5), (46, 0.0009)]
        ),
        predicted(2, "[2H]C([2H])([2H])C(=O)[13CH3]", "", [(46, 1.0), (47, 0.0003), (62, 0.3)]),
        FailedPrediction(3, "C1,C", 'the "broken" one', "RDKit cannot read the structure"),
        predicted(
            4, "OC(=O)" + "[13CH2]" * 150, "acid", [(m, m / 400) for m in
            range(12, 401)]
        ),
        predicted(5, "C[C@H](N)C(=O)O", "alanine $$$$", [(44, 1.0)]),
        predicted(
            6, "Cc1ccccc1", "toluene", [(91.054227, 1.0), (92.062052, 0.7)], left_out=0.0312
        ),
    ]  # fmt: skip


@pytest.fixture(scope="session")
def spectra(results):
    """Those of the results that are spectra."""
    return [result for result in results if isinstance(result, PredictedSpectrum)]


@pytest.fixture
def toluene():
    """Builds a spectrum whose ions and uncertainty are known."""

    def build(**more):
        peaks = [(peak.mz, peak.intensity) for peak in ANNOTATED_PEAKS]
        more = {"annotations": ANNOTATED_PEAKS} | more
        return predicted(1, "Cc1ccccc1", "toluene", peaks, **more)

    return build


@pytest.fixture
def uncertainty():
    return Uncertainty(EXPECTED, np.array([0.05, 0.0, 0.1]))


@pytest.fixture
def write(tmp_path):
    """Writes results to a file of this name and returns its path."""

    def write_(name, results, **options):
        with SpectrumWriter(tmp_path / name, MODEL, **options) as writer:
            for result in results:
                writer.write(result)
        return tmp_path / name

    return write_


@pytest.fixture
def peaks_of():
    """Gives the m/z and intensities that a file has to hold of a spectrum."""

    def peaks(result):
        intensity = np.rint(999 * result.spectrum.intensity.astype(np.float64))
        mz = np.round(result.spectrum.mz, 4)
        return mz[intensity > 0], intensity[intensity > 0]

    return peaks


@pytest.fixture
def name_of():
    """Gives the name that a file has to hold of a spectrum, on one line."""
    return lambda result: " ".join(result.name.split()) or result.molecule.smiles


@pytest.fixture
def read(tmp_path):
    """Reads text or bytes as a file of this name."""

    def read_(name, content):
        content = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(content)
        return list(read_spectra(tmp_path / name))

    return read_


@pytest.fixture
def pairs():
    """Gives m/z and intensity of each peak of a record."""
    return lambda record: list(
        zip(record.spectrum.mz.tolist(), record.spectrum.intensity.tolist(), strict=True)
    )
