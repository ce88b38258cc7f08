"""Measured spectra on the page, beside what is drawn."""

import re

from hands import EXAMPLES, IBUPROFEN, drop, expect, facts, msp, show


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
    similarity = match.get_by_role("row", name=re.compile(r"^NIST similarity(?!,)"))
    expect(similarity).not_to_contain_text(".")


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
