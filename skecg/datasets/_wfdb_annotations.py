"""Reading a WFDB annotation file of the MIT format."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch
from wfdb.io.annotation import ann_labels

from ._files import read_file

# Codes of words that are no annotations; SUB and CHN are between NUM and AUX.
_SKIP, _NUM, _AUX = 59, 60, 63
_NOTE = 22  # the code of a comment
_LONGEST_NOTE = 255
# A record of half an hour has about 5,000 bytes, one of a day 250,000.
_MAX_BYTES = 1 << 22
# All notes of a file take the memory of the longest.
_MAX_NOTE_BYTES = 1 << 28
_RESOLUTION = re.compile(r"## time resolution: (\d{1,9}(?:\.\d{1,9})?)")
_DEFINITIONS, _END_OF_DEFINITIONS = "## annotation type definitions", "## end of definitions"


def read_annotations(file: Path, remedy: str, sampling_rate: float | None = None) -> Bunch:
    """Read an annotation file of the MIT format, such as ``100.atr``.

    :func:`wfdb.rdann` reads the same word by word, which takes some twenty times as long.

    Parameters
    ----------
    file : pathlib.Path
        The file.
    remedy : str
        What the user can do about a missing or damaged file; the last sentence of every error.
    sampling_rate : float or None, default=None
        In Hz, of the record, for files that count their positions at a rate of their own. If
        None, positions are returned as they are counted.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Arrays ``sample`` (int64, position in the record), ``symbol`` (WFDB code) and ``aux_note``.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    ValueError
        If it is no regular file, too large or damaged.

    References
    ----------
    annot(5), WFDB Applications Guide, https://physionet.org/physiotools/wag/annot-5.htm
    """
    content = read_file(file, remedy, _MAX_BYTES)
    try:
        return _parse(content, sampling_rate)
    except ValueError as error:
        raise ValueError(f"{file} is damaged ({error}). {remedy}") from error


def _parse(content: bytes, sampling_rate: float | None) -> Bunch:
    """Parse the words of 16 bits that make up the file, a code of 6 bits above a value of 10.

    Codes below SKIP are annotations; the value is the interval from the one before. SKIP in front
    of an annotation adds an interval of two words, the upper one first. NUM, SUB, CHN and AUX
    behind it say more of it. AUX is followed by as many bytes of text as its value says, and by a
    NUL where they are odd. A word of zeros is the end.
    """
    if len(content) % 2:
        raise ValueError("it has an odd number of bytes")
    words = np.frombuffer(content, "<u2").astype(np.int64)
    code, value = words >> 10, words & 1023
    is_payload = np.zeros(len(words), dtype=bool)
    following = 0
    for i in np.flatnonzero((code == _SKIP) | (code == _AUX)).tolist():
        if i >= following:  # else it is payload that looks like a code
            following = i + 3 if code[i] == _SKIP else i + 1 + (int(value[i]) + 1) // 2
            is_payload[i + 1 : following] = True
    ends = np.flatnonzero((words == 0) & ~is_payload)
    if len(ends) == 0 or words[ends[0] :].any():
        raise ValueError("the mark of its end is not there, or not at its end")

    place = np.flatnonzero(~is_payload[: ends[0]])
    code, value = code[place], value[place]
    is_annotation, is_skip = code < _SKIP, code == _SKIP
    needs_annotation = np.append(True, is_skip[:-1])
    if (needs_annotation & (code >= _NUM)).any() or is_skip[-1:].any():
        raise ValueError("a field in it belongs to no annotation")
    interval = np.where(is_annotation, value, 0)
    skip = place[is_skip]
    interval[is_skip] = ((words[skip + 1] << 16) + words[skip + 2]).astype(np.int32)
    sample = np.cumsum(interval)[is_annotation]

    aux = np.flatnonzero(code == _AUX)
    owner = np.cumsum(is_annotation)[aux] - 1
    if (value[aux] > _LONGEST_NOTE).any() or (np.diff(owner) == 0).any():
        raise ValueError("an annotation in it has a note of more than 255 bytes, or two notes")
    texts = [
        # Some notes count the NUL byte that pads them to an even length.
        content[start : start + n_bytes].decode("latin-1").rstrip("\0")
        for start, n_bytes in zip((2 * place[aux] + 2).tolist(), value[aux].tolist())
    ]
    # Few annotations have a note: strings made one by one, of all of them, would take longest.
    dtype = np.dtype(f"<U{max(map(len, texts), default=0) or 1}")
    if len(sample) * dtype.itemsize > _MAX_NOTE_BYTES:
        raise ValueError(f"it has {len(sample)} annotations and a note of {dtype.itemsize // 4}")
    notes = np.zeros(len(sample), dtype=dtype)
    notes[owner] = texts
    return _name(sample, code[is_annotation], notes, sampling_rate)


def _name(
    sample: np.ndarray, code: np.ndarray, notes: np.ndarray, sampling_rate: float | None
) -> Bunch:
    """Give the annotations their symbols, and leave out those that describe the file."""
    symbols = np.zeros(_SKIP, dtype="<U1")
    for label in ann_labels:
        symbols[label.label_store] = label.symbol
    # Comments at the first sample describe the file, and may define codes of its own.
    is_description = (code == _NOTE) & (sample == 0)
    descriptions = notes[is_description].tolist()
    if _DEFINITIONS in descriptions:
        first = descriptions.index(_DEFINITIONS) + 1
        for line in descriptions[first : descriptions.index(_END_OF_DEFINITIONS, first)]:
            definition = re.fullmatch(r"(\d\d?) (\S) .+", line)
            if definition is None or not 0 < int(definition[1]) < _SKIP:
                raise ValueError(f"{line!r} in it does not define the symbol of a code")
            symbols[int(definition[1])] = definition[2]

    matches = [_RESOLUTION.fullmatch(line) for line in descriptions]
    resolution = next((float(match[1]) for match in matches if match), None)
    if sampling_rate is not None and resolution not in (None, sampling_rate):
        if not 1e-3 <= resolution <= 1e6:
            raise ValueError(f"it counts time at {resolution:g} Hz")
        sample = np.round(sample * (sampling_rate / resolution)).astype(np.int64)
    kept = (code > 0) & ~is_description
    symbol = symbols[code[kept]]
    if (symbol == "").any():
        raise ValueError(f"the code {code[kept][symbol == ''][0]} in it has no symbol")
    return Bunch(sample=sample[kept], symbol=symbol, aux_note=notes[kept])
