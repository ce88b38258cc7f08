"""The page in a browser, served by the command."""

import pytest

from chromium import FLAGS, PROGRAM


@pytest.fixture(scope="module")
def chromium():
    # Where it is missing, the tests are skipped as they are read.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
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
