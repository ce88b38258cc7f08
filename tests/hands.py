"""What the tests of the page do over and over, as a user's hands would."""

import pytest

from chromium import PROGRAM
from nextims.config import PROJECT_ROOT

EXAMPLES = PROJECT_ROOT / "docs" / "examples"
expect = pytest.importorskip("playwright.sync_api", reason="needs pip install playwright").expect
if PROGRAM is None:
    pytest.skip("needs Chromium (apt install chromium)", allow_module_level=True)

IBUPROFEN = "CC(C)Cc1ccc(cc1)C(C)C(=O)O"


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


def msp(name, peaks, fields=""):
    return f"Name: {name}\n{fields}Num Peaks: {len(peaks.splitlines())}\n{peaks}\n\n"
