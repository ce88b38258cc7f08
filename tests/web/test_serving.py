"""Starting the server: what goes wrong is said in a line."""

import socket
import sys

import pytest

from nextims.cli.subcommands.app import main
from nextims.config import load_config
from nextims.web.serving import build_app


def test_a_port_that_is_taken(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["--no-browser", "--port", port]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: 127.0.0.1:{port}: ")
    assert "--port 0" in error


@pytest.mark.parametrize("package", ["fastapi", "uvicorn"])
def test_a_missing_package_is_named(package, capsys, monkeypatch):
    for name in [each for each in sys.modules if each.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("application", "service"):
        monkeypatch.delitem(sys.modules, f"nextims.web.{name}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["--no-browser", "--port", "0"]) == 2
    error = capsys.readouterr().err
    assert error == f'error: {package} is missing: pip install "nextims[web]"\n'


def test_a_library_that_is_missing(capsys):
    assert main(["--no-browser", "--port", "0", "--library", "none.msp"]) == 2
    assert "none.msp: no such file" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_that_is_none(port, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--port", port])
    assert ended.value.code == 2


def test_others_reach_it_by_address_only_where_it_is_open_to_them():
    assert build_app(load_config())._is_own("192.0.2.7") is False
    assert build_app(load_config(), host="0.0.0.0")._is_own("192.0.2.7") is True
    assert build_app(load_config(), host="0.0.0.0")._is_own("evil.example") is False
