"""The split files of the open benchmark: their rules on a small store, and the published file."""

import re
import tarfile

import pytest
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

import open_ei_splits
from builders import SMALL_MOLECULES, build_massbank_record, build_record
from nextims.chemistry.molecule import first_block, read_molecule
from nextims.config import DataConfig
from nextims.data.library.splits import SPLITS, hash_share
from nextims.data.library.store import SpectrumStore
from nextims.data.library.store_writer import StoreWriter
from open_ei_splits import LIBRARIES, MASSBANK, SCHEMES, assign, read_splits, split_of_rows

# Two rings or more, several of each scaffold.
RINGS = tuple(
    f"{group}{scaffold}"
    for scaffold in (
        "c1ccc2ccccc2c1", "c1ccc2[nH]ccc2c1", "c1ccc(-c2ccccc2)cc1", "C1CCC2CCCCC2C1",
        "c1ccc2ncccc2c1", "c1ccc(Cc2ccccc2)cc1", "c1ccc2occc2c1", "c1ccc2sccc2c1",
    )
    for group in ("C", "CC", "O", "N", "Cl", "CO", "CCC", "Br")
)  # fmt: skip


def block_of(smiles):
    return first_block(read_molecule(smiles).inchikey)


def write_store(path, spectra):
    """Write a store of spectra: SMILES, library, energy, year; return the years of accessions."""
    with StoreWriter(path, config=DataConfig(), source="all") as writer:
        for i, (smiles, library, energy, _) in enumerate(spectra):
            id_ = f"MSBNK-{i}" if library == MASSBANK else f"X{i}"
            source = "massbank.tar.gz" if library == MASSBANK else library
            writer.add(build_record(smiles, id=id_, source=source, energy=energy))
        writer.finish("{}")
    return {f"MSBNK-{i}": year for i, (*_, year) in enumerate(spectra)}


def made(tmp_path, spectra, name="store.h5"):
    years = write_store(tmp_path / name, spectra)
    store = SpectrumStore(tmp_path / name)
    return store, assign(store, years)


def massbank(smiles, year=2010, energy=70.0):
    return smiles, MASSBANK, energy, year


def test_no_scaffold_is_in_two_sets(tmp_path):
    _, splits = made(tmp_path, [massbank(smiles) for smiles in (*RINGS, *SMALL_MOLECULES)])
    scaffolds = {}
    for smiles in RINGS:
        scaffold = MurckoScaffoldSmiles(mol=read_molecule(smiles).mol)
        scaffolds.setdefault(scaffold, set()).add(splits[block_of(smiles)]["scaffold"])
    assert all(len(found) == 1 for found in scaffolds.values())
    assert len({found.pop() for found in scaffolds.values()}) > 1
    one_ring = {splits[block_of(smiles)]["scaffold"] for smiles in SMALL_MOLECULES}
    assert one_ring == {"train"}


def test_further_molecules_change_no_row(tmp_path):
    some = [massbank(smiles) for smiles in RINGS[::2]]
    _, before = made(tmp_path, some)
    _, after = made(tmp_path, [massbank(smiles) for smiles in RINGS], "more.h5")
    assert len(after) > len(before)
    assert {block: after[block] for block in before} == before


def test_by_time_a_molecule_that_was_known_before_trains(tmp_path):
    old, new, both, foreign = "CCO", "CCCCO", "CCCO", "CCCCCO"
    spectra = [
        massbank(old), massbank(new, 2017), massbank(both, 2021), massbank(both, 2016),
        (foreign, "hmdb-cms", 70.0, 0), (old, "hmdb-cms", 70.0, 0),
    ]  # fmt: skip
    store, splits = made(tmp_path, spectra)
    assert splits[block_of(new)]["time"] == "test"
    assert splits[block_of(foreign)]["time"] == ""
    assert {splits[block_of(each)]["time"] for each in (old, both)} <= {"train", "validation"}
    rows = split_of_rows(store, splits, "time").tolist()
    # Of the other library nothing is used, as nobody knows of when it is.
    assert rows[1] == SPLITS.index("test")
    assert rows[4:] == [len(SPLITS)] * 2


def test_of_a_library_left_out_no_molecule_trains_and_its_spectra_alone_are_tested(tmp_path):
    library = "hmdb-cms"
    spectra = [
        ("CCO", library, 70.0, 0), massbank("CCO"), ("C[C@H](O)CC", library, None, 0),
        massbank("C[C@@H](O)CC"), ("CCO", library, 20.0, 0), ("[2H]CCO", library, 70.0, 0),
        *(massbank(smiles) for smiles in SMALL_MOLECULES[2:]), ("CCCCN", "another", 70.0, 0),
    ]  # fmt: skip
    store, splits = made(tmp_path, spectra)
    rows = split_of_rows(store, splits, library)
    test, left_out = SPLITS.index("test"), len(SPLITS)
    assert rows[:6].tolist() == [test, left_out, test, left_out, left_out, left_out]
    assert rows[-1] == left_out
    blocks = [first_block(key) for key in store.column("inchikey")]
    tested = {block for block, row in zip(blocks, rows, strict=True) if row == test}
    trained = {block for block, row in zip(blocks, rows, strict=True) if row < test}
    assert trained and not tested & trained


def test_a_split_store_holds_the_scheme(tmp_path):
    store, splits = made(tmp_path, [massbank(smiles) for smiles in RINGS])
    open_ei_splits.write_split_store(store.path, splits, "scaffold", tmp_path / "split.h5")
    with SpectrumStore(tmp_path / "split.h5") as copy:
        assert copy.index.split.tolist() == split_of_rows(store, splits, "scaffold").tolist()
        assert copy.column("smiles") == store.column("smiles")


def test_the_command_reads_the_dates_and_writes_the_same_bytes(tmp_path):
    store = tmp_path / "store.h5"
    write_store(store, [massbank("CCO"), massbank("CCCO")])
    dates = ("2017.07.13 (Created 2016.12.28)", "2017.07.13 (Created 2017.01.05)")
    folder = tmp_path / "records"
    folder.mkdir()
    for i, date in enumerate(dates):
        text = build_massbank_record(f"MSBNK-{i}").replace("2016.01.19", date)
        (folder / f"MSBNK-{i}.txt").write_text(text)
    archive = tmp_path / "records.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, "records")
    contents = set()
    for records in (folder, archive):
        output = tmp_path / f"{records.name}.csv"
        arguments = ("--store", store, "--records", records, "--output", output)
        assert open_ei_splits.main([*map(str, arguments)]) == 0
        contents.add(output.read_bytes())
    assert len(contents) == 1
    splits = read_splits(tmp_path / "records.csv")
    assert splits[block_of("CCO")]["time"] != "test"
    assert splits[block_of("CCCO")]["time"] == "test"


def test_what_cannot_be_read_is_named(tmp_path, capsys):
    missing = str(tmp_path / "missing")
    assert open_ei_splits.main(["--store", missing, "--records", missing]) == 2
    assert f"error: {missing}: no such store" in capsys.readouterr().err


@pytest.fixture(scope="module")
def published():
    return read_splits()


def test_the_published_file_has_a_row_a_molecule_and_a_split_a_scheme(published):
    lines = open_ei_splits.SPLIT_FILE.read_text().splitlines()
    blocks = [line.partition(",")[0] for line in lines[1:]]
    assert blocks == sorted(set(blocks))
    assert all(re.fullmatch("[A-Z]{14}", block) for block in blocks)
    for own in published.values():
        assert tuple(own) == SCHEMES
        assert {split for scheme, split in own.items() if scheme != "time"} <= {*SPLITS}
        assert own["time"] in {"", *SPLITS}
    for scheme in SCHEMES:
        assert {*SPLITS} <= {own[scheme] for own in published.values()}


def test_the_published_random_split_is_the_hash_of_the_molecule(published):
    for block, own in published.items():
        share = hash_share(block)
        expected = "test" if share < 0.1 else "validation" if share < 0.18 else "train"
        assert own["random"] == expected
        others = {own[scheme] for scheme in ("time", *LIBRARIES)} - {"test", ""}
        assert others <= {"validation" if expected == "validation" else "train"}
