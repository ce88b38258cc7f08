"""A structure on the page: drawn, typed, derivatised, labelled."""

import re

import pytest
from hands import IBUPROFEN, drop, expect, facts, show
from rdkit import Chem


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
