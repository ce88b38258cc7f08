"""What holds for every format: scales, encodings, endings, damage, and dialects of MSP."""

import gzip
import itertools
import json
import time

import h5py
import numpy as np
import pytest

from builders import build_massbank_record, build_msp
from nextims.chemistry.molecule import read_molecule
from nextims.formats.csv.reading import read_peak_rows
from nextims.formats.jcamp.reading import read_jcamp
from nextims.formats.json.reading import read_json
from nextims.formats.mgf.reading import read_mgf
from nextims.formats.mzspeclib.reading import read_mzspeclib
from nextims.formats.opening import SpectraFileError
from nextims.formats.reading import ENDINGS, READERS, read_spectra
from nextims.formats.sdf.reading import read_sdf
from nextims.formats.spectrum_writer import SpectrumWriter
from nextims.formats.writing import FORMATS
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.record import BadRecord, Record
from nextims.spectra.spectrum import Spectrum

TEXT_ENDINGS = [".msp", ".jdx", ".sdf", ".mgf", ".mzspeclib.txt", ".json", ".jsonl", ".csv"]
NEEDS_PYARROW = 'needs pip install -e ".[formats]"'


def write_spectra(path, spectra):
    """Write names with peaks in the plainest way that the ending has."""
    ending = path.name[path.name.index(".") :].lower()
    if ending == ".h5":
        with h5py.File(path, "w") as file:
            lengths = [len(peaks) for peaks in spectra.values()]
            file["peaks/offsets"] = np.cumsum([0, *lengths])
            flat = [pair for peaks in spectra.values() for pair in peaks]
            file["peaks/mz"] = np.array([mz for mz, _ in flat], dtype=float)
            file["peaks/intensity"] = np.array([height for _, height in flat], dtype=float)
            file["metadata/name"] = list(spectra)
    elif ending == ".parquet":
        pyarrow = pytest.importorskip("pyarrow", reason=NEEDS_PYARROW)
        from pyarrow.parquet import write_table

        peaks = spectra.values()
        columns = {"mz": [[p[0] for p in each] for each in peaks]}
        columns |= {"intensity": [[p[1] for p in each] for each in peaks], "name": list(spectra)}
        write_table(pyarrow.table(columns), path)
    else:
        path.write_text("".join(text_of(ending, name, spectra[name]) for name in spectra))
    return path


def text_of(ending, name, peaks):
    lines = "\n".join(f"{mz} {height!r}" for mz, height in peaks)
    number = len(peaks)
    if ending == ".csv":
        return "name,mz,intensity\n" + "".join(f"{name},{mz},{height!r}\n" for mz, height in peaks)
    if ending in (".json", ".jsonl"):
        return json.dumps({"name": name, "peaks": peaks}) + "\n"
    return {
        ".msp": f"Name: {name}\nNum Peaks: {number}\n{lines}\n\n",
        ".jdx": f"##TITLE={name}\n##NPOINTS={number}\n##PEAK TABLE=(XY..XY)\n{lines}\n##END=\n",
        ".sdf": f"{name}\n\n\n  0  0\nM  END\n> <NUM PEAKS>\n{number}\n\n"
        f"> <MASS SPECTRAL PEAKS>\n{lines}\n\n$$$$\n",
        ".mgf": f"BEGIN IONS\nNAME={name}\n{lines}\nEND IONS\n",
        ".mzspeclib.txt": f"<Spectrum=1>\nMS:1003061|library spectrum name={name}\n"
        f"MS:1003059|number of peaks={number}\n<Peaks>\n{lines}\n\n",
    }[ending]


@pytest.mark.parametrize("ending", [*TEXT_ENDINGS, ".h5", ".parquet"])
def test_base_peaks_of_any_height_come_out_alike(tmp_path, ending):
    """Of 100, 999, 1000, 9999, of counts and of shares: the highest of the bins is 1."""
    random = np.random.default_rng(7)
    for trial in range(20):
        mz = np.sort(random.choice(np.arange(12, 500), size=random.integers(1, 60), replace=False))
        heights = random.exponential(size=len(mz)) + 1e-3
        heights /= heights.max()
        scales = (1.0, 100.0, 999.0, 1000.0, 9999.0, 3.7e8, 1e-6)
        spectra = {
            f"x{i}": [(int(m), float(scale * h)) for m, h in zip(mz, heights, strict=True)]
            for i, scale in enumerate(scales)
        }
        if ending == ".csv":  # one header
            first, *rest = (text_of(ending, name, peaks) for name, peaks in spectra.items())
            path = tmp_path / f"{trial}.csv"
            path.write_text(first + "".join(text.split("\n", 1)[1] for text in rest))
        else:
            path = write_spectra(tmp_path / f"{trial}{ending}", spectra)
        records = list(read_spectra(path))
        assert [record.name for record in records] == list(spectra)
        expected = np.zeros(500)
        expected[mz - 1] = heights
        for record in records:
            bins = record.spectrum.binned(500)
            assert bins.max() == 1
            np.testing.assert_allclose(bins, expected, rtol=1e-5)


GOOD = {f"compound {i}": [(31.0, 999.0), (45.0 + i, 510.0)] for i in range(6)}


@pytest.mark.parametrize("ending", TEXT_ENDINGS)
def test_a_line_spoilt_anywhere_spoils_one_record_at_most_and_loses_none(tmp_path, ending):
    """Six spectra are six records or bad records, whichever peak is damaged."""
    path = write_spectra(tmp_path / f"x{ending}", GOOD)
    text = path.read_text()
    if ending == ".csv":
        head = "name,mz,intensity\n"
        text = head + text.replace(head, "")
    lines = text.splitlines()
    damaged = 0
    for i, line in enumerate(lines):
        if "510" not in line:
            continue
        path.write_text("\n".join([*lines[:i], line.replace("510", "5l0"), *lines[i + 1 :]]) + "\n")
        records = list(read_spectra(path))
        assert len(records) == len(GOOD)
        [bad] = [record for record in records if isinstance(record, BadRecord)]
        assert bad.reason == "peak list cannot be read"
        assert bad.line <= i + 1
        damaged += 1
    assert damaged == len(GOOD)


@pytest.mark.parametrize("ending", [*TEXT_ENDINGS, ".txt", ".tsv", ".mspec", ".dx", ".jcamp"])
@pytest.mark.parametrize("content", [b"", b"\n \r\n\n", b"\xef\xbb\xbf"])
def test_empty_files_hold_nothing(read, ending, content):
    assert read(f"x{ending}", content) == []


@pytest.mark.parametrize("ending", list(READERS))
@pytest.mark.parametrize("content", [b"hello, world", b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_files_of_something_else_are_never_silent(read, ending, content):
    try:
        [bad] = read(f"x{ending}", content)
    except SpectraFileError as error:
        assert f"x{ending}: not " in str(error)
    else:
        assert isinstance(bad, BadRecord)
        assert bad.line == 1


@pytest.mark.parametrize("written", TEXT_ENDINGS)
@pytest.mark.parametrize("ending", [each for each in TEXT_ENDINGS if each != ".jsonl"])
def test_a_wrong_ending_gives_no_wrong_spectra(tmp_path, written, ending):
    path = write_spectra(tmp_path / f"x{written}", {"a": GOOD["compound 0"]})
    renamed = path.rename(tmp_path / f"y{ending}")
    records = list(read_spectra(renamed))
    assert records
    for record in records:
        if isinstance(record, Record):  # a peak list is one whatever stands above it
            assert record.spectrum.mz.tolist() == [31, 45]
            assert record.spectrum.intensity.tolist() == [999, 510]


def test_an_unknown_ending_names_those_that_can_be_read(tmp_path):
    (tmp_path / "x.xyz").write_text("x")
    with pytest.raises(SpectraFileError) as error:
        read_spectra(tmp_path / "x.xyz")
    assert str(error.value).endswith(f"x.xyz: unknown ending '.xyz'; can be read: {ENDINGS}")
    assert all(ending in ENDINGS for ending in (".msp", ".jdx", ".mzspeclib.txt", ".h5"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("run.cdf", "a run in netCDF"),
        ("run.mzML", "a run in XML"),
        ("run.RAW", "an instrument's own file"),
        ("run.elu", "AMDIS's list of what it found"),
        ("user.dbu", "a library in NIST's own format; export it with lib2nist"),
        ("lib.zip", "an archive"),
        ("spectra.xlsx", "a workbook; save the sheet as .csv"),
    ],
)
def test_what_is_not_read_is_named_for_what_it_is(read, name, kind):
    with pytest.raises(SpectraFileError, match=f"{name}: is {kind}"):
        read(name, b"x")


@pytest.mark.parametrize("ending", [".msp", ".jdx", ".h5", ".raw"])
def test_no_file_and_a_folder(tmp_path, ending):
    with pytest.raises(SpectraFileError, match=r"x\.\w+: no such file"):
        read_spectra(tmp_path / f"x{ending}")
    (tmp_path / f"x{ending}").mkdir()
    with pytest.raises(SpectraFileError, match="is a folder, expected a file of spectra"):
        read_spectra(tmp_path / f"x{ending}")


@pytest.mark.parametrize("ending", TEXT_ENDINGS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path, ending, encoding):
    path = write_spectra(tmp_path / f"x{ending}", {"Éthanol": [(31, 999), (45, 510)]})
    text = path.read_text(encoding="utf-8")
    if ending.startswith(".json"):
        text = json.dumps(json.loads(text), ensure_ascii=False)
    path.write_bytes(text.encode(encoding))
    [record] = read_spectra(path)
    assert (record.name, len(record.spectrum)) == ("Éthanol", 2)


@pytest.mark.parametrize(
    ("ending", "read_lines"),
    [
        (".jdx", read_jcamp),
        (".sdf", read_sdf),
        (".mgf", read_mgf),
        (".mzspeclib.txt", read_mzspeclib),
        (".jsonl", read_json),
        (".json", read_json),
        (".csv", lambda lines: read_peak_rows(lines, "x")),
    ],
)
def test_a_file_without_end_is_read_record_by_record(ending, read_lines):
    head = {".json": ["["], ".csv": ["name,mz,intensity"]}.get(ending, [])
    texts = (text_of(ending, f"{i}", [(31.0, 999.0), (45.0, 510.0)]) for i in itertools.count())
    if ending == ".csv":
        texts = (text.partition("\n")[2] for text in texts)
    lines = (line for text in texts for line in text.splitlines())
    raws = itertools.islice(read_lines(itertools.chain(head, lines)), 300)
    records = [raw.record("x", number) for number, raw in enumerate(raws)]
    assert [record.name for record in records] == [str(i) for i in range(300)]
    assert all(record.spectrum.mz.tolist() == [31, 45] for record in records)


def test_a_txt_is_what_its_first_lines_say(read, pairs):
    texts = {
        "msp": build_msp("a", {31: 999, 45: 510}),
        "msp without a name": build_msp(None, {31: 999, 45: 510}),
        "columns": "m/z,%\n31,999\n45,510",
        "massbank": build_massbank_record(name="a", peaks={31: 999, 45: 510}),
    }
    for ending in (".jdx", ".mgf", ".mzspeclib.txt"):
        head = "<mzSpecLib>\n" if ending == ".mzspeclib.txt" else ""
        texts[ending] = head + text_of(ending, "a", [(31, 999), (45, 510)])
    for kind, text in texts.items():
        [record] = read("x.txt", f"\n{text}")
        assert pairs(record) == [(31, 999), (45, 510)], kind


ETHANOL = [(31, 999), (45, 510)]
MSP = {
    "NIST": "Name: Ethanol\r\nFormula: C2H6O\r\nMW: 46\r\nCAS#: 64-17-5;  NIST#: 291264\r\n"
    "Num Peaks: 2\r\n31 999; 45 510;\r\n",
    "MoNA": 'Name: Ethanol\nSynon: $:00in-source\nDB#: JP000001\nComments: "SMILES=CCO" '
    '"computed SMILES=OCC" "author=x"\nNum Peaks: 2\n31 999\n45 510\n',
    "RIKEN": "NAME: Ethanol\nPRECURSORMZ: 46.0413\nPRECURSORTYPE: [M]+\nIONMODE: Positive\n"
    "FORMULA: C2H6O\nSMILES: CCO\nRETENTIONTIME: 1.2\nRETENTIONINDEX: -1\n"
    "INSTRUMENTTYPE: GC-EI-TOF\nIONIZATION: EI+\nNum Peaks: 2\n31\t999\n45\t510\n",
    "GOLM": "Name: Ethanol\nMET_NAME: x\nNum Peaks: 2\n31:999 45:510\n",
    "old NIST": "Name: Ethanol\nNum Peaks: 2\n(31 999) (45 510)\n",
    "annotated": 'Name: Ethanol\nNum Peaks: 2\n31 999 "CH3O: 12/16 ppm"\n45 510 "?"\n',
    "Num peaks": "Name: Ethanol\nCASNO: 64-17-5\nRI:427\nNum peaks: 2\n31 999\n45 510\n",
    "fields after": "Name: Ethanol\nNum Peaks: 2\n31 999\n45 510\nSMILES: CCO\n",
    "no Num Peaks": "Name: Ethanol\nSMILES: CCO\n31 999\n45 510\n",
    "base 9999": "Name: Ethanol\nNum Peaks: 2\n31 9999\n45 5105\n",
    "old Mac": "Name: Ethanol\rNum Peaks: 2\r31 999\r45 510\r",
    "RECETOX": "NAME: Ethanol\nPRECURSORMZ: 46.0413\nPRECURSORTYPE: [M]+\nNum Peaks: 2\n"
    '31.0178\t999\t"Theoretical m/z 31.017841, Mass diff -0.4 (1.2 ppm), Formula CH3O"\n'
    '45.0335\t510\t"Theoretical m/z 45.033491, Mass diff 0 (0 ppm), SMILES C[CH]O"\n',
    "matchms": "PRECURSOR_MZ: 46.0413\nCOMPOUND_NAME: Ethanol\nSMILES: CCO\nADDUCT: [M]+\n"
    "NUM PEAKS: 2\n31.0\t999.0\n45.0\t510.0\n",
    "Latin-1": "Name: Ethanol\nComments: é\nNum Peaks: 2\n31 999\n45 510\n",
}


@pytest.mark.parametrize("ending", [".msp", ".MSP", ".mspec", ".txt"])
@pytest.mark.parametrize("dialect", MSP)
def test_dialects_of_msp(read, dialect, ending):
    text = MSP[dialect].encode("latin-1")
    records = read(f"x{ending}", text * 2)
    assert [record.name for record in records] == ["Ethanol", "Ethanol"]
    for record in records:
        assert (record.ionization, record.ion_mode) == ("EI", "positive")
        np.testing.assert_allclose(record.spectrum.binned(50)[[30, 44]], [1, 0.5105], atol=1e-3)
        if "CCO" in MSP[dialect]:
            assert record.structures[0] == "CCO"


def test_the_mol_files_of_lib2nist_are_found_beside_the_msp(read, tmp_path):
    from rdkit import Chem

    (tmp_path / "x.MOL").mkdir()
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
    (tmp_path / "x.MOL" / "ID5.MOL").write_text(block)
    [record] = read("x.msp", build_msp("a", fields={"ID": "5"}))
    assert record.molecule.smiles == "CCO"


def test_each_order_of_good_and_bad_is_kept(tmp_path):
    good, bad = "BEGIN IONS\nTITLE=g\n31 9\nEND IONS\n", "BEGIN IONS\nTITLE=b\n3x 9\nEND IONS\n"
    for order in itertools.product((good, bad), repeat=4):
        (tmp_path / "x.mgf").write_text("".join(order))
        kinds = [type(record) for record in read_spectra(tmp_path / "x.mgf")]
        assert kinds == [Record if each is good else BadRecord for each in order]


def test_nothing_heavy_is_imported():
    import subprocess
    import sys

    code = (
        "import sys, nextims.formats.reading\n"
        "print([n for n in ('torch', 'matchms', 'numba', 'pyarrow', 'h5py') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_the_energy_that_is_written_is_read(tmp_path, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"soft{ending}"
    spectrum = Spectrum([31, 45], [1.0, 0.5])
    with SpectrumWriter(path) as writer:
        for line, energy in enumerate((20.0, 70.0), start=1):
            molecule = read_molecule("CCO" if line == 1 else "CO")
            writer.write(PredictedSpectrum(line, "", molecule, spectrum, energy=energy))
    assert next(iter(read_spectra(path))).energy == 20


COMMAS = {
    "semicolons.msp": "Name: A\nNum Peaks: 2\n15,0235 200,5; 43,0178 999,0;\n",
    "tags.sdf": "A\n\n\n  0  0\nM  END\n> <NUM PEAKS>\n2\n\n> <MASS SPECTRAL PEAKS>\n"
    "15,0235 200,5\n43,0178 999\n\n$$$$\n",
    "library.mzspeclib": "<Spectrum=1>\n<Peaks>\n15,0235\t200,5\n43,0178\t999\n\n",
    "text.json": '{"name": "A", "spectrum": "15,0235:200,5 43,0178:999"}',
    "library.msp": "Name: A\nNum Peaks: 2\n15,0235 200,5\n43,0178 999\n",
    "library.mgf": "BEGIN IONS\nTITLE=A\n15,0235 200,5\n43,0178 999\nEND IONS\n",
    "library.jdx": "##TITLE=A\n##DATA TYPE=MASS SPECTRUM\n##NPOINTS=2\n##PEAK TABLE=(XY..XY)\n"
    "15,0235 200,5\n43,0178 999,0\n##END=\n",
    "quoted.csv": 'm/z,intensity\n"15,0235","200,5"\n"43,0178",999\n',
    "columns.txt": "15,0235\t200,5\n43,0178\t999\n",
}


@pytest.mark.parametrize("name", COMMAS)
def test_a_comma_may_stand_for_the_point(read, name):
    [record] = read(name, COMMAS[name])
    assert record.spectrum.mz.tolist() == [15.0235, 43.0178]
    assert record.spectrum.intensity.tolist() == [200.5, 999.0]


@pytest.mark.parametrize(
    "peaks",
    [
        "15.1 200\n43.1 9,990",
        "15,1 200\n43,1 9990,0",
        "15.1,200 43.1,9990",
        "15.1,200,x\n43.1,9990,y",
    ],
)
def test_commas_that_only_one_reading_makes_sense_of(read, pairs, peaks):
    [record] = read("x.msp", f"Name: A\nNum Peaks: 2\n{peaks}\n")
    assert pairs(record) == [(15.1, 200), (43.1, 9990)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.csv", "m/z,intensity\n15,0235,200,5\n43,0178,999,0\n"),
        ("library.msp", "Name: A\n15,0235 200,5\n43,0178 999,0\n"),
        ("thousands.msp", "Name: A\nNum Peaks: 2\n15 200\n43 9,990\n"),
        ("millions.msp", "Name: A\nNum Peaks: 2\n15 200\n43 1,234,567\n"),
        ("uncounted.msp", "Name: A\n15,0235 200\n43,1 7\n"),
        ("thousands.mgf", "BEGIN IONS\nTITLE=A\n15 200\n43 9,990\nEND IONS\n"),
        (
            "thousands.jdx",
            "##TITLE=A\n##NPOINTS=2\n##PEAK TABLE=(XY..XY)\n15 200\n43 9,990\n##END=\n",
        ),
        ("heavy.msp", "Name: A\nNum Peaks: 2\n1,031 999\n45 500\n"),
        ("heavy_uncounted.msp", "Name: A\n1,031 999\n45 500\n"),
        ("heavy_two.msp", "Name: A\nNum Peaks: 2\n1,031 999; 1,045 500\n"),
        ("heavy_point.msp", "Name: A\nNum Peaks: 2\n45.5 999\n1,031 500\n"),
        ("heavy_both.msp", "Name: A\nNum Peaks: 2\n1,031 9,990\n45 500\n"),
        ("heavy_colons.msp", "Name: A\nNum Peaks: 2\n1,031: 999\n45: 500\n"),
        ("heavy_decimals.msp", "Name: A\nNum Peaks: 2\n1,031.5 999\n45.2 500\n"),
        ("heavy_colons.mgf", "BEGIN IONS\nTITLE=A\n1,031:999\n45:500\nEND IONS\n"),
        ("heavy.json", '{"name": "A", "peaks": "1,031:999 45:500"}\n'),
        ("heavy.mgf", "BEGIN IONS\nTITLE=A\n1,031 999\n45 500\nEND IONS\n"),
        ("heavy.jdx", "##TITLE=A\n##NPOINTS=2\n##PEAK TABLE=(XY..XY)\n1,031 999\n45 500\n##END=\n"),
        ("heavy.sdf", "\n\n\n  0  0\nM  END\n> <MASS SPECTRAL PEAKS>\n1,031 999\n45 500\n\n$$$$\n"),
        ("heavy.csv", "name;spectrum\nA;1,031:999 45:500\n"),
        ("mixed.msp", "Name: A\n15,0235 200,5\n58 300\n"),
        ("counted.msp", "Name: A\nNum Peaks: 3\n15,0235 200,5\n58 300\n"),
        ("uncounted.jdx", "##TITLE=A\n##PEAK TABLE=(XY..XY)\n15,0235 200,5\n43,02 9,1\n##END=\n"),
    ],
)
def test_commas_that_may_be_either_are_refused(read, name, text):
    [record] = read(name, text)
    assert record.reason == "peak list cannot be read"


def test_one_comma_that_cannot_part_thousands_shows_what_the_others_are(read, pairs):
    [record] = read("x.msp", "Name: A\nNum Peaks: 2\n1,008 5\n15,023 200\n")
    assert pairs(record) == [(1.008, 5), (15.023, 200)]


@pytest.mark.parametrize("ending", [*TEXT_ENDINGS, ".msl", ".cms", ".mzspeclib", ".txt"])
@pytest.mark.parametrize("compress", [True, False])
def test_gzipped_text(tmp_path, ending, compress):
    kind = {".msl": ".msp", ".cms": ".msp", ".mzspeclib": ".mzspeclib.txt", ".txt": ".msp"}
    text = text_of(kind.get(ending, ending), "a", [(31, 999), (45, 510)]).encode()
    # Compressed, whatever its name says.
    path = tmp_path / (f"x{ending}.gz" if compress else f"x{ending}")
    path.write_bytes(gzip.compress(text))
    [record] = read_spectra(path)
    assert (record.name, record.spectrum.mz.tolist()) == ("a", [31, 45])


def test_a_gzipped_file_that_is_cut_off_says_so(tmp_path):
    heights = np.random.default_rng(3).random((400, 60))
    text = "".join(
        text_of(".mgf", f"{i}", list(enumerate(row.tolist(), start=30)))
        for i, row in enumerate(heights)
    )
    (tmp_path / "x.mgf.gz").write_bytes(gzip.compress(text.encode())[:-9000])
    *records, bad = read_spectra(tmp_path / "x.mgf.gz")
    assert 300 < len(records) < 400
    assert all(isinstance(record, Record) for record in records)
    assert bad.reason == "the file is damaged from here on"


@pytest.mark.parametrize("name", ["x.h5.gz", "x.parquet.gz"])
def test_what_is_no_text_is_not_read_gzipped(read, name):
    with pytest.raises(SpectraFileError, match=f"{name}: is gzipped, which is read of text only"):
        read(name, gzip.compress(b"x"))


@pytest.mark.parametrize("ending", TEXT_ENDINGS)
def test_a_negative_peak_costs_itself_only(tmp_path, ending):
    path = write_spectra(tmp_path / f"x{ending}", {"a": [(31, 999), (45, -1e-13), (46, 220)]})
    [record] = read_spectra(path)
    assert record.spectrum.mz.tolist() == [31, 46]
    assert record.notes == ("peaks that are negative or not finite left out",)


@pytest.mark.parametrize("ending", [".msp", ".sdf", ".mzspeclib.txt"])
def test_a_number_of_peaks_that_is_too_large_is_noted(tmp_path, ending):
    path = write_spectra(tmp_path / f"x{ending}", {"a": [(31, 999), (45, 510)]})
    text = path.read_text()
    for announced in ("Num Peaks: 2", "number of peaks=2", "<NUM PEAKS>\n2"):
        text = text.replace(announced, announced[:-1] + "5")
    path.write_text(text)
    [record] = read_spectra(path)
    assert record.spectrum.mz.tolist() == [31, 45]
    assert record.notes == ("fewer peaks than the record says it has",)


@pytest.mark.parametrize("ending", [".msp", ".jdx", ".mgf", ".csv", ".mzspeclib.txt"])
def test_a_ctrl_z_ends_files_of_dos(tmp_path, ending):
    path = write_spectra(tmp_path / f"x{ending}", {"a": [(31, 999), (45, 510)]})
    text = path.read_bytes()
    for end in (b"\x1a", b"\r\n\x1a\r\n"):
        path.write_bytes(text + end)
        assert [record.spectrum.mz.tolist() for record in read_spectra(path)] == [[31, 45]]


@pytest.mark.parametrize("ending", [each for each in TEXT_ENDINGS if each not in (".csv", ".json")])
@pytest.mark.parametrize("drawn", ["-----", "==========", "  *****  ", "~~~~"])
def test_lines_drawn_between_records_say_nothing(tmp_path, ending, drawn):
    one, two = (text_of(ending, name, [(31, 999), (45, 510)]) for name in "ab")
    path = tmp_path / f"x{ending}"
    path.write_text(f"{one}{drawn}\n{two}{drawn}\n")
    assert [record.name for record in read_spectra(path)] == ["a", "b"]
    assert all(isinstance(record, Record) for record in read_spectra(path))


def test_lines_between_blocks_of_mgf_say_nothing(read):
    block = "BEGIN IONS\nTITLE=a\n15 200\nEND IONS\n"
    assert len(read("x.mgf", f"# x\n-----\n{block}=======\n{block}\x1a")) == 2


MASSBANK_JSON = [
    [{"m/z": 15, "int.": 200, "rel.int.": 20}, {"m/z": 43, "int.": 999, "rel.int.": 999}],
    "m/z int. rel.int.\n  15 200 20\n  43 999 999\n",
    ["m/z int. rel.int.", "15 200 20", "43 999 999"],
    [[15, 200, 20], [43, 999, 999]],
]


@pytest.mark.parametrize("peaks", MASSBANK_JSON)
def test_massbank_records_in_json(read, pairs, peaks):
    record = {
        "ACCESSION": "M1",
        "CH$NAME": ["acetone", "propanone"],
        "CH$SMILES": "CC(C)=O",
        "AC$MASS_SPECTROMETRY": {"MS_TYPE": "MS2", "ION_MODE": "POSITIVE"},
        "PK$PEAK": peaks,
    }
    [found] = read("x.json", json.dumps([record], indent=1))
    assert (found.id, found.name, found.structures) == ("M1", "acetone", ("CC(C)=O",))
    assert found.ms_level == 2
    assert pairs(found) == [(15, 200), (43, 999)]


def test_tags_of_massbank_in_msp(read):
    text = "Name: a\nAC$INSTRUMENT_TYPE: LC-ESI-QTOF\nAC$MASS_SPECTROMETRY: MS_TYPE MS2\n31 9\n"
    [record] = read("x.msp", text)
    assert (record.ionization, record.ms_level) == ("LC-ESI-QTOF", 2)


def test_a_record_without_name_and_structure_is_noted(read):
    [record] = read("x.msp", "Compuesto: etanol\nNum Peaks: 1\n31 9\n")
    assert record.notes == ("neither name nor structure",)


LONG = {
    "comment": "Name: a\nComments: {}\n31 9\n",
    "comment of pairs": "Name: a\nComments: x=y {}\n31 9\n",
    "field": "Name: a\n{} x\n31 9\n",
    "section": "<mzSpecLib>\n<{}\n",
    "tag": "a\n\n\n  0  0\nM  END\n> {}\n1\n\n$$$$\n",
    "peaks": "##TITLE=a\n##PEAK TABLE=(XY..XY)\n{}\n##END=\n",
}


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("letter", ["x", " ", "9", "<", '"', "=", ";"])
def test_a_line_of_20_000_letters_takes_milliseconds(read, kind, letter):
    text = LONG[kind].format(20_000 * letter)
    ending = {"section": ".mzspeclib", "tag": ".sdf", "peaks": ".jdx"}.get(kind, ".msp")
    started = time.process_time()
    read(f"x{ending}", text)
    assert time.process_time() - started < 0.3
