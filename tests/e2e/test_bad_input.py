"""What users get wrong, off chain: one clear sentence, exit code 2, and nothing left behind."""

from __future__ import annotations

import http.server
import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Command, sentence
from wattpost.chain.files import write_atomically

Small = Callable[..., Path]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text + "\n[[[", "not valid TOML"),
        (lambda text: text.replace("days =", "dayz ="), "dayz"),
        (lambda text: text.replace("endowment = 10.0", "endowment = -1.0"), "endowment"),
        (lambda text: text.replace("electricity = [1.0]", "electricity = [1.0, 2.0]"), "electricity"),
        (lambda text: text.replace("c = 0.5", "c = 3.5"), "c of"),
        (lambda text: text.replace("c = 0.5", "c = nan"), "c must"),
        (
            lambda text: text.replace("bytecoin = 100.0", "bytecoin = 1e9").replace("count = 2", "count = 20"),
            "bytecoin",
        ),
        (lambda text: text.replace("capacity = 5.0", "capacity = 5.0\ninvestment_cost = 0.2"), "investment_cost"),
        (lambda text: text + '\n[verification]\nlayer = "proof-of-luck"', "proof-of-luck"),
        (lambda text: text + "\n[verification]\njoules_per_gas = -1.0", "joules_per_gas"),
        (lambda text: text + "\n[verification]\njoules_per_gas = 1e12", "joules per gas"),
        (lambda text: text.replace("capacity = 5.0", "capacity = 0.0"), "capacity"),
        (lambda text: text.replace("theta = 2.0", "theta = 1e-9"), "plant needs too much"),
    ],
)
def test_a_scenario_that_cannot_run__is_refused_by_name(
    small: Small, tmp_path: Path, command: Command, change: Callable[[str], str], words: str
) -> None:
    assert words in sentence(command("run", str(small(change=change)), "--out", str(tmp_path / "run")))
    assert [each.name for each in tmp_path.iterdir()] == ["small.toml"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "solar-dya"], "solar-day"),
        (["run", "missing.toml"], "missing.toml"),
        (["run", "tiny", "--engine", "hardhat"], "choose eth-tester, anvil, rpc"),
        (["run", "tiny", "--policy", "greedy"], "module:Class"),
        (["run", "tiny", "--policy", "no.such:Thing"], "no.such"),
        (["run", "tiny", "--engine", "rpc"], "--rpc URL"),
        (["run", "tiny", "--engine", "rpc", "--rpc", "http://127.0.0.1:9"], "--keys FOLDER"),
        (["audit"], "run folder"),
        (["keys", "k"], "WATTPOST_PASSWORD"),
        (["operate", "--rpc", "http://127.0.0.1:9", "--keys", "k"], "WATTPOST_PASSWORD"),
    ],
)
def test_a_command_that_cannot_work__says_what_to_do(
    arguments: list[str], words: str, tmp_path: Path, command: Command
) -> None:
    assert words in sentence(command(*arguments, cwd=tmp_path, WATTPOST_PASSWORD=""))
    assert not any(tmp_path.rglob("*.json"))


def test_an_audit_of_nothing__could_not_check(tmp_path: Path, command: Command) -> None:
    result = command("audit", str(tmp_path))
    assert result.returncode == 2 and "could not check" in result.stdout


def test_a_port_already_taken__is_named(small: Small, tmp_path: Path, command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = sentence(command("run", str(small()), "--port", str(port), "--out", str(tmp_path / "run")))
    assert str(port) in said
    assert not (tmp_path / "run").exists()


def test_a_folder_in_use__is_kept(small: Small, tmp_path: Path, command: Command) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/thesis.txt").write_text("years of work")
    for option in ([], ["--replace"]):
        said = sentence(command("run", str(small()), "--out", str(tmp_path / "run"), *option))
        assert "not empty" in said
    assert (tmp_path / "run/thesis.txt").read_text() == "years of work"


def test_a_folder_that_cannot_be_written__is_refused_before_anything_starts(
    small: Small, tmp_path: Path, command: Command
) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in sentence(command("run", str(small()), "--out", str(tmp_path / "file/run")))
    assert "is a file" in sentence(command("run", str(small()), "--out", str(tmp_path / "file")))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk__loses_the_run_and_nothing_else(small: Small, small_disk: Path, command: Command) -> None:
    (small_disk / "other.txt").write_text("kept")
    said = sentence(command("run", str(small(days=30)), "--out", str(small_disk / "run")))
    assert "No space left on device" in said
    assert [each.name for each in small_disk.iterdir()] == ["other.txt"]


def test_a_full_disk__leaves_the_old_file_whole(small_disk: Path) -> None:
    write_atomically(small_disk / "manifest.json", "old")
    with pytest.raises(OSError, match="No space left"):
        write_atomically(small_disk / "manifest.json", "x" * 200_000)
    assert (small_disk / "manifest.json").read_text() == "old"
    assert [each.name for each in small_disk.iterdir()] == ["manifest.json"]


class _OtherChain(http.server.BaseHTTPRequestHandler):
    """A node of another chain."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": "0x539"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


def test_a_node_of_another_chain__is_refused(tmp_path: Path, small: Small, command: Command) -> None:
    command("run", str(small()), "--out", str(tmp_path / "run"))
    command("keys", str(tmp_path / "keys"), str(small()), WATTPOST_PASSWORD="open")
    with http.server.HTTPServer(("127.0.0.1", 0), _OtherChain) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        arguments = [
            "--rpc",
            url,
            "--keys",
            str(tmp_path / "keys"),
            "--deployment",
            str(tmp_path / "run/deployment.json"),
        ]
        said = sentence(command("operate", *arguments, WATTPOST_PASSWORD="open"))
        server.shutdown()
    assert "runs chain 1337" in said


def test_a_wrong_password_or_node__is_refused_before_the_first_transaction(
    tmp_path: Path, small: Small, command: Command
) -> None:
    command("keys", str(tmp_path / "keys"), str(small()), WATTPOST_PASSWORD="open")
    arguments = [
        "run",
        str(small()),
        "--engine",
        "rpc",
        "--rpc",
        "http://127.0.0.1:9",
        "--keys",
        str(tmp_path / "keys"),
    ]
    assert "password" in sentence(command(*arguments, WATTPOST_PASSWORD="shut"))
    assert "127.0.0.1:9" in sentence(command(*arguments, WATTPOST_PASSWORD="open"))
    arguments[5] = "nowhere"
    assert "http://host:port" in sentence(command(*arguments, WATTPOST_PASSWORD="open"))
    (tmp_path / "keys/home-2.json").unlink()
    assert "home-2.json" in sentence(command(*arguments, WATTPOST_PASSWORD="open"))
