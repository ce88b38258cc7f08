"""How quick the page of ``nextims app`` is, in headless Chromium, and how it stands a crowd.

Measured, against a server that it starts: from opening the page until something can be drawn on
it; from a structure that is changed in its box until its spectrum is drawn, over distinct molecules
none of which was asked for before; and the answers of ``POST /predict`` to many clients, each of
which asks again as soon as it is answered, for a minute.

    python benchmarks/app.py --clients 50 --seconds 60

Needs Chromium and playwright. ``--figure FILE.png`` takes the README's picture instead.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import count, islice, product
from pathlib import Path
from threading import Lock

from playwright.sync_api import Browser, expect, sync_playwright

from chromium import FLAGS, PROGRAM
from nextims.config import PROJECT_ROOT
from tables import Row, write_rows

_JSON = {"Content-Type": "application/json"}
_OPENED = 7
_WARMING_UP = 5
# Chains, ends and rings that give distinct molecules of the sizes that GC-MS sees.
_ENDS = ("C(=O)OC", "C(=O)O", "CO", "CN(C)C", "c1ccccc1", "C(C)=O", "COC(C)=O", "C#N", "CCl", "CSC")
_MIDDLES = ("", "C(C)", "C=C", "c1ccc(cc1)", "C(=O)N", "OC", "C(O)", "C1CCC(CC1)", "C(F)(F)")


def molecules() -> Iterator[str]:
    """Give distinct molecules, the smallest first."""
    for length in count(1):
        for first, second, end in product(_MIDDLES, _MIDDLES, _ENDS):
            yield f"{'C' * length}{first}C{second}{end}"


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--changes", type=int, default=200, help="structures typed")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rows", type=Path, metavar="FOLDER", help="write the rows there")
    parser.add_argument("--figure", type=Path, metavar="FILE.png")
    arguments = parser.parse_args(argv)
    asked = molecules()
    with served() as address:
        with chromium() as browser:
            if arguments.figure:
                take_figure(browser, address, arguments.figure)
                return 0
            rows = opening(browser, address)
            rows += changing(browser, address, asked, arguments.changes)
        rows += crowd(address, asked, arguments.clients, arguments.seconds)
    for _, about, _, metric, value in rows:
        print(f"{about}: {metric}: {value:,.1f}")
    if arguments.rows:
        write_rows(arguments.rows / "app.csv", rows)
    return 0


@contextmanager
def served() -> Iterator[str]:
    """Serve the page in a process of its own, and give its address."""
    command = [PROJECT_ROOT / "scripts" / "app.py", "--no-browser", "--port", "0"]
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().split()[0]
        finally:
            server.terminate()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser without a window."""
    with sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=PROGRAM, args=list(FLAGS))


def opening(browser: Browser, address: str) -> list[Row]:
    """Measure how long it takes until the page can be drawn on, with nothing kept from before."""
    times = []
    for _ in range(_OPENED):
        context = browser.new_context()
        page = context.new_page()
        started = time.perf_counter()
        page.goto(address)
        page.locator("[data-testid=editor] canvas").nth(1).wait_for()
        times.append(1000 * (time.perf_counter() - started))
        context.close()
    about = ("student", "page opened, editor ready", f"{_OPENED} times, nothing cached")
    return [(*about, "median, ms", statistics.median(times)), (*about, "longest, ms", max(times))]


def changing(browser: Browser, address: str, asked: Iterator[str], changes: int) -> list[Row]:
    """Measure the time from a change in the box until the frame that shows the new spectrum."""
    page = browser.new_page()
    page.goto(address)
    page.fill("#structure", "CCO")
    page.get_by_test_id("plot").wait_for()
    times = [
        page.evaluate(
            """(structure) => new Promise((done) => {
                const box = document.querySelector("#structure");
                const plot = document.querySelector("[data-testid=plot]");
                const watch = new MutationObserver(() => {
                    watch.disconnect();
                    requestAnimationFrame(() => setTimeout(() => done(performance.now() - before)));
                });
                watch.observe(plot, { attributeFilter: ["aria-label"] });
                const before = performance.now();
                box.value = structure;
                box.dispatchEvent(new Event("input", { bubbles: true }));
            })""",
            structure,
        )
        for structure in islice(asked, changes + _WARMING_UP)
    ][_WARMING_UP:]
    about = ("student", "structure changed, spectrum drawn", f"{changes} distinct molecules")
    return [(*about, "median, ms", statistics.median(times)), (*about, "95 %, ms", late(times))]


def crowd(address: str, asked: Iterator[str], clients: int, seconds: float) -> list[Row]:
    """Measure what many clients wait for, each of which asks again as soon as it is answered."""
    host = address.split("/")[2]
    times: list[float] = []
    wrong: list[bytes] = []
    end = time.perf_counter() + seconds

    alone = Lock()  # no generator may be asked by two at once

    def ask() -> None:
        server = HTTPConnection(host, timeout=60)
        while time.perf_counter() < end:
            with alone:
                structure = next(asked)
            request = {"structures": [{"structure": structure}], "drawing": True}
            started = time.perf_counter()
            server.request("POST", "/predict", json.dumps(request), _JSON)
            answer = server.getresponse()
            body = answer.read()
            times.append(1000 * (time.perf_counter() - started))
            if answer.status != 200 or b'"peaks"' not in body:
                wrong.append(body)

    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(ask) for _ in range(clients)]:
            done.result()  # raises what went wrong with the connection
    about = ("student", f"{clients} clients, each asking without pause", f"{seconds:g} s")
    return [
        (*about, "requests", len(times)),
        (*about, "errors", len(wrong)),
        (*about, "median, ms", statistics.median(times)),
        (*about, "95 %, ms", late(times)),
    ]


def late(times: list[float]) -> float:
    """Return the time that 95 of 100 are within."""
    return statistics.quantiles(times, n=20)[-1]


def take_figure(browser: Browser, address: str, path: Path) -> None:
    """Take a picture of the page with a measured spectrum and ranked candidates."""
    page = browser.new_page(viewport={"width": 1400, "height": 1330}, color_scheme="light")
    page.goto(address)
    page.get_by_role("button", name="Name an unknown").click()
    expect(page.get_by_test_id("ranking").locator("tbody tr")).to_have_count(10)
    expect(page.locator(".message")).to_have_text("", timeout=20_000)
    page.evaluate("() => scrollTo(0, 0)")
    page.screenshot(path=path)


if __name__ == "__main__":
    sys.exit(main())
