"""The page's server with the shipped student, asked as a browser of this machine would."""

import subprocess
import sys

import pytest

pytest.importorskip("fastapi", reason='needs pip install "nextims[web]"')
pytest.importorskip("httpx2", reason='needs pip install "nextims[test]"')

from starlette.testclient import TestClient

from nextims.config import PROJECT_ROOT, load_config
from nextims.web.limits import Limits
from nextims.web.serving import build_app

EXAMPLES = PROJECT_ROOT / "docs" / "examples"
ADDRESS = "http://127.0.0.1:8470"


@pytest.fixture(scope="session")
def client():
    app = build_app(
        load_config(), library=EXAMPLES / "measured.msp", limits=Limits(body=200_000, atoms=100)
    )
    with TestClient(app, base_url=ADDRESS) as client:
        yield client


@pytest.fixture(scope="session")
def address():
    """Where the command serves the page, in a process of its own."""
    library = str(EXAMPLES / "measured.msp")
    command = ["-m", "nextims", "app", "--no-browser", "--port", "0", "--library", library]
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
    ) as server:
        yield server.stdout.readline().split()[0]
        server.terminate()
        assert server.wait(timeout=20) == 0
