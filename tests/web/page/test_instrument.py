"""The page where it predicts as the user's own instrument records."""

import subprocess
import sys

from hands import EXAMPLES, expect, show

from nextims.config import PROJECT_ROOT


def test_it_says_so(chromium, address):
    command = [sys.executable, "-m", "nextims", "app", "--no-browser", "--port", "0"]
    command += ["--instrument", str(EXAMPLES / "standards.msp")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
    ) as server:
        own = server.stdout.readline().split()[0]
        for there, count in ((address, 0), (own, 1)):
            page = chromium.new_page()
            page.goto(there)
            show(page, "CCCCO")
            expect(page.get_by_text("as your instrument records: standards.msp")).to_have_count(
                count
            )
            page.close()
        server.terminate()
        _, told = server.communicate(timeout=20)
    assert "standards.msp: 10 molecules: intensity^" in told
