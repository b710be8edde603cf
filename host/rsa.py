"""RSA-2048 for updates: the operator's key in a PEM file, and PKCS #1 v1.5 signatures.

Made and used on the operator's machine, offline; boards check with one pow().
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from host.errors import UserError

BITS = 2048
EXPONENT = 65537


@dataclass(frozen=True)
class PrivateKey:
    """A key of BITS bits and EXPONENT."""

    key: rsa.RSAPrivateKey

    @property
    def public_hex(self) -> str:
        """The modulus as a board's `update_key`: 512 hex digits."""
        return f"{self.key.public_key().public_numbers().n:0{BITS // 4}x}"

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 256 bytes."""
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def verify(public_hex: str, message: bytes, signature: bytes) -> bool:
    """Return whether a signature is that key's over a message."""
    key = rsa.RSAPublicNumbers(EXPONENT, int(public_hex, 16)).public_key()
    try:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def new_key() -> PrivateKey:
    """Return a key that nobody has."""
    return PrivateKey(rsa.generate_private_key(EXPONENT, BITS))


def to_pem(key: PrivateKey) -> str:
    """Return a key as the text of a PEM file, not encrypted."""
    return key.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def load_key(path: Path) -> PrivateKey:
    """Return the key in a PEM file. Raises UserError if it is none that boards can check."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as e:  # TypeError: it is encrypted
        raise UserError(f"{path} is no key", str(e).split("\n")[0], "limpet update keygen") from e
    if not isinstance(key, rsa.RSAPrivateKey):
        raise UserError(f"{path} is no RSA-2048 key", "another kind", "limpet update keygen")
    if key.key_size != BITS or key.public_key().public_numbers().e != EXPONENT:
        raise UserError(
            f"{path} is no RSA-2048 key", f"{key.key_size} bits", "limpet update keygen"
        )
    return PrivateKey(key)
