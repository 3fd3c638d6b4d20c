"""Certificates made by `openssl`, for a name and no longer than a day."""

import subprocess
from pathlib import Path

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
RSA = ["-newkey", "rsa:2048"]


def make(folder, name, kind=EC):
    """A self-signed certificate for 127.0.0.1 and localhost: (certificate, private key)."""
    folder = Path(folder)
    certificate, key = folder / "server.pem", folder / "server.key"
    made = (folder / f"{name}.pem", folder / f"{name}.key")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-nodes",
            *kind,
            "-days",
            "1",
            "-subj",
            f"/CN={name}",
            "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:localhost",
            # Strict clients take no authority's certificate for a server's.
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            made[1],
            "-out",
            made[0],
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    # Both are replaced as a renewal does it: written beside, then renamed.
    made[1].replace(key)
    certificate_beside = folder / f"{name}.new"
    certificate_beside.write_bytes(made[0].read_bytes())
    certificate_beside.replace(certificate)
    return certificate, key
