"""Starting the server: what goes wrong is said in a line."""

import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest

from nextims.cli.subcommands.app import main
from nextims.config import PROJECT_ROOT, load_config
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


def test_standards_that_are_missing(capsys):
    assert main(["--no-browser", "--port", "0", "--instrument", "none.msp"]) == 2
    assert "none.msp: no such file" in capsys.readouterr().err


def test_what_it_predicts_is_as_the_own_instrument_records():
    pytest.importorskip("httpx2", reason='needs pip install "nextims[test]"')
    from starlette.testclient import TestClient

    standards = PROJECT_ROOT / "docs" / "examples" / "standards.msp"
    peaks = []
    for instrument in (None, standards):
        app = build_app(load_config(), instrument=instrument)
        with TestClient(app, base_url="http://127.0.0.1:8470") as client:
            answer = client.post("/predict", json={"structures": [{"structure": "CCCCO"}]})
            health = client.get("/health").json()
        peaks.append(answer.json()["predictions"][0]["peaks"])
        assert health["instrument"] == (instrument and "standards.msp")
    assert peaks[0] != peaks[1]


def test_a_model_that_is_damaged_is_named_in_a_line(tmp_path, capsys):
    model = tmp_path / "mine.npz"
    model.write_bytes(b"none")
    config = tmp_path / "config.yaml"
    config.write_text(f"retention_index: {{checkpoint: {model}}}\n")
    assert main(["--no-browser", "--port", "0", "--config", str(config)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {model}: damaged")
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_ctrl_c_ends_requests_under_way_without_a_traceback():
    command = [sys.executable, "-m", "nextims", "app", "--no-browser", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
    ) as server:
        address = server.stdout.readline().split()[0]
        with urlopen(f"{address}health") as answer:  # it serves by now
            assert answer.status == 200
        port = int(address.rpartition(":")[2].strip("/"))
        waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        for each in waiting:
            each.sendall(
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
            )
        with urlopen(f"{address}health"):
            server.send_signal(signal.SIGINT)
        _, said = server.communicate(timeout=20)
        assert server.returncode == 0
    assert "Traceback" not in said
    assert all(b" 503 " in each.recv(1000) for each in waiting)


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_that_is_none(port, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--port", port])
    assert ended.value.code == 2


def test_others_reach_it_by_address_only_where_it_is_open_to_them():
    assert build_app(load_config())._is_own("192.0.2.7") is False
    assert build_app(load_config(), host="0.0.0.0")._is_own("192.0.2.7") is True
    assert build_app(load_config(), host="0.0.0.0")._is_own("evil.example") is False
