"""Files that were damaged at random: records, bad records or a message, and never anything else."""

import gzip
import random
import signal
import warnings

import pytest

from builders import build_massbank_record, build_msp
from nextims.chemistry.molecule import read_molecule
from nextims.formats.opening import SpectraFileError
from nextims.formats.reading import READERS, read_spectra
from nextims.formats.spectrum_writer import SpectrumWriter
from nextims.formats.writing import FORMATS
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.record import BadRecord, Record
from nextims.spectra.spectrum import Spectrum

pytestmark = pytest.mark.slow

MUTANTS = 2000
SECONDS_EACH = 5
# What stands in files of spectra, at the wrong place.
TOKENS = [
    *(b"\x00", b"\xff\xfe", b"\x1a", b"\r", b"\n\n", b"\x85", b'"', b"<", b">", b"[", b"{", b"}"),
    *(b"##", b"##END=", b"$$$$", b"M  END", b"BEGIN IONS", b"END IONS", b"<Spectrum=1>", b"//"),
    *(b"Name: ", b"Num Peaks: ", b"1e999", b"-1", b"nan", b"inf", b"1e-320", b"9" * 400, b",;:"),
    *(b"\x1f\x8b", b"(XY..XY)", b"##PAGE=", b"##XFACTOR=x", b"[MS Spectrum]", b"m/z\tIntensity"),
    *(b"energy0", b"null", b"PK$PEAK: ", b"ACCESSION: ", b"=" * 300, b" " * 300, b"\xf0\x9f\x92"),
]
SHIMADZU = (
    "[Header]\nx\t1\n[MS Spectrum]\n# of Peaks\t2\nRaw Spectrum\t5.1 (scan : 7)\n"
    "m/z\tAbsolute Intensity\n15.1\t200\n43.1\t999\n"
)
CELLS = "Name\tFormula\tSpectra\nAcetone\tC3H6O\t15:200 43:999\nEthanol\tC2H6O\t31:999 45:510\n"
RUN = "".join(f"##SCAN_NUMBER={i}\n##NPOINTS=2\n##XYDATA=(XY..XY)\n15,{i} 16,12\n" for i in "123")
LIBRARY_JSON = (
    '{"format_version": "1.0", "spectra": [{"attributes": [{"accession": "MS:1003061", "name": "n",'
    ' "value": "a"}], "analytes": {"1": {"id": 1, "attributes": []}}, "mzs": [15, 43],'
    ' "intensities": [200, 999]}]}'
)
TEXTS = {
    ".mspec": build_msp("A", fields={"SMILES": "CCO", "CAS#": "64-17-5"}) + build_msp("B"),
    ".msl": "NAME:A\nFORM:C2H6O\nNUM PEAKS: 2\n( 27  220) ( 29  300)\n\nNAME:B\n(1 2)\n",
    ".cms": "NAME: A\nNum Peaks: 2\n14 1.3e-01; 28 1.0e+00;\nCOMMENT: x\n29 7e-3;\n",
    ".txt": build_massbank_record() + build_massbank_record("B"),
    ".tsv": CELLS,
    ".dx": f"##TITLE=run\n##XUNITS=Daltons\n{RUN}",
    ".mzspeclib.json": LIBRARY_JSON,
}
OTHERS = {"shimadzu.txt": SHIMADZU, "cells.txt": CELLS, "columns.txt": "15,0235\t200,5\n43\t999\n"}


def originals(folder):
    """Return a sound file of each format by what it is called."""
    spectra = [
        PredictedSpectrum(
            i, f"the {i}. β", read_molecule(smiles), Spectrum([15, 31, 45], [1, 2, 3])
        )
        for i, smiles in enumerate(["CCO", "c1ccccc1", "CC(=O)OC"], start=1)
    ]
    for ending in FORMATS:
        with SpectrumWriter(folder / f"x{ending}") as writer:
            for spectrum in spectra:
                writer.write(spectrum)
    files = {f"x{ending}": (folder / f"x{ending}").read_bytes() for ending in FORMATS}
    files |= {f"x{ending}": text.encode() for ending, text in TEXTS.items()}
    files |= {name: text.encode() for name, text in OTHERS.items()}
    files["x.msp.gz"] = gzip.compress(files["x.msp"])
    return files


NAMES = [*(f"x{ending}" for ending in (*FORMATS, *TEXTS)), *OTHERS, "x.msp.gz"]


def mutant(content, rng, others):
    """Return a file damaged at one to four places."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(content) + 1)
        end = min(len(content), at + rng.choice((1, 2, 8, 60)))
        kind = rng.randrange(8)
        if kind == 0:
            content[at:at] = rng.choice(TOKENS)
        elif kind == 1:
            del content[at:end]
        elif kind == 2:
            content[at:end] = rng.randbytes(end - at)
        elif kind == 3:
            content[at:at] = content[at:end] * rng.randint(1, 5)
        elif kind == 4:
            del content[at:]
        elif kind == 5 and end > at:
            content[at] ^= 1 << rng.randrange(8)
        elif kind == 6:
            lines = content.splitlines(keepends=True)
            rng.shuffle(lines)
            content = bytearray(b"".join(lines)) if rng.random() < 0.3 else content
        else:
            other = rng.choice(others)
            start = rng.randrange(len(other))
            content[at:at] = other[start : start + 80]
    return bytes(content)


class TooSlowError(Exception):
    pass


def too_slow(number, frame):
    raise TooSlowError


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_give_records_or_a_message(tmp_path, name):
    files = originals(tmp_path)
    rng = random.Random(f"damage {name}")
    path = tmp_path / name
    found = dict.fromkeys(("record", "bad", "refused"), 0)
    signal.signal(signal.SIGALRM, too_slow)
    for number in range(MUTANTS):
        content = mutant(files[name], rng, list(files.values()))
        path.write_bytes(content)
        signal.alarm(SECONDS_EACH)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                for record in read_spectra(path):
                    assert isinstance(record, Record | BadRecord)
                    found["record" if isinstance(record, Record) else "bad"] += 1
        except SpectraFileError as error:
            assert name in str(error)
            found["refused"] += 1
        except Exception as error:
            pytest.fail(f"mutant {number} of {name}: {error!r}, content {content[:2000]!r}")
        finally:
            signal.alarm(0)
    assert sum(found.values()) > MUTANTS / 2
    assert found["bad"] + found["refused"] > 0


def test_every_ending_is_attacked():
    kinds = {ending for ending in READERS if not any(name.endswith(ending) for name in NAMES)}
    # Other endings of the same readers.
    assert kinds == {".jcamp", ".mzspeclib", ".mzlib", ".mzlib.txt", ".mzlib.json", ".hdf5"}
