"""The page with what a search found: what it shows, and that it stands alone."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from builders import ETHANOL_PEAKS, build_record
from nextims.chemistry.molecule import read_molecule
from nextims.searching.entries import Entry, predicted_entry
from nextims.searching.ranking import search
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.spectrum import Spectrum

pytest.importorskip("matplotlib", reason='needs pip install -e ".[plot]"')

from nextims.searching.report import write_report


def predicted(smiles, peaks, name="", line=1):
    spectrum = Spectrum(list(peaks), list(peaks.values()))
    return predicted_entry(PredictedSpectrum(line, name, read_molecule(smiles), spectrum))


ENTRIES = [
    predicted("CCO", {31: 1.0, 45: 0.5, 46: 0.2}, "ethanol <b>pure</b>", 1),
    predicted("OCC", {31: 1.0, 45: 0.4, 46: 0.2}, "alcohol", 2),
    Entry(build_record("COC", {45: 999, 46: 600, 29: 400}, name="ether", file="a/lab.msp")),
    Entry(build_record(peaks={31: 9, 43: 2}, structures=(), name="no structure", file="lab.msp")),
]
QUERIES = [
    build_record(peaks=ETHANOL_PEAKS, name="peak 7 & more", line=3),
    build_record(peaks={}, name="blank", line=20),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "hits.html"
    drawn = []
    results = search(QUERIES, ENTRIES)
    write_report(path, results, searched="lab <1>.msp", progress=lambda: drawn.append(1))
    assert [len(result.hits) for result in results] == [3, 0]
    assert len(drawn) == 3
    assert [file.name for file in path.parent.iterdir()] == ["hits.html"]
    return path.read_text(encoding="utf-8")


class _Tags(HTMLParser):
    VOID = ("meta", "link", "br", "img")

    def __init__(self):
        super().__init__()
        self.open, self.references = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        names = ("src", "href", "xlink:href")
        self.references += [value for name, value in attributes if name in names]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_all_tags_are_closed_and_nothing_outside_is_needed(page):
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert len(tags.references) > 10
    assert all(reference.startswith("#") for reference in tags.references)
    assert "<script" not in page
    assert "url(http" not in page


def test_names_are_text_not_markup(page):
    assert "<b>pure" not in page
    assert "ethanol &lt;b&gt;pure&lt;/b&gt; (line 1)" in page
    assert "lab &lt;1&gt;.msp" in page
    assert "peak 7 &amp; more (line 3)" in page


def test_the_hits_stand_in_a_table(page):
    rows = re.findall(r"<tr>(<td.*?)</tr>", page)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    assert [row[0] for row in cells] == ["1", "2", "3"]
    assert cells[0][3:] == [
        "C2H6O", "46", "", "LFQSCWFLJHTTHZ-UHFFFAOYSA-N", "CCO", "predicted",
    ]  # fmt: skip
    assert "also: alcohol (line 2) 0.8" in cells[0][2]
    assert {row[8] for row in cells[1:]} == {"measured"}


def test_each_hit_has_a_mirror_plot(page):
    figures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    texts = []
    for figure in figures:
        root = ElementTree.fromstring(figure)
        texts.append(" ".join(e.text or "" for e in root.iter("{http://www.w3.org/2000/svg}text")))
    assert len(texts) == 3
    first, *others = texts
    assert "predicted (%)" in first
    assert "predicted by NExtIMS" in first
    ether = next(text for text in others if "ether" in text)
    assert "library (%)" in ether
    assert "library: lab.msp" in ether
    assert "predicted" not in ether
    unknown = next(text for text in others if "no structure" in text)
    assert "exact mass" not in unknown


def test_no_two_plots_share_the_names_of_what_they_refer_to(page):
    defined = []
    for figure in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', figure))
        assert used
        assert all(f'id="{name}"' in figure for name in used)
        defined += used
    assert len(defined) == len(set(defined))


def test_a_blank_is_named(page):
    assert "no peak: a blank" in page
    assert "<p>No hit.</p>" in page


def test_an_absurd_mass_is_drawn_without_it(tmp_path):
    query = build_record(peaks={**ETHANOL_PEAKS, 1e9: 1})
    entry = Entry(build_record("CCO", {31: 999, 45: 510, 1e9: 3}))
    write_report(tmp_path / "r.html", search([query], [entry]), searched="lab.msp")
    assert "<svg" in (tmp_path / "r.html").read_text()


def test_the_same_search_gives_the_same_page(tmp_path, page):
    write_report(tmp_path / "r.html", search(QUERIES, ENTRIES), searched="lab <1>.msp")
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == page
