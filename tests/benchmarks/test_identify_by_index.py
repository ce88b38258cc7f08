import numpy as np

import identify_by_index
from nextims.chemistry.molecule import read_molecule
from nextims.searching.entries import Entry
from nextims.searching.retention import RetentionSearch
from nextims.spectra.record import Record
from nextims.spectra.spectrum import Spectrum

PEAKS = Spectrum([43, 57, 71, 85, 99], [99, 80, 40, 30, 10])


def record(name, index):
    return Record("a.msp", 1, name, name, PEAKS, retention_index=index, column="DB-5")


def test_the_index_parts_what_the_spectrum_leaves_tied():
    names = ["right", "wrong"]
    entries = [Entry(record(*each)) for each in zip(names, (1200.0, 1300.0), strict=True)]
    query = record("peak", 1205.0)
    ranks = [
        identify_by_index.rank("right", query, entries, "cosine", RetentionSearch(weight=weight))
        for weight in (0.0, 0.03)
    ]
    assert ranks == [2, 1]
    assert identify_by_index.rank("other", query, entries, "cosine", RetentionSearch()) == 2


def test_queries_with_one_candidate_are_left_out():
    ether, ethanol = read_molecule("COC"), read_molecule("CCO")
    methanol = read_molecule("CO")
    both = [(each, record("q", i)) for each, i in ((ethanol, 480.0), (ether, 400.0))]
    entries = {
        "CH4O": [Entry(record("methanol", 380.0))],
        "C2H6O": [
            Entry(record(identify_by_index.identity(m.inchikey, m), index))
            for m, index in ((ethanol, 480.0), (ether, 400.0))
        ],
    }
    rows = list(identify_by_index.measure([*both, (methanol, record("q", 380.0))], entries))
    assert [(row[1], row[2], row[3]["mean"]) for row in rows[:2]] == [
        ("spectrum alone", 2, 0.0),
        ("with the index, weight 0.03", 2, 1.0),
    ]
    assert np.isfinite(rows[0][3]["low"])
