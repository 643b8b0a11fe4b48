"""The guard of the way out against real sockets: rebinding, redirects, drips, certificates."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from course_sync.errors import AddressRefused, PlatformAnswerInvalid, PlatformError, PlatformUnreachable
from course_sync.outbound import Limits
from course_sync.platform_client import PlatformClient
from tests.harness.network import is_address

PUBLIC = "93.184.216.34"
LIMITS = Limits(connect_seconds=5, read_seconds=20, total_seconds=40, attempts=1)
OK = b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\r\n{"a": 1}'

Answer = Callable[[socket.socket], None]


def client_of(limits: Limits = LIMITS, **reach: Any) -> PlatformClient:
    return PlatformClient(sign_assertion=lambda _registration: "signed", limits=limits, **reach)


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """`serve(answer, tls)` answers each connection in a thread of its own; gives the port."""
    listeners: list[socket.socket] = []

    def start(answer: Answer, tls: ssl.SSLContext | None = None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=_accept, args=(listener, answer, tls), daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()


def _accept(listener: socket.socket, answer: Answer, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _address = listener.accept()
            with tls.wrap_socket(connection, server_side=True) if tls else connection as wrapped:
                wrapped.recv(65536)
                answer(wrapped)
        except ssl.SSLError:
            continue
        except OSError:
            if listener.fileno() == -1:
                return


class Resolver:
    """Answers names with one address after the other, the last for ever; an address is itself, as always."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: str, port: object, *_args: object, **_kwargs: object) -> list[Any]:
        address = host
        if not is_address(host):
            address = self.answers[min(self.asked, len(self.answers) - 1)]
            self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]


def connections_to(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where sockets are told to connect; nothing leaves the machine."""
    tried: list[Any] = []

    def connect(_sock: socket.socket, address: Any) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


@pytest.mark.parametrize("second", ["127.0.0.1", "169.254.169.254", "10.0.0.1"])
def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch, second: str) -> None:
    """Rebinding: the address that was checked is the one connected to, and is not looked up again."""
    resolver, tried = Resolver(monkeypatch, PUBLIC, second), connections_to(monkeypatch)
    with pytest.raises(PlatformUnreachable):
        client_of().fetch_document("https://rebinding.example/config")
    assert (resolver.asked, tried) == (1, [PUBLIC])
    with pytest.raises(AddressRefused):
        client_of().fetch_document("https://rebinding.example/config")
    assert tried == [PUBLIC]


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    Resolver(monkeypatch, PUBLIC)
    tried = connections_to(monkeypatch)
    with pytest.raises(PlatformUnreachable):
        client_of().fetch_document("https://lms.example/config")
    assert tried == [PUBLIC]


def test_a_redirect_is_not_followed(serve: Callable[..., int]) -> None:
    reached: list[bytes] = []
    inner = serve(lambda sock: reached.append(b"x"))
    redirect = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inner}/\r\nContent-Length: 0\r\n\r\n"
    outer = serve(lambda sock: sock.sendall(redirect.encode()))
    for ask in (client_of(allow_loopback=True).fetch_document, _post):
        with pytest.raises(PlatformAnswerInvalid) as caught:
            ask(f"http://127.0.0.1:{outer}/")
        assert caught.value.code == "redirected"
    assert reached == []


def _post(url: str) -> dict[str, Any]:
    return client_of(allow_loopback=True).post_document(url, {"a": 1}, bearer="secret")


def test_headers_that_drip_end_at_the_deadline(serve: Callable[..., int]) -> None:
    """A byte now and then is no silence; the whole answer has its time all the same."""
    stop = threading.Event()

    def drip(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not stop.wait(0.05):
            sock.sendall(b"x")

    started = time.monotonic()
    with pytest.raises(PlatformUnreachable) as caught:
        client_of(allow_loopback=True).fetch_document(f"http://127.0.0.1:{serve(drip)}/", timeout_seconds=0.5)
    stop.set()
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 10


def test_a_document_has_a_size_of_its_own(serve: Callable[..., int]) -> None:
    port = serve(lambda sock: sock.sendall(OK))
    client = client_of(allow_loopback=True)
    assert client.fetch_document(f"http://127.0.0.1:{port}/") == {"a": 1}
    with pytest.raises(PlatformAnswerInvalid) as caught:
        client.fetch_document(f"http://127.0.0.1:{port}/", max_bytes=7)
    assert caught.value.code == "too_large"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file with a key and a certificate for moodle.intranet.example alone, signed by itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intranet")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("moodle.intranet.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "intranet.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    return path


@pytest.fixture
def intranet(
    serve: Callable[..., int], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, list[str | None]]:
    """An https site on a private address, and the names it was asked for; this machine trusts it."""
    asked: list[str | None] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.sni_callback = lambda _sock, name, _context: asked.append(name)
    Resolver(monkeypatch, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return serve(lambda sock: sock.sendall(OK), tls), asked


def test_the_certificate_is_checked_for_the_name_and_the_connection_goes_to_the_address(
    intranet: tuple[int, list[str | None]],
) -> None:
    port, asked = intranet
    client = client_of(private_hosts=["moodle.intranet.example"])
    assert client.fetch_document(f"https://moodle.intranet.example:{port}/") == {"a": 1}
    assert asked == ["moodle.intranet.example"]


def test_a_certificate_of_another_name_is_refused(intranet: tuple[int, list[str | None]]) -> None:
    port, asked = intranet
    with pytest.raises(PlatformError) as caught:
        client_of(private_hosts=["other.intranet.example"]).fetch_document(
            f"https://other.intranet.example:{port}/"
        )
    assert caught.value.code == "certificate"
    assert asked == ["other.intranet.example"]


def test_a_private_host_that_is_not_named_is_not_even_connected_to(
    intranet: tuple[int, list[str | None]],
) -> None:
    port, asked = intranet
    with pytest.raises(AddressRefused):
        client_of(private_hosts=["other.example"]).fetch_document(f"https://moodle.intranet.example:{port}/")
    assert asked == []
