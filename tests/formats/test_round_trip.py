"""What is written in any format is read back by our own readers, with nothing lost."""

import re
from dataclasses import replace

import h5py
import numpy as np
import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.formats.msp.writing import FORMULA_LENGTH
from nextims.formats.reading import READERS, read_spectra
from nextims.formats.writing import FORMATS
from nextims.searching.libraries import read_library
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.record import Record
from nextims.spectra.retention import RetentionIndex
from nextims.spectra.spectrum import Spectrum

# File, and how it is written.
FILES = [(f"library{ending}", {}) for ending in FORMATS]
FILES += [("library.msp", {"dialect": "msdial"}), ("library.msp", {"mol_folder": True})]
IDS = ["-".join([name, *map(str, options.values())]) for name, options in FILES]
# Formats that name a spectrum without a name by its SMILES.
NAMED_BY_SMILES = (".msp", ".sdf", ".jdx", ".mgf", ".mzspeclib.txt")


def plain(name):
    return " ".join(name.split())


def expected_name(result, file):
    name = plain(result.name)
    if not name and file.endswith(NAMED_BY_SMILES):
        return result.molecule.smiles
    if file.endswith(".jdx"):  # two of them begin a comment
        return re.sub(r"\$(?=\$)", "$ ", name)
    return name.replace("$$$$", "$") if file.endswith(".sdf") else name


def read(path):
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow", reason='needs pip install -e ".[formats]"')
    records = list(read_spectra(path))
    assert all(isinstance(record, Record) for record in records), records
    return records


def skip_without_pyarrow(file):
    if file.endswith(".parquet"):
        pytest.importorskip("pyarrow", reason='needs pip install -e ".[formats]"')


def test_all_that_can_be_written_can_be_read():
    assert set(FORMATS) <= set(READERS)


@pytest.mark.parametrize(("file", "options"), FILES, ids=IDS)
def test_nothing_is_lost(results, spectra, write, peaks_of, file, options):
    skip_without_pyarrow(file)
    records = read(write(file, results, **options))
    assert len(records) == len(spectra)
    in_msp, in_dialect = file.endswith(".msp"), "dialect" in options
    for result, record in zip(spectra, records, strict=True):
        molecule = result.molecule
        assert plain(record.name) == expected_name(result, file)
        assert record.inchikey == molecule.inchikey
        mz, intensity = peaks_of(result)
        np.testing.assert_array_equal(record.spectrum.mz, mz)
        np.testing.assert_array_equal(record.spectrum.intensity, intensity)
        assert record.nominal_mass == (None if in_dialect else molecule.nominal_mass)
        assert (record.ionization, record.ion_mode, record.ms_level) == ("EI", "positive", 1)
        if not in_msp or in_dialect or len(molecule.formula) <= FORMULA_LENGTH:
            assert record.formula == molecule.formula
        # The acid's SMILES is longer than a comment of NIST's may be.
        if not in_msp or options or len(molecule.smiles) < 900:
            assert record.molecule.smiles == molecule.smiles
        else:
            assert record.structures == ()


@pytest.mark.parametrize(("file", "options"), FILES, ids=IDS)
def test_a_prediction_is_known_as_one(spectra, write, file, options):
    skip_without_pyarrow(file)
    entries = list(read_library(write(file, spectra, **options)))
    assert len(entries) == len(spectra)
    assert all(entry.predicted for entry in entries)


@pytest.mark.parametrize("ending", [".msp", ".json", ".csv", ".mzspeclib.txt", ".parquet", ".h5"])
def test_annotations_and_uncertainty_do_not_hide_the_peaks(toluene, uncertainty, write, ending):
    skip_without_pyarrow(ending)
    results = [toluene(uncertainty=uncertainty), replace(toluene(uncertainty=uncertainty), line=2)]
    records = read(write(f"x{ending}", results, annotated=True, uncertain=True))
    assert [record.name for record in records] == ["toluene", "toluene"]
    for record in records:
        assert record.spectrum.mz.tolist() == [65, 91, 92]
        assert record.spectrum.intensity.tolist() == [200, 999, 699]
        assert record.molecule.smiles == "Cc1ccccc1"


NAMES = [
    '1,2-diol; "cis" [a]',
    "水 β-one é",
    "name: with a colon = 1",
    "#1 BEGIN IONS",
    "<Peaks>",
    "Num Peaks: 3",
    "31 999",
    ">  <NAME>",
    "##TITLE=x",
    "a\tb",
    "SMILES=CCC",
    "'quoted'",
    "- dash",
    "N/A",
    "0",
]


@pytest.mark.parametrize("ending", list(FORMATS))
def test_any_name_comes_back(write, ending):
    skip_without_pyarrow(ending)
    ethanol = read_molecule("CCO")
    spectrum = Spectrum([31, 45], [1.0, 0.5])
    results = [PredictedSpectrum(i, name, ethanol, spectrum) for i, name in enumerate(NAMES, 1)]
    records = read(write(f"x{ending}", results))
    assert [plain(record.name) for record in records] == [plain(name) for name in NAMES]
    assert all(record.molecule.smiles == "CCO" for record in records)


@pytest.mark.parametrize("ending", list(FORMATS))
@pytest.mark.parametrize(
    "smiles", ["C" * 38, "Brc1c(Br)c(Br)c(Br)c(Br)c1Br", "[2H]C(Cl)(Cl)Cl", "C"]
)
def test_the_mass_number_comes_back(write, ending, smiles):
    """Rounding the exact mass of a long alkane, or a polybromide, gives another."""
    skip_without_pyarrow(ending)
    molecule = read_molecule(smiles)
    [record] = read(
        write(f"x{ending}", [PredictedSpectrum(1, "", molecule, Spectrum([12.0], [1.0]))])
    )
    assert record.nominal_mass == molecule.nominal_mass


@pytest.mark.parametrize("ending", list(FORMATS))
def test_spectra_of_one_line_stay_apart(write, ending):
    skip_without_pyarrow(ending)
    spectrum = Spectrum([31, 45], [1.0, 0.5])
    results = [
        PredictedSpectrum(1, "x", read_molecule(smiles), spectrum, number=number)
        for number, smiles in enumerate(["CCO", "CCOC", "CCO"], 1)
    ]
    records = read(write(f"x{ending}", results))
    assert [record.molecule.smiles for record in records] == ["CCO", "CCOC", "CCO"]
    assert [len(record.spectrum) for record in records] == [2, 2, 2]


# Some would end the record, or be another fact of it, under their own names.
COLUMNS = {
    "CAS No.": "64-17-5", "Kovats RI": "1", "RI": "427", "RT (min)": "1.25", "ID": "S7",
    "name": "another", "line": "9", "mz": "5", "END": "x", "peak table": "31 999", "2nd lab": "B=1",
    "a/b $$ =": "y", "Num Peaks": "7", "charge": "z",
}  # fmt: skip


@pytest.mark.parametrize(("file", "options"), FILES, ids=IDS)
def test_columns_of_the_input_come_back_or_do_no_harm(write, file, options):
    skip_without_pyarrow(file)
    ethanol, spectrum = read_molecule("CCO"), Spectrum([31, 45], [1.0, 0.5])
    kept = [tuple(COLUMNS.items()), tuple((name, "") for name in COLUMNS)]
    results = [
        PredictedSpectrum(i, "x", ethanol, spectrum, columns=columns)
        for i, columns in enumerate(kept, 1)
    ]
    path = write(file, results, columns=tuple(COLUMNS), **options)
    first, second = read(path)
    for record in (first, second):
        assert record.spectrum.mz.tolist() == [31, 45]
        assert (record.name, record.molecule.smiles) == ("x", "CCO")
    assert second.retention_index is second.retention_time is None
    assert (first.retention_time, first.retention_index) == (1.25, 427)  # in every format
    if path.suffix not in (".h5", ".parquet"):
        text = path.read_text(encoding="utf-8")
        in_seconds = {"RT (min)": "75"} if path.suffix == ".mgf" else {}
        assert all(value in text for value in (COLUMNS | in_seconds).values())


@pytest.mark.parametrize(
    ("file", "options", "lines"),
    [
        ("x.msp", {}, ["CAS#: 64-17-5", "Retention_index: 427", "RT: 1.25", "ID: S7"]),
        ("x.msp", {"dialect": "msdial"}, ["RETENTIONTIME: 1.25", "RETENTIONINDEX: 427"]),
        ("x.jdx", {}, ["##CAS REGISTRY NO=64-17-5", "##$RETENTION INDEX=427", "##$INPUT lab=A"]),
        ("x.mgf", {}, ["CAS=64-17-5", "RI=427", "RTINSECONDS=75", "SPECTRUMID=S7", "INPUT_LAB=A"]),
        ("x.sdf", {}, [">  <RI>", "427", ">  <lab>", "A"]),
        (
            "x.mzspeclib.txt",
            {},
            ["[7]MS:1000894|retention time=1.25", "[7]UO:0000000|unit=UO:0000031|minute"],
        ),
    ],
    ids=["nist", "msdial", "jdx", "mgf", "sdf", "mzspeclib"],
)
def test_facts_stand_where_the_format_has_them(write, file, options, lines):
    columns = {"CAS No.": "64-17-5", "RI": "427", "RT (min)": "1.25", "ID": "S7", "lab": "A"}
    spectrum = Spectrum([31, 45], [1.0, 0.5])
    result = PredictedSpectrum(
        1, "x", read_molecule("CCO"), spectrum, columns=tuple(columns.items())
    )
    written = write(file, [result], **options).read_text().splitlines()
    assert [line for line in lines if line not in written] == []


@pytest.mark.parametrize("file", ["x.h5", "x.parquet"])
def test_columns_are_columns_of_a_table(write, file):
    skip_without_pyarrow(file)
    spectrum = Spectrum([31, 45], [1.0, 0.5])
    columns = (("CAS", "64-17-5"), ("name", "other"))
    result = PredictedSpectrum(1, "x", read_molecule("CCO"), spectrum, columns=columns)
    path = write(file, [result], columns=("CAS", "name"))
    if file == "x.parquet":
        from pyarrow.parquet import read_table

        [row] = read_table(path).to_pylist()
    else:
        with h5py.File(path) as table:
            facts = table["metadata"]
            row = {name: facts[name].asstr()[0] for name in ("CAS", "name", "input name")}
    assert (row["CAS"], row["name"], row["input name"]) == ("64-17-5", "x", "other")


@pytest.mark.parametrize("ending", list(FORMATS))
def test_no_spectra_at_all(results, write, ending):
    skip_without_pyarrow(ending)
    assert read(write(f"x{ending}", [results[2]])) == []


@pytest.mark.parametrize(("file", "options"), FILES, ids=IDS)
def test_a_retention_index_comes_back_with_its_deviation_and_column(results, write, file, options):
    skip_without_pyarrow(file)
    index = RetentionIndex(1234.4, 1200.2, 1268.6)
    indexed = [replace(results[0], retention_index=index), *results[1:]]
    first, *others = read(write(file, indexed, **options))
    assert first.retention_index == pytest.approx(index.value, abs=0.5)
    assert first.retention_deviation == pytest.approx(index.deviation, abs=0.5)
    assert first.column == index.column
    assert [(r.retention_index, r.retention_deviation, r.column) for r in others] == (
        [(None, None, "")] * len(others)
    )


@pytest.mark.parametrize("file", [f"x{ending}" for ending in FORMATS])
def test_a_measured_index_that_was_kept_comes_back_with_its_column(results, write, file):
    own = RetentionIndex(1234.4, 1200.2, 1268.6)
    columns = (("RI", "1300"), ("column", "DB-WAX"))
    kept = replace(results[0], retention_index=own, columns=columns)
    skip_without_pyarrow(file)
    [record] = read(write(file, [kept], columns=("RI", "column")))
    assert (record.retention_index, record.retention_deviation) == (1300, None)
    assert record.column == "DB-WAX"
    # The predicted index is of its own column, whatever else is kept.
    [record] = read(write(file, [replace(kept, columns=columns[1:])], columns=("column",)))
    assert record.retention_index == pytest.approx(own.value, abs=0.5)
    assert record.column == own.column


@pytest.mark.parametrize("name", ["RI", "Retention index"])
@pytest.mark.parametrize(("file", "options"), FILES, ids=IDS)
def test_an_index_of_the_list_comes_before_the_predicted_one(results, write, file, options, name):
    skip_without_pyarrow(file)
    index = RetentionIndex(1234.4, 1200.2, 1268.6)
    given = [
        replace(results[0], retention_index=index, columns=((name, text),)) for text in ("427", "")
    ]
    measured, predicted = read(write(file, given, columns=(name,), **options))
    assert (measured.retention_index, measured.retention_deviation) == (427, None)
    assert measured.column == ""
    assert predicted.retention_index == pytest.approx(index.value, abs=0.5)
    assert predicted.column == index.column


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Retention_index: SemiStdNP=1404/7/125 StdNP=1361", (1404, 7, "semi-standard non-polar")),
        (
            "Retention_index: StdPolar=2568/15/128 StdNP=1361/11/49",
            (1361, 11, "standard non-polar"),
        ),
        ("Retention_index: s=812 p=1300/5/2", (812, None, "semi-standard non-polar")),
        ("RETENTIONINDEX: 1234.5", (1234.5, None, "")),
        ("RETENTIONINDEX: -1", (None, None, "")),
        ("RI: 1625", (1625, None, "")),
        ("Retention_index: a=812", (None, None, "")),
    ],
)
def test_the_forms_of_nist_and_msdial_are_read(tmp_path, line, found):
    path = tmp_path / "x.msp"
    path.write_text(f"Name: x\n{line}\nNum Peaks: 2\n31 999\n45 500\n")
    [record] = read(path)
    assert (record.retention_index, record.retention_deviation, record.column) == found
