#!/usr/bin/env python
"""Build a release, check it, and print its notes.

    python .ci/release.py               # the release of skecg/_version.py, into dist/
    python .ci/release.py --rehearse    # the same for any tree, without notes, as .ci/run does

A release needs a clean tree and a section of that version in CHANGELOG.md with the day as its date.
The wheel is built from the source distribution and installed alone, in a virtual environment of
its own. Needs ``build``, of the extra ``test``.
"""

from __future__ import annotations

import argparse
import datetime
import re
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LARGEST = 3_000_000  # bytes of a wheel
SMOKE_TEST = """
import sys
import skecg
assert "torch" not in sys.modules, "import skecg must not import torch"
assert "site-packages" in skecg.__file__, "the wheel must be tested, not the checkout"
from skecg import ECGResidualCNNClassifier
from skecg.datasets import make_beats
from skecg.datasets._fetch_mitbih import _read_table
from skecg.datasets._heartbeat import published_test_rows
assert (len(published_test_rows()), len(_read_table())) == (21_892, 144), "resources are missing"
names = skecg.load_pretrained()
assert len(names) == 3, names
for name in names:
    skecg.load_pretrained(name)
    card = skecg.describe(skecg.pretrained_path(name))
    assert "licence of the data" in card, f"the card of {name} names no licence"
beats = make_beats(100, random_state=0)
clf = ECGResidualCNNClassifier(max_epochs=1).fit(beats.data, beats.target)
print(skecg.__version__, clf.predict(beats.data[:3]))
"""


def notes_of(changelog: str, version: str) -> str:
    """Return what the change log says of a version, without the heading.

    Raises
    ------
    ValueError
        If there is no such section, it is empty, or its heading is not ``## version (YYYY-MM-DD)``.
    """
    heading = re.compile(rf"^## {re.escape(version)}(?![\w.]).*$", re.MULTILINE)
    found = heading.search(changelog)
    if found is None:
        raise ValueError(f"CHANGELOG.md has no section '## {version} (YYYY-MM-DD)'")
    try:
        datetime.date.fromisoformat(found[0].removeprefix(f"## {version} (").removesuffix(")"))
    except ValueError:
        raise ValueError(
            f"a section to be released must be '## {version} (YYYY-MM-DD)'; got {found[0]!r}"
        ) from None
    notes = re.split(r"^## ", changelog[found.end() :], maxsplit=1, flags=re.MULTILINE)[0].strip()
    if not notes:
        raise ValueError(f"the section {found[0]!r} of CHANGELOG.md is empty")
    return notes


def problems_of(names: list[str], package: list[str], size: int) -> list[str]:
    """Return what is wrong with a wheel of these files, in bytes; ``package`` is what it is of."""
    inside = {name for name in names if ".dist-info/" not in name}
    found = [f"{name} is missing" for name in sorted(set(package) - inside)]
    found += [f"{name} does not belong in it" for name in sorted(inside - set(package))]
    if not any(re.search(r"\.dist-info/(licenses/)?LICENSE$", name) for name in names):
        found.append("LICENSE is missing")
    if size > LARGEST:
        found.append(f"it has {size:,} bytes; at most {LARGEST:,} are wanted")
    return found


def smoke_test(wheel: Path, work: Path) -> None:
    """Install a wheel alone, with the pinned versions of what it needs, and use it."""
    venv.create(work / "alone", with_pip=True)
    python = work / "alone" / "bin" / "python"
    pins = ROOT / "constraints.txt"
    # -I: neither the checkout nor PYTHONPATH may stand in for what is installed.
    run(python, "-I", "-m", "pip", "install", "--quiet", "-c", pins, wheel)
    run(python, "-I", "-c", SMOKE_TEST, cwd=work)


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command, which must succeed."""
    subprocess.run([str(word) for word in command], cwd=cwd, check=True)


def files_of_the_package() -> list[str]:
    """Return the files of skecg/, as a wheel names them."""
    paths = (path for path in (ROOT / "skecg").rglob("*") if path.is_file())
    return [p.relative_to(ROOT).as_posix() for p in paths if "__pycache__" not in p.parts]


def changed_files() -> str:
    """Return what git says is not committed."""
    command = ["git", "status", "--porcelain"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Do all of it, or stop at the first thing that is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rehearse", action="store_true", help="any tree, no notes, keep nothing")
    rehearse = parser.parse_args().rehearse
    version = re.search(r'"(.+)"', (ROOT / "skecg/_version.py").read_text().split("=")[1])[1]
    notes = ""
    if not rehearse:
        if changed := changed_files():
            sys.exit(f"commit or remove these first:\n{changed}")
        try:
            notes = notes_of((ROOT / "CHANGELOG.md").read_text(), version)
        except ValueError as error:
            sys.exit(str(error))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        dist = work if rehearse else ROOT / "dist"
        run(sys.executable, "-m", "build", "--outdir", dist, ROOT)
        (wheel,) = dist.glob(f"skecg-{version}-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        if wrong := problems_of(names, files_of_the_package(), wheel.stat().st_size):
            sys.exit(f"{wheel.name}:\n" + "\n".join(wrong))
        print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size:,} bytes", flush=True)
        smoke_test(wheel, work)
    if notes:
        print(f"\nskecg {version}\n\n{notes}")


if __name__ == "__main__":
    main()
