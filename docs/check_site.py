"""Check a built site: nothing loads from the web, no page is heavy, no public name is missing.

::

    python docs/check_site.py docs/_build/html
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import skecg

PAGE_LIMIT, HOME_LIMIT = 2_000_000, 1_000_000  # bytes, with all that a page loads, not compressed
# What a browser loads by itself, other than what it follows when a reader clicks.
LOADED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "video": ("src", "poster"),
    "audio": ("src",),
}
LOADED_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}
CSS_FILE = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


class Page(HTMLParser):
    """The addresses that a page loads, and the text of its inline styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        for name in LOADED.get(tag, ()):
            # A srcset has several addresses, each with its width.
            parts = values.get(name, "").split(",") if name == "srcset" else [values.get(name, "")]
            self.addresses += [part.split()[0] for part in parts if part.split()]
        if tag == "link" and LOADED_LINKS & set(values.get("rel", "").split()):
            self.addresses.append(values.get("href", ""))
        self.addresses += styles(values.get("style", ""))


def styles(text: str) -> list[str]:
    """Return the addresses that a style sheet loads."""
    return [one or other for one, other in CSS_FILE.findall(text)]


def is_remote(address: str) -> bool:
    return bool(urlsplit(address).netloc)


def local_file(address: str, base: Path) -> Path | None:
    """Return the file of an address relative to a file, None for data in the address itself."""
    parts = urlsplit(address)
    if parts.scheme == "data" or not parts.path:
        return None
    return (base.parent / unquote(parts.path)).resolve()


def is_used(file: Path, text: str) -> bool:
    """Return whether a browser loads a file: a font of icons only where one of them is shown."""
    return file.suffix != ".woff2" or file.stem.rpartition("-")[0] in text


def loads(page: Path) -> tuple[set[Path], list[str]]:
    """Return the files that a page loads, and the addresses of others than files of the site."""
    text = page.read_text(encoding="utf-8")
    files: set[Path] = set()
    remote: list[str] = []
    waiting = [(page, Page(text).addresses)]
    while waiting:
        base, addresses = waiting.pop()
        for address in addresses:
            file = None if is_remote(address) else local_file(address, base)
            if is_remote(address) or (file is not None and not file.is_file()):
                remote.append(address)
            elif file is not None and file not in files and is_used(file, text):
                files.add(file)
                if file.suffix == ".css":
                    waiting.append((file, styles(file.read_text(encoding="utf-8"))))
    return files, remote


def check_pages(site: Path) -> list[str]:
    """Return what is wrong with the pages: what they load from elsewhere, and what they weigh."""
    faults, weights = [], {}
    for page in sorted(site.rglob("*.html")):
        if "_static" in page.parts:
            continue
        name = page.relative_to(site).as_posix()
        files, remote = loads(page)
        faults += [f"{name} loads {address}, which is no file of the site" for address in remote]
        weights[name] = sum(file.stat().st_size for file in files | {page.resolve()})
        limit = HOME_LIMIT if name == "index.html" else PAGE_LIMIT
        if weights[name] > limit:
            faults.append(f"{name} weighs {weights[name]:,} bytes; the limit is {limit:,}")
    heaviest = max(weights, key=weights.__getitem__)
    print(
        f"{len(weights)} pages; index.html weighs {weights['index.html']:,} bytes, the heaviest, "
        f"{heaviest}, {weights[heaviest]:,}"
    )
    return faults


def public_names() -> list[set[str]]:
    """Return the names by which each public object can be imported."""
    modules = [skecg] + [
        importlib.import_module(f"skecg.{info.name}")
        for info in pkgutil.iter_modules(skecg.__path__)
        if info.ispkg and not info.name.startswith("_")
    ]
    names: dict[int, set[str]] = {}
    for module in modules:
        for name in getattr(module, "__all__", ()):
            found = getattr(module, name)
            if not isinstance(found, type(skecg)) and not name.startswith("__"):
                # Numbers and strings may be one object under several names.
                key = id(found) if callable(found) else hash((module.__name__, name))
                names.setdefault(key, set()).add(f"{module.__name__}.{name}")
    return list(names.values())


def check_names(site: Path) -> list[str]:
    """Return which public names have no page."""
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as stream:
        inventory = InventoryFile.load(stream, "", lambda base, path: path)
    objects = [set(found) for kind, found in inventory.items() if kind.startswith("py:")]
    documented = set().union(*objects)
    names = public_names()
    missing = [found for found in names if not found & documented]
    print(f"{len(names) - len(missing)} of {len(names)} public names are documented")
    return [f"{' or '.join(sorted(found))} is not documented" for found in missing]


def main(site: Path) -> int:
    faults = check_pages(site) + check_names(site)
    print(*faults, sep="\n", end="\n" if faults else "")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
