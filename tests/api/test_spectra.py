"""Spectra shown in a notebook, and handed on to other programs."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import nextims
from builders import build_msp
from nextims.errors import UserError
from nextims.evaluation.metrics import compare
from nextims.spectra.spectrum import Spectrum

HOSTILE = "<script>alert('x')</script> & co"


@pytest.fixture(scope="module")
def ethanol():
    return nextims.predict("CCO ethanol")


@pytest.fixture
def measured(tmp_path):
    path = tmp_path / "lab.msp"
    path.write_text(build_msp("ethyl alcohol") + build_msp("blank", num_peaks=3, peaks={}))
    return nextims.read(path)


def test_it_shows_structure_sticks_and_highest_peaks(ethanol):
    html = ethanol._repr_html_()
    assert "<b>ethanol</b>" in html and "C2H6O" in html
    assert html.count("<svg") == 2
    assert "m/z 31 (100.0 %), m/z 45 (24.0 %)" in html
    ElementTree.fromstring(html)  # well formed


def test_text_is_escaped(tmp_path):
    spectra = nextims.predict([("CCO", HOSTILE), ("C1CC", HOSTILE), f"{HOSTILE} x"])
    path = tmp_path / "lab.msp"
    path.write_text(build_msp(HOSTILE))
    found = nextims.search(path, spectra)[0]
    for shown in (spectra[0], spectra, nextims.read(path)[0], nextims.read(path), found):
        html = shown._repr_html_()
        assert "<script" not in html and "&lt;script" in html


def test_measured_spectra_show_themselves_too(measured):
    assert repr(measured) == "<1 spectrum, 1 failure>"
    html = measured[0]._repr_html_()
    assert "<b>ethyl alcohol</b>" in html and "from: <code>lab.msp</code>" in html
    assert "ethyl alcohol" in measured._repr_html_()
    assert measured[0].to_dict()["smiles"] == "CCO"


def test_a_retention_time_is_shown(tmp_path):
    path = tmp_path / "lab.msp"
    path.write_text("RT: 5,23\n" + build_msp())
    [spectrum] = nextims.read(path)
    assert spectrum.to_dict()["retention_time"] == 5.23
    assert "retention time: <code>5.23 min</code>" in spectrum._repr_html_()
    assert "5.23 min" in nextims.search(spectrum, candidates="CCO")._repr_html_()


def test_a_plot_and_a_mirror(ethanol, measured, tmp_path):
    pytest.importorskip("matplotlib", reason='needs pip install -e ".[plot]"').use("agg")
    from matplotlib import pyplot

    axes = ethanol.plot(path=tmp_path / "ethanol.svg")
    assert axes.get_title(loc="left") == "ethanol" and axes.get_ylim()[0] == 0
    assert (tmp_path / "ethanol.svg").stat().st_size > 1000
    assert ethanol.plot(measured[0]).get_ylim()[0] < -100
    assert ethanol.plot(([31, 45], [999, 500])).get_ylim()[0] < -100
    assert ethanol.plot(tmp_path / "lab.msp").get_ylim()[0] < -100
    assert measured[0].plot().get_title(loc="left") == "ethyl alcohol"
    own = pyplot.figure().add_subplot()
    assert ethanol.plot(axes=own) is own
    pyplot.close("all")


def test_matchms_takes_it(ethanol, measured):
    pytest.importorskip("matchms", reason='needs pip install -e ".[test]"')
    spectrum = ethanol.to_matchms()
    assert spectrum.get("compound_name") == "ethanol"
    assert spectrum.get("precursor_mz") == pytest.approx(46.0413, abs=1e-3)
    assert (spectrum.peaks.mz == ethanol.mz).all()
    assert measured.to_matchms()[0].get("smiles") == "CCO"


def test_matchms_keeps_the_retention(ethanol):
    matchms = pytest.importorskip("matchms", reason='needs pip install -e ".[test]"')
    given = {"compound_name": "peak 7", "retention_time": "8.62 min", "retention_index": 430}
    mz, intensity = np.array([31.0, 45.0, 46.0]), np.array([1.0, 0.5, 0.2])
    found = nextims.search(
        matchms.Spectrum(mz, intensity, given), [ethanol.to_matchms()], retention_window=60
    )
    assert (found.query.name, found.query.retention_time) == ("peak 7", 8.62)
    assert found.retention_index == 430
    [hit] = found.hits
    assert hit.difference == pytest.approx(ethanol.retention_index.value - 430, abs=0.1)
    kept = hit.entry.record
    assert kept.retention_deviation == pytest.approx(ethanol.retention_index.deviation, abs=0.1)
    assert hit.entry.predicted and kept.column == ethanol.retention_index.column
    assert "8.62 min" in found._repr_html_()
    for time, minutes in ((8.62, 8.62), (None, None), (517.2, 8.62)):
        query = matchms.Spectrum(mz, intensity, given | {"retention_time": time})
        assert nextims.search(query, [ethanol]).query.retention_time == minutes
    without_peaks = matchms.Spectrum(np.array([]), np.array([]), given)
    with pytest.raises(ValueError, match="peak"):
        nextims.compare(without_peaks, ethanol)


def test_matchms_gets_the_columns_that_are_kept(tmp_path):
    pytest.importorskip("matchms", reason='needs pip install -e ".[test]"')
    path = tmp_path / "list.csv"
    path.write_text(
        "smiles,CAS No.,RI,RT (min),lab,formula\nCCO,64-17-5,427,3.5,A,C2 H6 O\nCO,,,,,\n"
    )
    columns = ["CAS No.", "RI", "RT (min)", "lab", "formula"]
    kept, bare = nextims.predict(path, keep_columns=columns).to_matchms()
    said = [kept.get(name) for name in ("cas", "retention_time", "lab", "formula")]
    assert said == ["64-17-5", 3.5, "A", "C2H6O"]
    assert "C2 H6 O" in kept.metadata.values()
    assert kept.get("retention_index") == 427 and kept.get("column") is None
    assert bare.get("cas") is None and bare.get("retention_index_low") < bare.get("retention_index")


def test_predicted_spectra_are_a_library_with_their_retention_indices(ethanol):
    found = nextims.search(([31, 45, 46], [999, 500, 200]), [ethanol], retention_index=430)
    [hit] = found.hits
    assert hit.difference == pytest.approx(ethanol.retention_index.value - 430)
    assert hit.entry.predicted and hit.entry.record.structures == ("CCO",)
    assert "<th>ΔRI</th><th>SMILES</th></tr><tr><td>1</td>" in found._repr_html_()
    assert f"<td>{hit.difference:+.0f}</td>" in found._repr_html_()
    without = nextims.search(([31, 45, 46], [999, 500, 200]), [ethanol])
    assert "ΔRI" not in without._repr_html_()


def test_a_retention_index_is_shown(tmp_path):
    path = tmp_path / "lab.msp"
    path.write_text("Retention_index: SemiStdNP=427/7/125\n" + build_msp())
    [spectrum] = nextims.read(path)
    assert spectrum.to_dict()["column"] == "semi-standard non-polar"
    html = spectrum._repr_html_()
    assert "retention index: <code>427 semi-standard non-polar</code>" in html


def test_plain_values(ethanol):
    said = ethanol.to_dict()
    assert (said["name"], said["formula"], said["nominal_mass"]) == ("ethanol", "C2H6O", 46)
    assert max(said["peaks"], key=lambda peak: peak[1]) == (31, 999)
    assert said["model"] == "student best_student.pt"


def test_many_are_a_table(measured):
    pytest.importorskip("pandas", reason='needs pip install -e ".[test]"')
    table = nextims.predict(["CCO ethanol", "C1CC", "CO"]).to_pandas()
    assert table["line"].tolist() == [1, 3]
    assert len(table["mz"][0]) == len(table["intensity"][0]) > 5
    assert measured.to_pandas()["name"].tolist() == ["ethyl alcohol"]
    assert measured[0].to_pandas()["mz"].tolist() == measured[0].mz.tolist()


def test_a_slice_is_of_the_same_kind():
    spectra = nextims.predict(["CCO", "CO", "C"])
    assert [each.smiles for each in spectra[1:]] == ["CO", "C"]
    assert repr(spectra[1:]) == "<2 spectra, 0 failures>"


class TestCompare:
    PEAKS = ([29, 31, 45, 46], [299, 999, 517, 216])

    def test_all_kinds_give_the_same_scores(self, ethanol, measured):
        expected = compare(measured[0].spectrum, ethanol.spectrum)
        assert len(expected) == 12
        pair = (measured[0].mz, measured[0].intensity)
        kinds = [measured[0], pair, list(pair), Spectrum(*pair)]
        assert [nextims.compare(kind, ethanol) for kind in kinds] == [expected] * 4
        assert nextims.compare(measured[0], (ethanol.mz, ethanol.intensity)) == expected

    @pytest.mark.parametrize("known", ["Formula: C6Br6", "SMILES: Brc1c(Br)c(Br)c(Br)c(Br)c1Br"])
    def test_accurate_masses_are_of_the_molecule_on_either_side(self, tmp_path, known):
        path = tmp_path / "hexabromobenzene.msp"
        path.write_text(f"Name: a\n{known}\nNum Peaks: 2\n551.504 999; 391.668 300\n")
        accurate, nominal = nextims.read(path, quiet=True)[0], ([552, 392], [999, 300])
        assert nextims.compare(accurate, nominal)["cosine"] == pytest.approx(1)
        assert nextims.compare(nominal, accurate)["cosine"] == pytest.approx(1)

    def test_matchms(self, ethanol, measured):
        matchms = pytest.importorskip("matchms", reason='needs pip install -e ".[test]"')
        mz, intensity = (np.array(values, dtype=float) for values in self.PEAKS)
        of_matchms = matchms.Spectrum(mz=mz, intensities=intensity, metadata={"formula": "C2H6O"})
        assert nextims.compare(of_matchms, ethanol) == nextims.compare(self.PEAKS, ethanol)
        assert nextims.compare(ethanol, ethanol.to_matchms())["cosine"] == pytest.approx(1)

    def test_a_file_or_a_list_of_one_spectrum_is_that_spectrum(self, ethanol, measured, tmp_path):
        expected = nextims.compare(measured[0], ethanol)
        path = tmp_path / "lab.msp"
        for given in (measured, path, str(path), [measured[0]]):
            assert nextims.compare(given, ethanol) == expected
        path.write_text(build_msp() + build_msp())
        for given in (str(path), nextims.predict(["CCO", "CO"])):
            with pytest.raises(TypeError, match="found 2 spectra; give one of them"):
                nextims.compare(given, ethanol)
        with pytest.raises(UserError, match=r"none\.msp: no such file"):
            nextims.compare("none.msp", ethanol)

    def test_equal_spectra_and_the_composite_of_stein_and_scott(self, ethanol):
        scores = nextims.compare(ethanol, ethanol)
        assert scores["stein_scott_composite"] == 1 - 1 / (2 * len(ethanol.mz))

    @pytest.mark.parametrize("given", ["CCO", 7, None])
    def test_what_is_no_spectrum_is_refused(self, ethanol, given):
        with pytest.raises(TypeError, match="or a pair of arrays"):
            nextims.compare(given, ethanol)

    def test_one_without_peaks_is_refused(self, ethanol):
        with pytest.raises(ValueError, match="no peak to compare"):
            nextims.compare(([], []), ethanol)


class TestFiles:
    def test_what_is_written_is_read(self, tmp_path):
        spectra = nextims.predict(["CCO ethanol", "C1CC", "CO methanol"])
        for ending in (".msp", ".json", ".csv", ".sdf", ".jdx", ".mgf", ".h5"):
            path = nextims.write(spectra, tmp_path / f"x{ending}")
            back = nextims.read(path)
            assert [record.smiles for record in back] == ["CCO", "CO"]
            assert nextims.compare(back[0], spectra[0])["cosine"] > 0.999
        assert "C1CC" in (tmp_path / "x.msp.errors.csv").read_text()

    def test_a_measured_spectrum_is_not_called_predicted(self, measured, tmp_path):
        with pytest.raises(TypeError, match=r"found Measured; .*save_as_msp\(spectra\.to_matchms"):
            nextims.write(measured, tmp_path / "x.msp")


class TestSearch:
    def test_candidates(self, measured):
        found = nextims.search(measured[0], candidates=["COC", "CCO ethanol", "acetone"])
        assert found.hits[0].entry.name == "ethanol"
        assert [skipped.text for skipped in found.failures] == ["acetone"]
        assert [hit.rank for hit in found] == [1, 2]
        only = nextims.search(measured[0], candidates=["COC", "CCO", "CO"], formula="CH4O")
        assert [hit.entry.smiles for hit in only] == ["CO"]

    def test_a_library_of_spectra_or_of_a_file(self, measured, tmp_path):
        spectra = nextims.predict(["CCO", "CO", "CC(C)=O"])
        path = nextims.write(spectra, tmp_path / "library.msp")
        found = nextims.search(measured[0], spectra)
        assert found.hits[0].entry.smiles == "CCO"
        [of_file] = nextims.search(tmp_path / "lab.msp", path)
        assert [hit.entry.smiles for hit in of_file] == [hit.entry.smiles for hit in found]
        assert found.hits[0].entry.predicted

    def test_an_index_is_used(self, measured, tmp_path):
        pytest.importorskip("ms_entropy", reason='needs pip install -e ".[index]"')
        from nextims.searching.index_building import build_index

        path = nextims.write(nextims.predict(["CCO", "CO", "CC(C)=O"]), tmp_path / "library.h5")
        build_index(path)
        assert nextims.search(measured[0], path).hits[0].entry.smiles == "CCO"

    def test_a_table(self, measured):
        pytest.importorskip("pandas", reason='needs pip install -e ".[test]"')
        table = nextims.search(measured[0], candidates=["COC", "CCO ethanol"]).to_pandas()
        assert table["name"][0] == "ethanol"

    @pytest.mark.parametrize(
        ("given", "error", "words"),
        [
            ({}, TypeError, "expected a library to search in, or candidates="),
            ({"library": "x.msp", "candidates": "CCO"}, TypeError, "a library and candidates="),
            ({"candidates": "CCO", "instrument": 5}, TypeError, "the path of a file of spectra"),
            ({"candidates": "CCO", "mass": "46"}, UserError, "mass: expected a whole number of Da"),
            ({"candidates": "CCO", "top": "5"}, UserError, "top must be a whole number"),
            ({"candidates": "CCO", "metric": "cosine"}, TypeError, r"\(did you mean score\?\)"),
            ({"library": ["CCO"]}, TypeError, "found 'CCO': a structure, or a name"),
        ],
    )
    def test_what_cannot_be_asked_for_is_said_in_a_sentence(self, measured, given, error, words):
        with pytest.raises(error, match=words):
            nextims.search(measured[0], **given)

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"candidates": "mine.smi"}, r"mine\.smi: a file, it seems: .* Path\(FILE\)"),
            ({"candidates": "ethanol", "formula": "CH4"}, "ethanol: a name: give a structure"),
            (
                {"candidates": ["acetone", "C1CC"]},
                "none can be predicted .acetone: a name",
            ),
            ({"library": "list.csv"}, r"structures go with candidates=Path\('list.csv'\)"),
            ({"library": []}, "no spectrum to compare with"),
        ],
    )
    def test_where_nothing_can_be_used_it_raises(
        self, measured, tmp_path, monkeypatch, given, words
    ):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "list.csv").write_text("smiles,name\nCCO,ethanol\n")
        with pytest.raises(UserError, match=words):
            nextims.search(measured[0], **given)
        assert not nextims.search(measured[0], candidates="CCO", formula="CH4").hits

    def test_several_at_a_time(self, measured, ethanol):
        spectra = nextims.predict(["CO", "CCO"])
        for queries in (measured, [measured[0]] * 2, spectra, [TestCompare.PEAKS]):
            results = nextims.search(queries, spectra)
            assert len(results) == len(queries)
            assert results[-1].hits[0].entry.smiles == "CCO"
        assert nextims.search(measured[0], ethanol).hits[0].entry.name == "ethanol"

    def test_failures_are_shown(self, measured):
        found = nextims.search(measured[0], candidates=["CCO", "acetone", "C1CC"])
        assert repr(found).startswith("<1 hit, 2 failures, the best CCO; ")
        html = found._repr_html_()
        assert "1 hit, 2 failures" in html and "line 2: acetone: a name" in html


def test_many_are_drawn_on_a_page(measured, tmp_path):
    pytest.importorskip("matplotlib", reason='needs pip install -e ".[plot]"')
    spectra = nextims.predict(["CCO ethanol", "CO methanol", "C1CC"])
    figure = spectra.plot(path=tmp_path / "page.svg")
    assert ElementTree.parse(tmp_path / "page.svg").getroot().tag.endswith("svg")
    titles = [each.get_title(loc="left") for each in figure.axes]
    assert [title for title in titles if title] == ["ethanol", "methanol"]
    assert len(measured.plot().axes) >= len(measured)
    many = nextims.predict([f"{'C' * n}O" for n in range(1, 13)])
    assert len(many[:10].plot().axes) >= 10
    with pytest.raises(ValueError, match="a page holds 1 to 10 spectra, not 12"):
        many.plot()
