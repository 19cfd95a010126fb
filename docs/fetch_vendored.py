"""Fetch what the dashboard's page brings along from npm, and compare it with VENDOR.toml: ``make vendor``.

The tarball must be the one named there, and each file in it; then they are written into the package.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import tarfile
from hashlib import sha512
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from symscan.dashboard.vendored import libraries

VENDOR = Path(__file__).parents[1] / "src" / "symscan" / "dashboard" / "static" / "vendor"


def main() -> int:
    """Fetch every library; return the exit code."""
    for library in libraries():
        with TemporaryDirectory() as folder:
            fault = _fetch(library, Path(folder))
        if fault is not None:
            print(f"error: {library['name']} {library['version']}: {fault}", file=sys.stderr)
            return 1
        print(f"{library['name']} {library['version']}: as published")
    return 0


def _fetch(library: dict[str, Any], folder: Path) -> str | None:
    """Write the files of a library; return what is wrong with it."""
    name = f"{library['name']}@{library['version']}"
    subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (tarball,) = folder.glob("*.tgz")
    digest = base64.b64encode(sha512(tarball.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != library["tarball"]:
        return "the tarball is another one than VENDOR.toml names"
    with tarfile.open(tarball) as packed:
        for target, file in library["files"].items():
            found = packed.extractfile(f"package/{file['from']}")
            content = b"" if found is None else found.read()
            if sha512(content).hexdigest() != file["sha512"]:
                return f"{file['from']} is another one than VENDOR.toml names"
            (VENDOR / target).write_bytes(content)
    return None


if __name__ == "__main__":
    sys.exit(main())
