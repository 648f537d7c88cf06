"""The names under which one lead is known."""

from __future__ import annotations

import re
from collections.abc import Sequence

_STANDARD = ("I", "II", "III", "AVR", "AVL", "AVF", *(f"V{i}" for i in range(1, 10)))
_OTHER = ("V3R", "V4R", "X", "Y", "Z")
# Modified limb leads of ambulatory recorders, and the spellings of other languages.
_SYNONYMS = {
    **{f"ML{lead}": lead for lead in _STANDARD[:3]},
    **{f"D{lead}": lead for lead in _STANDARD[:3]},
    **{f"D{i}": lead for i, lead in enumerate(_STANDARD[:3], 1)},
}
_PREFIX = re.compile(r"^(ECG|EKG|LEAD)[ _:.-]*(LEAD)?[ _:.-]*", re.IGNORECASE)


def canonical_lead(name: str) -> str:
    """Return the usual name of a lead, or the name as it is where no usual one is known.

    ``"MLII"``, ``"Lead II"``, ``"ECG II"`` and ``"ii"`` are all ``"II"``. ``"ECG1"`` stays as it
    is: it is a number of a channel, and does not say where the electrodes were.
    """
    text = " ".join(name.split())
    bare = _PREFIX.sub("", text).upper()
    bare = _SYNONYMS.get(bare, bare)
    return bare if bare in _STANDARD or bare in _OTHER else text


def is_ecg_lead(name: str) -> bool:
    """Tell whether a channel says by its name that it is an ECG lead."""
    canonical = canonical_lead(name)
    return canonical in _STANDARD or canonical in _OTHER or bool(re.match("(?i)E[CK]G", canonical))


def find_lead(name: str, lead_names: Sequence[str]) -> int | None:
    """Return the channel of a lead, None where there is none of its names.

    Raises
    ------
    ValueError
        If several channels have names of this lead, and none is spelt as asked for.
    """
    if name in lead_names:
        return list(lead_names).index(name)
    wanted = canonical_lead(name).casefold()
    found = [i for i, each in enumerate(lead_names) if canonical_lead(each).casefold() == wanted]
    if len(found) > 1:
        raise ValueError(
            f"{name!r} could be any of the leads {[lead_names[i] for i in found]}; name one of them"
        )
    return found[0] if found else None
