"""The login page of somebody else's Wi-Fi, in an isolated world: it stands between all parties."""

from host.emulator.network import Site, Stream

_MAX_REQUEST = 4096  # bytes of a request's head
_PAGE = "Please log in to use this network.\n"
_METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"OPTIONS ", b"CONNECT ")


class CaptivePortal:
    """Holds the boards of its network: they can join it, and reach nobody but this.

    Each name resolves to its address, each connection of a board ends here, on whatever port, and
    is answered in HTTP: a request by a redirect to the login page, anything else as a bad one.
    requests: (port, first bytes) of each connection.
    """

    def __init__(self, site: Site, name: str) -> None:
        self.name = name
        self.address = site.address
        self.requests: list[tuple[int, bytes]] = []
        self._site = site
        site.listen(None, self._accept)
        self.hold()

    def hold(self) -> None:
        """Let nobody through from now on."""
        self._site.network.captor = self._site

    def admit(self) -> None:
        """Let all boards through, as after a login."""
        self._site.network.captor = None

    def _accept(self, stream: Stream) -> None:
        stream.changed = lambda: self._hear(stream)

    def _hear(self, stream: Stream) -> None:
        seen = bytes(stream.buffer[:_MAX_REQUEST])
        is_http = seen.startswith(_METHODS)
        if is_http and b"\r\n\r\n" not in seen and len(seen) < _MAX_REQUEST:
            return
        if seen:
            self.requests.append((stream.port, seen))
            stream.send(self._redirect() if is_http else _answer("400 Bad Request", ""))
        if seen or stream.is_ended or stream.error:
            stream.buffer.clear()
            stream.close()

    def _redirect(self) -> bytes:
        return _answer("302 Found", f"Location: http://{self.name}/login\r\n")


def _answer(status: str, more: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(_PAGE)}\r\n"
    return f"{head}{more}Connection: close\r\n\r\n{_PAGE}".encode()
