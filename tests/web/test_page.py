"""The page in a browser, on a chemist's way: draw, derivatise, compare, rank, take away."""

import re

import pytest
from rdkit import Chem

from chromium import FLAGS, PROGRAM
from nextims.config import PROJECT_ROOT
from nextims.formats.reading import read_spectra

playwright = pytest.importorskip("playwright.sync_api", reason="needs pip install playwright")
if PROGRAM is None:
    pytest.skip("needs Chromium (apt install chromium)", allow_module_level=True)

EXAMPLES = PROJECT_ROOT / "docs" / "examples"
AXE = PROJECT_ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
IBUPROFEN = "CC(C)Cc1ccc(cc1)C(C)C(=O)O"
expect = playwright.expect


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=PROGRAM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, address):
    """Give what opens the page; at the end, that nothing went wrong and nothing was fetched."""
    contexts, wrong, asked = [], [], []

    def open_page(path="", **settings):
        context = chromium.new_context(accept_downloads=True, **settings)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [each for each in wrong if "422" not in each] == []
    assert {url for url in asked if not url.startswith((address, "data:", "blob:"))} == set()


@pytest.fixture
def page(opened):
    return opened()


def show(page, structure):
    page.fill("#structure", structure)
    expect(page.get_by_test_id("plot")).to_be_visible()
    expect(page.locator(".spectrum")).to_have_attribute("aria-busy", "false")


def facts(page):
    return page.locator(".structure dl")


def drop(page, name, content, place="body"):
    """Drop a file on the page, as a mouse would."""
    page.evaluate(
        """([name, content, place]) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([content], name));
            const event = { dataTransfer, bubbles: true, cancelable: true };
            document.querySelector(place).dispatchEvent(new DragEvent("drop", event));
        }""",
        [name, content, place],
    )


def unknown():
    return (EXAMPLES / "unknown.msp").read_text(encoding="utf-8")


def rank_the_example(page):
    drop(page, "unknown.msp", unknown())
    page.fill("#candidates", (EXAMPLES / "candidates.smi").read_text(encoding="utf-8"))
    page.get_by_role("button", name="Rank", exact=True).click()
    expect(page.get_by_test_id("ranking").locator("tbody tr")).to_have_count(10)


def test_what_is_typed_is_drawn_and_predicted(page):
    editor = page.locator("[data-testid=editor] canvas").nth(1)
    expect(editor).to_be_visible()
    blank = editor.screenshot()
    show(page, IBUPROFEN)
    expect(facts(page)).to_contain_text("C13H18O2")
    expect(facts(page)).to_contain_text("HEFNNWSXXWATRW-UHFFFAOYSA-N")
    expect(page.locator(".certainty")).to_contain_text("entropy similarity")
    assert editor.screenshot() != blank
    labels = page.get_by_test_id("plot").locator("text").all_text_contents()
    assert {"163", "206", "M"} <= set(labels)


@pytest.mark.parametrize("title", ["", "ethanol"])
def test_a_mol_block_is_read_whether_its_title_is_blank_or_not(page, title):
    show(page, f"{title}\n" + Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")).partition("\n")[2])
    expect(facts(page)).to_contain_text("C2H6O")


def test_what_is_drawn_is_written_and_predicted(page):
    editor = page.locator("[data-testid=editor] canvas").nth(1)
    expect(editor).to_be_visible()
    editor.click(position={"x": 120, "y": 150})
    expect(page.locator("#structure")).to_have_value("CC")
    expect(facts(page)).to_contain_text("C2H6")
    # Over an atom, a letter makes it another element.
    editor.hover(position={"x": 20, "y": 20})
    editor.hover(position={"x": 120, "y": 150})
    page.keyboard.press("o")
    page.keyboard.press("Enter")
    expect(facts(page)).to_contain_text("CH4O")
    expect(page.locator("#structure")).to_have_value(re.compile("^(OC|CO)$"))


def test_what_cannot_be_read_is_said(page):
    show(page, "CCO")
    page.fill("#structure", "CCO(")
    expect(page.get_by_role("alert")).to_contain_text("RDKit cannot read")
    # What was read before is still seen, and cannot be taken for what is in the box.
    expect(page.locator(".shown")).to_have_attribute("inert", "")
    expect(page.get_by_role("group", name="Download")).to_have_count(0)
    expect(page.get_by_role("button", name="TMS", exact=True)).to_be_disabled()
    page.fill("#structure", "CCO")
    expect(page.get_by_role("button", name="MSP", exact=True)).to_be_visible()
    expect(page.locator("[inert]")).to_have_count(0)
    page.fill("#structure", "")
    expect(page.get_by_text("begin with an example")).to_be_visible()


def test_one_click_derivatises_and_another_goes_back(page):
    show(page, "CC(N)C(=O)O")
    page.get_by_role("button", name="TMS", exact=True).click()
    expect(page.locator(".chip")).to_have_text(["parent", "2TMS", "3TMS"])
    expect(facts(page)).to_contain_text("C9H23NO2Si2")
    expect(page.locator("#structure")).to_have_value(re.compile(r"\[Si\]"))
    page.get_by_role("button", name="3TMS").click()
    expect(facts(page)).to_contain_text("C12H31NO2Si3")
    # Another method is meant of the same parent.
    page.get_by_role("button", name="methyl", exact=True).click()
    expect(facts(page)).to_contain_text("C4H9NO2")
    page.get_by_role("button", name="parent").click()
    expect(facts(page)).to_contain_text("C3H7NO2")
    show(page, "CCCC")
    page.get_by_role("button", name="TMS", exact=True).click()
    expect(page.get_by_text("nothing in the molecule reacts")).to_be_visible()


def test_atoms_are_labelled_by_keyboard(page):
    show(page, "CO")
    page.get_by_role("button", name="²H").press("Enter")
    page.get_by_role("button", name="label atom 1").press("Enter")
    expect(facts(page)).to_contain_text("33")
    expect(facts(page)).to_contain_text("CH3DO")
    page.get_by_role("button", name="¹³C").press("Enter")
    page.get_by_role("button", name="label atom 2").press("Space")
    expect(page.locator("#structure")).to_have_value(re.compile(r"13CH2"))


def test_a_measured_spectrum_that_is_dropped_is_compared(page):
    show(page, "CCCCCCC(C=CCCCCC)C(F)(F)F")
    drop(page, "measured.msp", (EXAMPLES / "measured.msp").read_text(encoding="utf-8"))
    match = page.get_by_test_id("match")
    expect(match).to_contain_text("NIST identity")
    before = match.inner_text()
    show(page, "c1ccccc1")
    expect(match).to_contain_text("NIST identity")
    expect(match).not_to_have_text(before)
    page.get_by_label("none").check()
    expect(match).to_have_count(0)
    drop(page, "notes.msp", "nothing of the kind")
    expect(page.locator(".message")).to_contain_text("notes.msp: ")


def test_candidates_are_ranked_and_a_choice_shows_the_mirror(page):
    rank_the_example(page)
    rows = page.get_by_test_id("ranking").locator("tbody tr")
    expect(rows.first).to_contain_text("MCPB methyl ester")
    expect(page.locator(".legend")).to_contain_text("MCPB methyl ester")
    page.get_by_role("button", name="mecoprop ethyl ester").press("Enter")
    expect(page.locator(".legend")).to_contain_text("mecoprop ethyl ester")
    expect(page.get_by_test_id("match")).to_contain_text(rows.nth(4).locator("b").inner_text())
    page.fill("#candidates", "COc1ccc(Cl)cc1 other\nC1CC broken\n[He]\n")
    page.get_by_role("button", name="Rank", exact=True).click()
    expect(page.get_by_text("2 left out")).to_be_visible()
    page.fill("#candidates", "[H][H] hydrogen")
    page.get_by_role("button", name="Rank", exact=True).click()
    expect(page.get_by_text("1 compared, none has anything in common")).to_be_visible()
    page.fill(".candidates input[size]", "C2H6O")
    page.get_by_role("button", name="Rank", exact=True).click()
    expect(rows).to_have_count(0)
    page.get_by_role("button", name="Search in measured.msp").click()
    page.fill(".candidates input[size]", "")
    page.get_by_role("button", name="Search in measured.msp").click()
    expect(rows).to_have_count(1)
    # What was measured is not written as if it had been predicted.
    expect(page.get_by_role("button", name="MSP", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="SVG", exact=True)).to_be_visible()


def test_a_ranking_is_of_its_spectrum(page):
    rank_the_example(page)
    drop(page, "other.msp", msp("other", "31 999\n45 500"))
    expect(page.get_by_test_id("ranking")).to_have_count(0)
    expect(page.locator(".legend")).not_to_contain_text("candidate")
    page.get_by_role("radio", name="peak at 14.62 min").check()
    expect(page.get_by_test_id("ranking").locator("tbody tr")).to_have_count(10)


def msp(name, peaks, fields=""):
    return f"Name: {name}\n{fields}Num Peaks: {len(peaks.splitlines())}\n{peaks}\n\n"


def test_the_retention_index_is_compared_on_its_column_and_counts_where_wanted(page):
    peaks = "91 250\n119 400\n161 990\n163 999\n164 170\n206 400"
    own = "RETENTIONINDEX: 1620\nRETENTIONTIME: 12.34\nColumn: DB-5\n"
    polar = "RETENTIONINDEX: 2400\nColumn: DB-Wax\n"
    drop(page, "two.msp", msp("own", peaks, own) + msp("polar", peaks, polar))
    expect(page.get_by_test_id("measured-list")).to_contain_text("12.34 min, RI 1620 (DB-5)")
    show(page, IBUPROFEN)
    index = page.locator(".index")
    expect(index).to_have_text(re.compile(r"\(90 %: \d+–\d+\), semi-standard non-polar.*ΔRI −6"))
    page.fill("#candidates", f"{IBUPROFEN} ibuprofen")
    rank, ranking = (
        page.get_by_role("button", name="Rank", exact=True),
        page.get_by_test_id("ranking"),
    )
    rank.click()
    expect(ranking.locator("tbody td").last).to_have_text("−6")
    alone = ranking.locator("b").inner_text()
    page.get_by_label("let it count").check()
    rank.click()
    expect(ranking.locator("b")).not_to_have_text(alone)
    expect(page.get_by_text("the retention index counts in the score")).to_be_visible()
    page.get_by_role("radio", name="polar").check()
    expect(index).not_to_contain_text("ΔRI")
    rank.click()
    expect(ranking).to_contain_text("RI")
    expect(ranking).not_to_contain_text("ΔRI")
    # One that the file has not can be typed.
    drop(page, "three.msp", msp("none", peaks))
    expect(page.get_by_label("let it count")).to_be_disabled()
    page.get_by_label("Measured retention index").fill("1600")
    page.get_by_label("Measured retention index").press("Enter")
    expect(index).to_have_text(re.compile(r"measured 1600, ΔRI \+14"))
    rank.click()
    expect(ranking.locator("tbody td").last).to_have_text("+14")


def test_the_structure_that_a_file_gives_is_drawn_beside_its_spectrum(page):
    peaks = "31 999\n45 500"
    drop(page, "a.msp", msp("bare", peaks) + msp("ethanol", peaks, "SMILES: CCO\n"))
    buttons = page.get_by_role("button", name="Draw this one")
    expect(buttons).to_have_count(1)
    buttons.click()
    expect(facts(page)).to_contain_text("C2H6O")
    expect(page.locator("#structure")).to_have_value("CCO")


def test_of_several_files_that_are_dropped_each_is_told_of(page):
    page.evaluate(
        """() => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(["bad"], "a.msp"));
            dataTransfer.items.add(new File(["Name: x\\nNum Peaks: 1\\n31 999\\n"], "b.msp"));
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }"""
    )
    expect(page.locator(".message")).to_contain_text("a.msp: line 1")
    expect(page.locator(".message")).to_contain_text("b.msp: spectra read: 1")


def test_a_match_factor_is_no_fraction(page):
    show(page, IBUPROFEN)
    # Of a factor of 1, of 999, "1.000" would say that they are the same.
    drop(page, "a.msp", msp("hardly alike", "31 999\n45 500"))
    match = page.get_by_test_id("match")
    expect(match.locator("b").nth(1)).to_have_text(re.compile(r"^\d+$"))
    expect(match.locator("b").nth(2)).to_have_text(re.compile(r"^0\.\d{3}$"))
    page.get_by_text("All scores").click()
    expect(match.get_by_role("row", name="nist similarity match factor")).not_to_contain_text(".")


def test_a_peak_that_is_gone_is_not_told_of(page):
    show(page, IBUPROFEN)
    drop(page, "a.msp", msp("above", "31 999\n246 500"))
    expect(page.get_by_test_id("match")).to_be_visible()
    plot = page.get_by_test_id("plot")
    plot.press("ArrowRight")
    for _ in range(100):
        plot.press("ArrowRight")
    expect(page.locator("#peak")).to_contain_text("m/z 246")
    page.get_by_label("none").check()
    expect(page.locator("#peak")).to_contain_text("Drag to zoom")


def test_a_list_that_is_dropped_becomes_candidates(page):
    drop(page, "list.csv", "name,smiles\nethanol,CCO\nether,COC\n", ".candidates")
    expect(page.locator("#candidates")).to_have_value("CCO ethanol\nCOC ether")


def test_a_name_that_is_a_script_is_text(page):
    script = "<script>document.title='x'</script><img/src=x>"
    show(page, "CCO")
    drop(page, "a.msp", f"Name: {script}\nNum Peaks: 2\n31 999\n45 500\n")
    page.fill("#candidates", f"CCO {script}")
    page.get_by_role("button", name="Rank", exact=True).click()
    expect(page.get_by_role("button", name=script, exact=True)).to_be_visible()
    expect(page.locator(".legend")).to_contain_text(script)
    assert page.title() == "NExtIMS"
    with page.expect_download() as waited:
        page.get_by_role("button", name="SVG").click()
    assert "<script" not in waited.value.path().read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["MSP", "JCAMP-DX", "CSV", "PNG", "SVG"])
def test_downloads(page, name, tmp_path):
    show(page, IBUPROFEN)
    with page.expect_download() as waited:
        page.get_by_role("button", name=name, exact=True).click()
    path = tmp_path / waited.value.suggested_filename
    waited.value.save_as(path)
    if name == "PNG":
        assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 10_000
    elif name == "SVG":
        text = path.read_text(encoding="utf-8")
        assert text.startswith("<svg") and ">163<" in text and "C13H18O2" in text
    else:
        [record] = read_spectra(path)
        assert record.spectrum.mz[record.spectrum.intensity.argmax()] == 163


def test_the_table_of_a_ranking(page):
    rank_the_example(page)
    with page.expect_download() as waited:
        page.get_by_role("button", name="Table (CSV)").click()
    lines = waited.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == 11
    assert "MCPB methyl ester" in lines[1]


def test_a_link_reproduces_the_view(page, opened):
    show(page, IBUPROFEN)
    rank_the_example(page)
    page.get_by_role("button", name="mecoprop ethyl ester").click()
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".message")).to_contain_text("link")
    other = opened(page.url.partition("/#")[2] and "#" + page.url.partition("#")[2])
    expect(other.locator("#structure")).to_have_value(IBUPROFEN)
    expect(other.get_by_test_id("ranking").locator("tbody tr")).to_have_count(10)
    expect(other.get_by_role("button", name="Show all")).to_be_enabled()
    expect(other.locator(".legend")).to_contain_text("mecoprop ethyl ester")
    shown = page.get_by_test_id("plot").inner_html()
    assert other.get_by_test_id("plot").inner_html() == shown
    # In a tab that is open already, only what is behind the # changes.
    third = opened()
    third.evaluate("link => { location.hash = link }", "#" + page.url.partition("#")[2])
    expect(third.locator(".legend")).to_contain_text("mecoprop ethyl ester")
    expect(third.get_by_role("button", name="Show all")).to_be_enabled()
    assert third.get_by_test_id("plot").inner_html() == shown


def test_what_is_shown_outlives_a_reload_and_a_way_back_in_its_tab(page, opened):
    page.get_by_role("button", name="Glucose").click()
    derivative = page.get_by_role("button", name="5TMS 1MEOX")
    expect(derivative).to_have_attribute("aria-pressed", "true")
    drop(page, "unknown.msp", unknown())
    expect(page.get_by_role("radio", name="peak at 14.62 min")).to_be_checked()
    for leave in (page.reload, lambda: (page.goto(page.url + "docs"), page.go_back())):
        leave()
        expect(derivative).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_role("radio", name="peak at 14.62 min")).to_be_checked()
    expect(opened().get_by_text("begin with an example")).to_be_visible()


def test_a_link_that_is_broken_is_said(opened):
    page = opened("#broken")
    expect(page.locator(".message")).to_have_text("The link cannot be read.")


def test_the_plot_by_keyboard_and_mouse(page):
    show(page, IBUPROFEN)
    plot, said = page.get_by_test_id("plot"), page.locator("#peak")
    plot.press("ArrowRight")
    first = said.inner_text()
    assert re.search(r"m/z \d+", first)
    plot.press("ArrowRight")
    expect(said).not_to_have_text(first)
    plot.press("+")
    expect(page.get_by_role("button", name="Show all")).to_be_enabled()
    plot.press("0")
    expect(page.get_by_role("button", name="Show all")).to_be_disabled()
    box = plot.bounding_box()
    right = box["x"] + box["width"]
    page.mouse.move(right - 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(right - 5, box["y"] + 100, steps=4)
    page.mouse.up()
    labels = set(plot.locator("text").all_text_contents())
    assert "206" in labels and "91" not in labels
    plot.dblclick()
    assert "91" in plot.locator("text").all_text_contents()


def test_tab_goes_through_all_that_can_be_done(page):
    show(page, IBUPROFEN)
    reached = set()
    page.locator("body").press("Tab")
    for _ in range(60):
        reached.add(
            page.evaluate(
                "() => { const e = document.activeElement; return e.id || e.textContent; }"
            )
        )
        page.keyboard.press("Tab")
    assert {"structure", "candidates", "TMS", "MSP", "PNG", "Copy link", "²H"} <= reached
    assert page.evaluate(
        "() => document.activeElement !== document.querySelector('[data-testid=editor] div')"
    )


@pytest.mark.parametrize("settings", [{"viewport": {"width": 360, "height": 740}}, {}])
def test_nothing_is_wider_than_the_window(opened, settings):
    page = opened(**settings)
    rank_the_example(page)
    show(page, "CON=C[C@H](O[Si](C)(C)C)[C@@H](O[Si](C)(C)C)[C@H](O)[C@@H](CO)O")
    wide, window = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window


def test_it_speaks_the_language_of_the_browser_and_the_other(opened):
    page = opened(locale="ja-JP")
    expect(page.get_by_role("heading", name="スペクトル", exact=True)).to_be_visible()
    assert page.evaluate("() => document.documentElement.lang") == "ja"
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Spectrum", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Spectrum", exact=True)).to_be_visible()


def test_what_is_pressed_can_be_read_with_the_pointer_on_it(page):
    show(page, "CO")
    button = page.get_by_role("button", name="²H")
    button.click()
    button.hover()
    page.wait_for_timeout(300)  # the change of colour is drawn out
    look = "(e) => { const s = getComputedStyle(e); return [s.color, s.backgroundColor]; }"
    ink, ground = button.evaluate(look)
    assert ink != ground


def test_what_the_server_says_is_told_in_japanese(opened):
    page = opened(locale="ja-JP")
    alert = page.get_by_role("alert")
    for structure, told in (
        ("ibuprofen", "名称です"),
        ("[Fe]", "対応していない元素：Fe"),
        ("c1ccc", "（環 1 が閉じていません：2 文字目）"),
        ("CC(C)(C)(C)C", "C 原子の結合が多すぎます（5）：2 文字目"),
    ):
        page.fill("#structure", structure)
        expect(alert).to_contain_text(told)
    page.fill("#structure", "C[Pb](C)(C)C")
    expect(page.locator(".notes")).to_contain_text("Pb の学習データがありません")
    expect(page.locator(".notes")).to_contain_text(
        "有機金属化合物と有機ホウ素化合物の予測は他より劣ります"
    )
    drop(page, "a.msp", msp("a", "31 999") + "Name: b\nNum Peaks: 1\n\n")
    expect(page.locator(".message")).to_contain_text("行目：")
    page.fill("#candidates", "CCO\nfoo\n")
    page.get_by_role("button", name="順位付け", exact=True).click()
    expect(page.locator(".row details")).to_contain_text("2 行目：foo: 名称です")
    expect(page.get_by_text("ピークが 1 本しかありません")).to_be_visible()


def test_the_examples_teach(page, opened):
    page.get_by_role("button", name="Glucose").click()
    expect(page.get_by_role("button", name="5TMS 1MEOX")).to_be_visible()
    page = opened()
    page.get_by_role("button", name="Name an unknown").click()
    expect(page.get_by_test_id("ranking").locator("tbody tr")).to_have_count(10)


def test_the_documentation_of_the_api(opened):
    page = opened("docs")
    for path in ("/predict", "/compare", "/rank", "/annotate", "/health"):
        expect(page.locator(f"[data-path='{path}']").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_axe_finds_nothing_serious(opened, scheme, width):
    if not AXE.exists():
        pytest.skip("needs npm ci in web/")
    page = opened(color_scheme=scheme, viewport={"width": width, "height": 900})
    axe = AXE.read_text(encoding="utf-8")
    serious = []
    for prepare in (lambda: None, lambda: show(page, IBUPROFEN), lambda: rank_the_example(page)):
        prepare()
        page.evaluate(axe)
        found = page.evaluate("() => axe.run()")
        serious += [
            (each["id"], [node["html"] for node in each["nodes"]])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
    assert serious == []


@pytest.mark.slow
def test_the_teacher_names_ions_and_marks_their_atoms(page):
    show(page, "CCCCCCC(=O)OC")
    page.get_by_label("teacher").check()
    ions = page.get_by_test_id("ions")
    expect(ions).to_contain_text("C3H6O2+", timeout=120_000)
    ions.get_by_role("button", name="74", exact=True).click()
    expect(page.locator("#peak")).to_contain_text("− C5H10")
    page.get_by_text("Table of peaks").click()
    isotope = page.locator(".peaks tr", has=page.get_by_role("cell", name="75", exact=True))
    expect(isotope.locator("sup").filter(has_text="13").first).to_be_visible()
    expect(isotope.locator("sup").last).to_have_text("+")
    expect(isotope.get_by_role("cell").nth(2)).to_have_text("69")
    # McLafferty's ion: both oxygens, their carbons, and the one beside the carbonyl.
    expect(page.locator(".kept")).to_have_count(5)
    page.get_by_label("Energy, eV").fill("2000")
    page.get_by_label("Energy, eV").press("Enter")
    expect(page.get_by_label("Energy, eV")).to_have_value("1000")
    expect(page.locator(".notes")).to_contain_text("such predictions are a guess", timeout=60_000)
    page.get_by_label("Energy, eV").fill("20")
    page.get_by_label("Energy, eV").press("Enter")
    expect(page.locator(".spectrum")).to_have_attribute("aria-busy", "false", timeout=60_000)
    expect(page.get_by_role("alert")).to_have_count(0)
