"""Candidates on the page, ranked."""

from hands import drop, expect, msp, rank_the_example


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


def test_a_list_that_is_dropped_becomes_candidates(page):
    drop(page, "list.csv", "name,smiles\nethanol,CCO\nether,COC\n", ".candidates")
    expect(page.locator("#candidates")).to_have_value("CCO ethanol\nCOC ether")


def test_the_table_of_a_ranking(page):
    rank_the_example(page)
    with page.expect_download() as waited:
        page.get_by_role("button", name="Table (CSV)").click()
    lines = waited.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == 11
    assert "MCPB methyl ester" in lines[1]


def test_the_examples_teach(page, opened):
    page.get_by_role("button", name="Glucose").click()
    expect(page.get_by_role("button", name="5TMS 1MEOX")).to_be_visible()
    page = opened()
    page.get_by_role("button", name="Name an unknown").click()
    expect(page.get_by_test_id("ranking").locator("tbody tr")).to_have_count(10)
