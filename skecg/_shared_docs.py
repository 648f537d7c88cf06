"""Docstrings that show inherited parameters and attributes without repeating their text."""

from __future__ import annotations

import inspect
import re

# The header of a section of a numpydoc docstring: its name and a line of hyphens.
_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
_INHERITED = ("Parameters", "Attributes")
_ORDER = ["", *_INHERITED, "Raises", "Warns", "See Also", "Notes", "References", "Examples"]


class SharedDocstring:
    """The docstring of a class, with the parameters and attributes that its bases describe.

    As the ``__doc__`` of a class it is put together when somebody reads it, as ``help`` does.
    Every inherited parameter is shown with the default that it has in the class.

    Parameters
    ----------
    own : str or None
        The docstring as it is written in the class.
    """

    def __init__(self, own: str | None) -> None:
        self.own = own

    def __get__(self, instance: object, owner: type) -> str:
        """Return the text for a class."""
        sections = _sections(inspect.cleandoc(self.own or ""))
        for base in owner.__mro__[1:]:
            shared = vars(base).get("__doc__")
            if not isinstance(shared, SharedDocstring):
                continue
            for name, entries in _sections(inspect.cleandoc(shared.own or "")).items():
                if name in _INHERITED:
                    known = {title for title, _ in _entries(sections.get(name, ""))}
                    added = [pair for pair in _entries(entries) if pair[0] not in known]
                    if name == "Parameters":  # a base may describe some that not all classes have
                        added = [pair for pair in added if hasattr(owner, pair[0])]
                    text = "\n".join(_with_default(owner, *pair) for pair in added)
                    sections[name] = f"{sections.get(name, '').rstrip()}\n{text}".strip() + "\n"
        return "\n".join(
            f"{name}\n{'-' * len(name)}\n{sections[name]}" if name else sections[name]
            for name in sorted(sections, key=_ORDER.index)
        )


def share_docstring(cls: type) -> None:
    """Make the docstring of a class show what it inherits, and let its subclasses inherit it."""
    cls.__doc__ = SharedDocstring(cls.__doc__)  # type: ignore[assignment]  # typed as a plain str


def _sections(text: str) -> dict[str, str]:
    """Return the sections of a docstring by name; what comes first has the name ''."""
    parts = [part.strip("\n") + "\n" for part in _SECTION.split(text)]
    return {"": parts[0], **dict(zip((name.strip() for name in parts[1::2]), parts[2::2]))}


def _entries(section: str) -> list[tuple[str, str]]:
    """Return name and text of the entries of a section of parameters or attributes."""
    texts = re.split(r"^(?=\S)", section, flags=re.MULTILINE)
    return [(text.partition(" : ")[0].strip(), text.rstrip()) for text in texts if text.strip()]


def _with_default(owner: type, name: str, text: str) -> str:
    """Return the text of a parameter with the default that it has in a class."""
    title, newline, rest = text.partition("\n")
    if ", default=" in title:
        default = _as_written(getattr(owner, name))
        title = f"{title.partition(', default=')[0]}, default={default}"
    return title + newline + rest


def _as_written(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
