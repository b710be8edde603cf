"""Certificates made by the openssl command for one run of the tests."""

import subprocess
from pathlib import Path

_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def make_certificates(folder: Path, host: str) -> Path:
    """Fill the folder and return it.

    ca.pem and ca.der, other.pem and other.der: two CAs, valid for 3000 days. server.pem and its
    server.key: what ca vouches for, under the name `host`, for 30 days.
    """

    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        about = ("-days", "3000", "-subj", f"/CN=Limpet {name}")
        run("req", "-x509", *_EC, "-keyout", f"{name}.key", "-out", f"{name}.pem", *about)
        run("x509", "-in", f"{name}.pem", "-outform", "DER", "-out", f"{name}.der")
    run("req", *_EC, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={host}")
    (folder / "names").write_text(f"subjectAltName=DNS:{host}\n")
    authority = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    run("x509", "-req", "-in", "server.csr", *authority, "-days", "30", "-out", "server.pem")
    return folder
