"""RSA-2048 for updates: a key in a PEM file that openssl reads too, and PKCS #1 v1.5 signatures.

Made and used on the operator's machine, offline; boards check with one pow(). Source: RFC 8017.
"""

import base64
import hashlib
import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from host.errors import UserError

BITS = 2048
EXPONENT = 65537
_ROUNDS = 40  # of Miller-Rabin: a composite number passes one in 4 ** 40 times
_SMALL = [p for p in range(3, 2000, 2) if all(p % d for d in range(3, math.isqrt(p) + 1, 2))]
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")  # what its digests begin with
_BEGIN, _END = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"


@dataclass(frozen=True)
class PrivateKey:
    """A key pair: n = p * q, d undoes EXPONENT."""

    n: int
    d: int
    p: int
    q: int

    @property
    def public_hex(self) -> str:
        """The modulus as a board's `update_key`: 512 hex digits."""
        return f"{self.n:0{BITS // 4}x}"

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 256 bytes."""
        signature = pow(int.from_bytes(padded(message), "big"), self.d, self.n)
        return signature.to_bytes(BITS // 8, "big")


def padded(message: bytes) -> bytes:
    """Return what a signature of a message is when it is raised to EXPONENT."""
    end = b"\0" + _SHA256 + hashlib.sha256(message).digest()
    return b"\0\1" + b"\xff" * (BITS // 8 - 2 - len(end)) + end


def verify(public_hex: str, message: bytes, signature: bytes) -> bool:
    """Return whether a signature is that key's over a message."""
    n = int(public_hex, 16)
    opened = pow(int.from_bytes(signature, "big"), EXPONENT, n)
    return len(signature) == BITS // 8 and opened == int.from_bytes(padded(message), "big")


def new_key() -> PrivateKey:
    """Return a key that nobody has."""
    while True:
        p, q = _prime(BITS // 2), _prime(BITS // 2)
        if abs(p - q) >> (BITS // 2 - 100):  # else n could be factored from its root
            return PrivateKey(p * q, pow(EXPONENT, -1, math.lcm(p - 1, q - 1)), p, q)


def to_pem(key: PrivateKey) -> str:
    """Return a key as the text of a PEM file (PKCS #1)."""
    d_p, d_q = key.d % (key.p - 1), key.d % (key.q - 1)
    numbers = (0, key.n, EXPONENT, key.d, key.p, key.q, d_p, d_q, pow(key.q, -1, key.p))
    text = base64.b64encode(_der(0x30, b"".join(map(_integer, numbers)))).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([_BEGIN, *lines, _END, ""])


def load_key(path: Path) -> PrivateKey:
    """Return the key in a PEM file. Raises UserError if it is none that boards can check."""
    try:
        text = path.read_text()
        body = text.split(_BEGIN, 1)[1].split(_END, 1)[0]
        _, n, e, d, p, q = list(_integers(base64.b64decode(body)))[:6]
    except (OSError, ValueError, IndexError) as error:
        raise UserError(
            f"{path} is no key", str(error) or "it is no PEM file", "limpet update keygen"
        ) from error
    if e != EXPONENT or n.bit_length() != BITS or p * q != n:
        raise UserError(
            f"{path} is no RSA-2048 key", f"{n.bit_length()} bits", "limpet update keygen"
        )
    return PrivateKey(n, d, p, q)


def _prime(bits: int) -> int:
    while True:
        number = secrets.randbits(bits) | 3 << (bits - 2) | 1
        if math.gcd(number - 1, EXPONENT) == 1 and is_prime(number):
            return number


def is_prime(number: int) -> bool:
    """Return whether an odd number of many digits is prime, by all that can be told."""
    if any(number % small == 0 for small in _SMALL):
        return number in _SMALL
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(_ROUNDS):
        power = pow(secrets.randbelow(number - 3) + 2, odd, number)
        seen = [power := power if step == 0 else power * power % number for step in range(twos)]
        if seen[0] != 1 and number - 1 not in seen:
            return False
    return True


def _der(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(raw))) + raw + body


def _integer(number: int) -> bytes:
    return _der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _integers(der: bytes) -> Iterator[int]:
    """Yield the numbers of a sequence. Raises ValueError, IndexError for anything else."""
    at = 0
    while at < len(der):
        tag, size = der[at], der[at + 1]
        at += 2
        if size & 0x80:
            long = size & 0x7F
            size, at = int.from_bytes(der[at : at + long], "big"), at + long
        if tag == 2:
            yield int.from_bytes(der[at : at + size], "big")
            at += size
        elif tag != 0x30:
            raise ValueError("it is no PKCS #1 key")
