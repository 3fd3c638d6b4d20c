"""Known bytes looked for in all files of a folder, in every form in which somebody might have written them down."""

import base64
from pathlib import Path


def forms(secret):
    """Raw, hex in both cases, and base64 at each of its three alignments, standard and URL alphabet."""
    found = {"raw": secret, "hex": secret.hex().encode(), "HEX": secret.hex().upper().encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret)
        # The characters at both ends also depend on the neighbours.
        inner = encoded[(0, 2, 3)[shift] :].rstrip(b"=")
        inner = inner if (len(secret) + shift) % 3 == 0 else inner[:-1]
        found[f"base64+{shift}"] = inner
        found[f"base64url+{shift}"] = inner.replace(b"+", b"-").replace(b"/", b"_")
    return found


def sightings(folder, secrets, leaving_out=()):
    """(name, form, file) for each of `secrets` (a dict of bytes) that a file below `folder` holds."""
    looked_for = [(name, form, text) for name, secret in secrets.items() for form, text in forms(secret).items()]
    found = []
    for path in sorted(Path(folder).rglob("*")):
        if not path.is_file() or path.name in leaving_out:
            continue
        content = path.read_bytes()
        found += [(name, form, str(path)) for name, form, text in looked_for if text in content]
    return found
