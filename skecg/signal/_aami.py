"""The heartbeat classes of ANSI/AAMI EC57 and the WFDB annotation symbols that they gather."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

AAMI_CLASSES: tuple[str, ...] = ("N", "S", "V", "F", "Q")
"""The five classes of ANSI/AAMI EC57, in the order of their codes 0 to 4."""

# The table of de Chazal et al. (2004, table I) and Kachuee et al. (2018, table I). It puts the
# atrial and nodal escape beats (e, j) into N; some later tables put them into S, which changes
# the support of S, so figures of the two tables must not be compared.
AAMI_SYMBOLS: dict[str, str] = {
    "N": "N",  # normal beat
    "L": "N",  # left bundle branch block beat
    "R": "N",  # right bundle branch block beat
    "e": "N",  # atrial escape beat
    "j": "N",  # nodal (junctional) escape beat
    "A": "S",  # atrial premature beat
    "a": "S",  # aberrated atrial premature beat
    "J": "S",  # nodal (junctional) premature beat
    "S": "S",  # supraventricular premature beat
    "V": "V",  # premature ventricular contraction
    "E": "V",  # ventricular escape beat
    "F": "F",  # fusion of ventricular and normal beat
    "/": "Q",  # paced beat
    "f": "Q",  # fusion of paced and normal beat
    "Q": "Q",  # unclassifiable beat
}
"""The AAMI class of every WFDB beat symbol that the MIT-BIH Arrhythmia Database uses."""

# PhysioNet's list of annotation codes. It counts the waves of ventricular flutter ("!") among
# the annotations that are not beats, as the AAMI counts do; the WFDB library's isqrs() does not.
_BEATS = "NLRBAaJSVrFejnE/fQ?"
_NOT_BEATS = "[!]x()ptu`'^|~+sT*D=\"@ "

_UNKNOWN, _NOT_A_BEAT, _UNCLASSIFIED = -3, -1, -2


def _code_table() -> NDArray[np.int64]:
    table = np.full(128, _UNKNOWN, dtype=np.int64)
    table[[ord(symbol) for symbol in _NOT_BEATS]] = _NOT_A_BEAT
    table[[ord(symbol) for symbol in _BEATS]] = _UNCLASSIFIED
    for symbol, name in AAMI_SYMBOLS.items():
        table[ord(symbol)] = AAMI_CLASSES.index(name)
    return table


_CODES = _code_table()


def _look_up(symbols: ArrayLike) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    text = np.asarray(symbols)
    if text.size == 0:
        text = text.astype("U1")
    if text.dtype.kind not in "US" and not (
        text.dtype.kind == "O" and all(isinstance(symbol, str) for symbol in text.flat)
    ):
        raise TypeError(f"symbols must be strings such as 'N' or 'V', got an array of {text.dtype}")
    text = np.ascontiguousarray(text, dtype=np.str_).reshape(text.shape)
    # A longer string is no symbol: code point 127, which no annotation uses, replaces it.
    points = np.where(np.char.str_len(text) <= 1, text.astype("U1").view(np.uint32), 127)
    codes = _CODES[np.minimum(points, 127)]
    unknown = np.unique(text[codes == _UNKNOWN])
    if unknown.size:
        raise ValueError(
            f"{[str(symbol) for symbol in unknown]} are no WFDB annotation symbols; "
            f"the beats are {' '.join(_BEATS)} and the other annotations {' '.join(_NOT_BEATS)}"
        )
    return text, codes


def aami_codes(symbols: ArrayLike) -> NDArray[np.int64]:
    """Return the code of the AAMI EC57 class of every annotation symbol.

    Parameters
    ----------
    symbols : array-like of str, of any shape
        WFDB annotation symbols, for example the ``symbol`` list of a ``wfdb.Annotation``.

    Returns
    -------
    ndarray of int64, of the same shape
        Index into ``AAMI_CLASSES``: 0 for N, 1 for S, 2 for V, 3 for F, 4 for Q; and -1 for
        annotations that are not beats (rhythm changes, noise, comments, flutter waves).

    Raises
    ------
    TypeError
        When the symbols are not strings.
    ValueError
        When a symbol is not in WFDB's alphabet, or is a beat to which the table gives no class
        (``B``, ``r``, ``n`` and ``?``, which the MIT-BIH Arrhythmia Database does not use).

    See Also
    --------
    is_beat : Tells beats from other annotations.

    References
    ----------
    ANSI/AAMI EC57:2012, Testing and reporting performance results of cardiac rhythm and ST
    segment measurement algorithms.

    P. de Chazal, M. O'Dwyer, R. B. Reilly, Automatic classification of heartbeats using ECG
    morphology and heartbeat interval features, IEEE Transactions on Biomedical Engineering 51
    (2004), table I. https://doi.org/10.1109/TBME.2004.827359

    M. Kachuee, S. Fazeli, M. Sarrafzadeh, ECG heartbeat classification: a deep transferable
    representation (2018), table I. https://arxiv.org/abs/1805.00794

    Examples
    --------
    >>> from skecg.signal import aami_codes
    >>> aami_codes(["N", "+", "V", "A"])
    array([ 0, -1,  2,  1])
    """
    text, codes = _look_up(symbols)
    unclassified = np.unique(text[codes == _UNCLASSIFIED])
    if unclassified.size:
        raise ValueError(
            f"the table gives the beats {[str(symbol) for symbol in unclassified]} no AAMI "
            "class; leave them out, or give them a symbol of AAMI_SYMBOLS first"
        )
    return codes


def is_beat(symbols: ArrayLike) -> NDArray[np.bool_]:
    """Tell for every annotation symbol whether it marks a beat.

    Parameters
    ----------
    symbols : array-like of str, of any shape
        WFDB annotation symbols.

    Returns
    -------
    ndarray of bool, of the same shape
        True where the symbol marks a beat in PhysioNet's list of annotation codes.

    Raises
    ------
    TypeError
        When the symbols are not strings.
    ValueError
        When a symbol is not in WFDB's alphabet.

    See Also
    --------
    aami_codes : The classes of the beats.

    References
    ----------
    PhysioNet, Annotations. https://archive.physionet.org/physiobank/annotations.shtml

    Examples
    --------
    >>> from skecg.signal import is_beat
    >>> is_beat(["N", "+", "!", "?"])
    array([ True, False, False,  True])
    """
    _, codes = _look_up(symbols)
    return codes != _NOT_A_BEAT
