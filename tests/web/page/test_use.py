"""That the page can be used by everyone: keyboard, width, colours, languages."""

import re

import pytest
from hands import IBUPROFEN, drop, expect, msp, rank_the_example, show

from nextims.config import PROJECT_ROOT

AXE = PROJECT_ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"


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
