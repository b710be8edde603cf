# requests: the chip's frozen HTTP/1.0 client. Source: RFC 9112.
import socket as usocket


class Response:
    def __init__(self, f):
        self.raw = f
        self.encoding = "utf-8"
        self.status_code = 0
        self.reason = b""
        self.headers = {}
        self._cached = None

    def close(self):
        if self.raw:
            self.raw.close()
            self.raw = None
        self._cached = None

    @property
    def content(self):
        if self._cached is None:
            try:
                self._cached = self.raw.read()
            finally:
                self.raw.close()
                self.raw = None
        return self._cached

    @property
    def text(self):
        return str(self.content, self.encoding)

    def json(self):
        import json

        return json.loads(self.content)


def _split(url):
    scheme, _, rest = url.partition("://")
    if scheme not in ("http", "https"):
        raise ValueError("Unsupported protocol: " + scheme)
    place, _, path = rest.partition("/")
    host, _, number = place.partition(":")
    return scheme == "https", host, int(number or (443 if scheme == "https" else 80)), "/" + path


def request(
    method,
    url,
    data=None,
    json=None,
    headers=None,
    stream=None,
    auth=None,
    timeout=None,
    parse_headers=True,
):
    headers = dict(headers or {})
    if auth:
        from binascii import b2a_base64

        word = b2a_base64((auth[0] + ":" + auth[1]).encode()).decode().strip()
        headers["Authorization"] = "Basic " + word
    if json is not None:
        import json as codec

        data = codec.dumps(json)
        headers["Content-Type"] = "application/json"
    if isinstance(data, str):
        data = data.encode()
    for _ in range(5):  # redirects
        response = _exchange(method, url, data, headers, timeout)
        where = response.headers.get("Location")
        if response.status_code not in (301, 302, 303, 307, 308) or not where:
            return response
        response.close()
        url = where
        if response.status_code == 303 and method != "HEAD":
            method, data = "GET", None
    raise NotImplementedError("Too many redirects")


def _exchange(method, url, data, headers, timeout):
    is_secure, host, number, path = _split(url)
    sock = usocket.socket()
    try:
        if timeout is not None:
            sock.settimeout(timeout)
        sock.connect(usocket.getaddrinfo(host, number)[0][-1])
        if is_secure:
            import tls

            context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
            context.verify_mode = tls.CERT_NONE
            sock = context.wrap_socket(sock, server_hostname=host)
        lines = ["%s %s HTTP/1.0" % (method, path)]
        if "Host" not in headers:
            lines.append("Host: " + host)
        for name in headers:
            lines.append("%s: %s" % (name, headers[name]))
        if data is not None:
            lines.append("Content-Length: %d" % len(data))
        lines.append("Connection: close\r\n\r\n")
        sock.write("\r\n".join(lines).encode())
        if data is not None:
            sock.write(data)
        response = Response(sock)
        status = sock.readline().split(None, 2)
        if len(status) < 2:
            raise ValueError("HTTP error: BadStatusLine")
        response.status_code = int(status[1])
        response.reason = status[2].rstrip() if len(status) > 2 else b""
        while True:
            line = sock.readline().decode().strip()
            if not line:
                return response
            name, _, value = line.partition(":")
            response.headers[name] = value.strip()
    except OSError:
        sock.close()
        raise


def head(url, **kw):
    return request("HEAD", url, **kw)


def get(url, **kw):
    return request("GET", url, **kw)


def post(url, **kw):
    return request("POST", url, **kw)


def put(url, **kw):
    return request("PUT", url, **kw)


def patch(url, **kw):
    return request("PATCH", url, **kw)


def delete(url, **kw):
    return request("DELETE", url, **kw)
