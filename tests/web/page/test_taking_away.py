"""What is taken away from the page: files, links, the view itself."""

import pytest
from hands import IBUPROFEN, drop, expect, rank_the_example, show, unknown

from nextims.formats.reading import read_spectra


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
