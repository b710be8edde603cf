"""Certificates made by the openssl command for one run of the tests."""

import subprocess
from pathlib import Path

_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def make_certificates(folder: Path, host: str) -> Path:
    """Fill the folder and return it.

    ca.pem and ca.der, other.pem and other.der: two CAs, valid for 3000 days. server.pem and its
    server.key: what ca vouches for, under the name `host`, for 30 days. client.pem, client.der and
    their client.key and client.key.der: the same for a client.
    """

    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        about = ("-days", "3000", "-subj", f"/CN=Limpet {name}")
        run("req", "-x509", *_EC, "-keyout", f"{name}.key", "-out", f"{name}.pem", *about)
        run("x509", "-in", f"{name}.pem", "-outform", "DER", "-out", f"{name}.der")
    (folder / "names").write_text(f"subjectAltName=DNS:{host}\n")
    authority = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    for name in ("server", "client"):
        asked = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")
        run("req", *_EC, *asked)
        run("x509", "-req", "-in", f"{name}.csr", *authority, "-days", "30", "-out", f"{name}.pem")
    run("x509", "-in", "client.pem", "-outform", "DER", "-out", "client.der")
    run("pkey", "-in", "client.key", "-outform", "DER", "-out", "client.key.der")
    return folder
