# ruff: noqa: F821  (the build puts in what is not defined here)
# umqtt.simple: the chip's frozen MQTT 3.1.1 client. Source: OASIS MQTT 3.1.1.
import socket
import struct
from binascii import hexlify  # noqa: F401  (the chip's module has it too)

_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBACK = const(0x90)
_PINGRESP = const(0xD0)


class MQTTException(Exception):
    pass


def _text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("!H", len(data)) + data


class MQTTClient:
    def __init__(
        self, client_id, server, port=0, user=None, password=None, keepalive=0, ssl=None, **_
    ):
        self.client_id = client_id
        self.server = server
        self.port = port or (8883 if ssl else 1883)
        self.user = user
        self.pswd = password
        self.keepalive = keepalive
        self.ssl = ssl
        self.sock = None
        self.cb = None
        self.pid = 0
        self._will = None

    def set_callback(self, f):
        self.cb = f

    def set_last_will(self, topic, msg, retain=False, qos=0):
        if not topic or not 0 <= qos <= 2:
            raise AssertionError
        self._will = (topic, msg, retain, qos)

    def _send_packet(self, head, *parts):
        body = b"".join(parts)
        size = len(body)
        start = bytearray((head,))
        while size > 127:
            start.append(size & 127 | 128)
            size >>= 7
        start.append(size)
        self.sock.write(bytes(start) + body)

    def _send_str(self, s):
        self.sock.write(_text(s))

    def _recv_len(self):
        size = shift = 0
        while True:
            byte = self.sock.read(1)[0]
            size |= (byte & 127) << shift
            if byte < 128:
                return size
            shift += 7

    def connect(self, clean_session=True, timeout=None):
        self.sock = socket.socket()
        self.sock.settimeout(timeout)
        self.sock.connect(socket.getaddrinfo(self.server, self.port)[0][-1])
        if self.ssl:
            self.sock = self.ssl.wrap_socket(self.sock, server_hostname=self.server)
        flags = 2 if clean_session else 0
        rest = [_text(self.client_id)]
        if self._will:
            topic, msg, retain, qos = self._will
            flags |= 4 | qos << 3 | bool(retain) << 5
            rest.extend((_text(topic), _text(msg)))
        if self.user is not None:
            flags |= 128
            rest.append(_text(self.user))
            if self.pswd is not None:
                flags |= 64
                rest.append(_text(self.pswd))
        level = struct.pack("!BBH", 4, flags, self.keepalive)
        self._send_packet(0x10, _text("MQTT"), level, *rest)
        answer = self.sock.read(4)
        if len(answer) < 4 or answer[0] != _CONNACK:
            raise MQTTException(-1)
        if answer[3]:
            raise MQTTException(answer[3])
        return answer[2] & 1

    def disconnect(self):
        self._send_packet(0xE0)
        self.sock.close()

    def ping(self):
        self._send_packet(0xC0)

    def publish(self, topic, msg, retain=False, qos=0):
        if isinstance(msg, str):
            msg = msg.encode()
        if not qos:
            self._send_packet(_PUBLISH | bool(retain), _text(topic), msg)
            return
        if qos != 1:
            raise AssertionError
        number = self._next()
        self._send_packet(_PUBLISH | 2 | bool(retain), _text(topic), number, msg)
        while self._await(_PUBACK) != number:
            pass

    def subscribe(self, topic, qos=0):
        if self.cb is None:
            raise AssertionError("Subscribe callback is not set")
        number = self._next()
        self._send_packet(0x82, number, _text(topic), bytes((qos,)))
        while True:
            answer = self._await(_SUBACK)
            if answer[:2] == number:
                break
        if answer[2] == 0x80:
            raise MQTTException(0x80)

    def _next(self):
        self.pid = self.pid % 65535 + 1
        return struct.pack("!H", self.pid)

    def _await(self, kind):
        while True:
            found = self._take()
            if found and found[0] == kind:
                return found[1]

    def _take(self):
        # Takes one packet: None if there is none, else its kind and what followed.
        head = self.sock.read(1)
        self.sock.setblocking(True)
        if head is None:
            return None
        if not head:
            raise OSError(-1)
        size = self._recv_len()
        body = self.sock.read(size) if size else b""
        kind = head[0] & 0xF0
        if kind == _PUBLISH:
            end = 2 + struct.unpack("!H", body)[0]
            qos = head[0] >> 1 & 3
            if self.cb:
                self.cb(body[2:end], body[end + (2 if qos else 0) :])
            if qos == 1:
                self._send_packet(_PUBACK, body[end : end + 2])
        return kind, body

    def wait_msg(self):
        found = self._take()
        if found and found[0] != _PINGRESP:
            return found[0]

    def check_msg(self):
        self.sock.setblocking(False)
        return self.wait_msg()
