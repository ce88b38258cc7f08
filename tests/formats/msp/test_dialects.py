"""MS-DIAL's MSP and the MOL files of NIST's, read back by matchms and RDKit."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rdkit import Chem

from nextims.files.writing import OutputError
from nextims.formats.msp.writing import msdial_record, msp_record
from nextims.formats.spectrum_writer import SpectrumStream, SpectrumWriter
from nextims.formats.writing import Formatter
from nextims.spectra.spectrum import Spectrum


def fields(record):
    return dict(line.split(": ", 1) for line in record.split("\r\n") if ": " in line)


def test_a_record_in_the_fields_of_msdial(toluene, uncertainty):
    lines = msdial_record(toluene(uncertainty=uncertainty), "teacher").split("\r\n")
    assert lines[:3] == ["NAME: toluene", "PRECURSORMZ: 92.06205", "PRECURSORTYPE: [M]+"]
    assert "SMILES: Cc1ccccc1" in lines
    assert "INCHIKEY: YXFVVABEGXRONW-UHFFFAOYSA-N" in lines
    comment = next(line for line in lines if line.startswith("COMMENT: predicted by NExtIMS "))
    assert ", teacher; expected cosine 0.87 (" in comment
    assert lines[-6:] == [
        "Num Peaks: 3",
        '65\t200\t"? 100%"',
        '91\t999\t"C7H7+=M-H 87%; ? 13%"',
        '92\t699\t"C7H8+=M 88%; C6[13C]H7+=M-H 12%"',
        "",
        "",
    ]
    # MS-DIAL reads each of them up to its first colon, and fails at a line without one.
    assert all(":" in line for line in lines[:-5])


@pytest.mark.parametrize("dialect", ["nist", "msdial"])
def test_both_dialects_are_read_back(results, spectra, write, peaks_of, name_of, dialect):
    pytest.importorskip("matchms", reason='needs pip install -e ".[test]"')
    from matchms.importing import load_from_msp

    path = write("library.msp", results, dialect=dialect)
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")
    read = list(load_from_msp(str(path)))
    assert len(read) == len(spectra) == 5
    for result, spectrum in zip(spectra, read, strict=True):
        molecule = result.molecule
        assert spectrum.get("compound_name") == name_of(result)
        assert spectrum.get("inchikey") == molecule.inchikey
        mz, intensity = peaks_of(result)
        np.testing.assert_array_equal(spectrum.peaks.mz, mz)
        np.testing.assert_array_equal(spectrum.peaks.intensities, intensity)
        if dialect == "msdial":
            ion = molecule.exact_mass - 0.00054858
            assert float(spectrum.get("precursor_mz")) == pytest.approx(ion, abs=1e-5)
            assert spectrum.get("adduct") == "[M]+"
        else:
            assert float(spectrum.get("parent_mass")) == pytest.approx(
                molecule.exact_mass, abs=1e-6
            )
            assert float(spectrum.get("nominal_mass")) == molecule.nominal_mass
        if dialect == "msdial" or len(molecule.smiles) < 900:
            assert spectrum.get("smiles") == molecule.smiles
            if len(molecule.formula) <= 23:
                assert spectrum.get("formula") == molecule.formula


def test_no_peak_is_below_mz_1(toluene):
    low = Spectrum([0.3, 0.9, 1.0073, 31.0], [1.0, 0.5, 0.5, 1.0])
    for left_out, lines in ((None, ["1 500", "31 999"]), (0.0, ["1.0073 500", "31.0000 999"])):
        result = toluene(annotations=None, left_out=left_out)
        record = msp_record(replace(result, spectrum=low))
        assert record.split("\r\n")[-5:-2] == ["Num Peaks: 2", *lines]


def test_the_mol_files_go_by_the_ids_of_the_records(results, spectra, write):
    path = write("library.msp", results, mol_folder=True)
    records = path.read_bytes().decode().split("\r\n\r\n")[:-1]
    files = sorted(file.name for file in (path.parent / "library.MOL").iterdir())
    assert files == [f"ID{line}.mol" for line in (1, 2, 4, 5, 6)]
    for result, record in zip(spectra, records, strict=True):
        file = path.parent / "library.MOL" / f"ID{fields(record)['ID']}.mol"
        mol = Chem.MolFromMolFile(str(file))
        assert Chem.MolToSmiles(mol) == result.molecule.smiles
        positions = mol.GetConformer().GetPositions()
        assert mol.GetConformer().Is3D() is False
        assert np.ptp(positions[:, 0]) > 1
        assert file.read_bytes().count(b"\n") == file.read_bytes().count(b"\r\n")


def test_our_own_reader_finds_the_mol_files(results, spectra, write):
    from nextims.data.nist_dataset import read_nist

    path = write("library.msp", results, mol_folder=True)
    records = list(read_nist(path, path.with_suffix(".MOL")))
    assert [record.id for record in records] == ["1", "2", "4", "5", "6"]
    # Without the files the acid would have none: its SMILES does not fit into the comments.
    assert [record.molecule.smiles for record in records] == [r.molecule.smiles for r in spectra]


def test_the_folder_of_an_earlier_run_is_replaced_and_no_other(results, write, tmp_path):
    folder = tmp_path / "library.MOL"
    write("library.msp", results, mol_folder=True)
    write("library.msp", results[:1], mol_folder=True)
    assert [file.name for file in folder.iterdir()] == ["ID1.mol"]
    with (
        pytest.raises(KeyboardInterrupt),
        SpectrumWriter(tmp_path / "library.msp", mol_folder=True) as writer,
    ):
        writer.write(results[1])
        raise KeyboardInterrupt
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library.MOL", "library.msp"]
    assert [file.name for file in folder.iterdir()] == ["ID1.mol"]
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"library\.MOL: holds notes\.txt"):
        write("library.msp", results, mol_folder=True)
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_stream_in_the_dialect_of_msdial(results, write):
    stream = io.BytesIO()
    with SpectrumStream(stream, "student best_student.pt", Formatter(dialect="msdial")) as writer:
        for result in results:
            writer.write(result)
    assert stream.getvalue() == write("library.msp", results, dialect="msdial").read_bytes()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("x.csv", {"dialect": "msdial"}, "the dialect msdial is one of .msp"),
        ("x.msp", {"dialect": "agilent"}, "unknown dialect 'agilent'; MSP has nist, msdial"),
        ("x.sdf", {"mol_folder": True}, "MOL files go with NIST's .msp only"),
        ("x.msp", {"mol_folder": True, "dialect": "msdial"}, "MOL files go with NIST's .msp only"),
        ("x.jdx", {"annotated": True}, ".jdx has no place for ions; these have: .msp, .json, "),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, name, options, message):
    with pytest.raises(OutputError) as error:
        SpectrumWriter(tmp_path / name, **options)
    assert message in str(error.value)
    assert list(tmp_path.iterdir()) == []
