"""Fitted estimators that come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import overload

from sklearn.base import BaseEstimator

from ._save_load import load

_FOLDER = Path(__file__).parent / "pretrained"
_ENDING = ".safetensors"


@overload
def load_pretrained(name: str) -> BaseEstimator: ...


@overload
def load_pretrained(name: None = None) -> list[str]: ...


def load_pretrained(name: str | None = None) -> BaseEstimator | list[str]:
    """Load a fitted estimator that comes with the package, or list their names.

    They are research software, no medical devices. ``skecg.describe`` shows the card of each:
    data and their licence, protocol, figures, intended use and limits. Those of beats were trained
    by ``benchmarks/train_pretrained.py`` on the MIT-BIH Arrhythmia Database (ODC-By 1.0), that of
    sheets by ``benchmarks/train_pretrained_sheets.py`` on the ECG Images dataset of Cardiac
    Patients [1]_ (CC BY 4.0).

    Parameters
    ----------
    name : str, default=None
        ``"mitbih-aami"``: a :class:`BeatAnnotator` of lead II or MLII, trained on de Chazal's DS1,
        so that its figures on DS2 are those of people it has not seen. ``"mitbih-aami-all"``: the
        same, trained on all 44 records without a pacemaker; there are no figures of its own. Both
        are votes of a network and of boosted trees. ``"edan-sheets"``: a pipeline from pictures of
        whole sheets of the layout ``"edan-3x4"``, files or arrays, to the classes HB, MI, Normal
        and PMI: :class:`TraceReader`, ``skecg.signal.lead_numbers`` and a forest, trained on all
        491 distinct sheets; its figures are those of five folds. None lists the names.

    Returns
    -------
    estimator or list of str
        The fitted estimator, or the names.

    Raises
    ------
    ValueError
        If there is none of that name.

    See Also
    --------
    pretrained_path : The file of one, for ``skecg.describe``.

    Notes
    -----
    The network of one can be trained further on beats of
    ``BeatWindows(channels=("late_deviation",))``:
    ``ECGResidualCNNClassifier(n_side_features=28, dropout=0.3,
    init_from=skecg.pretrained_path("mitbih-aami"))``.

    A sheet that cannot be read raises an error; ``set_params(tracereader__on_error="nan")`` gives
    it the class that the forest gives where all numbers are missing, with a warning.

    References
    ----------
    .. [1] A. H. Khan, M. Hussain, "ECG Images dataset of Cardiac Patients", version 2, Mendeley
       Data, 2021, doi:10.17632/gwbz3fsgp8.2.

    Examples
    --------
    >>> import skecg
    >>> skecg.load_pretrained()
    ['edan-sheets', 'mitbih-aami', 'mitbih-aami-all']
    >>> skecg.load_pretrained("mitbih-aami").classes_.tolist()
    ['F', 'N', 'S', 'V']
    >>> skecg.load_pretrained("edan-sheets").classes_.tolist()
    ['HB', 'MI', 'Normal', 'PMI']
    """
    if name is None:
        return _names()
    return load(pretrained_path(name))


def pretrained_path(name: str) -> Path:
    """Return the file of a fitted estimator that comes with the package.

    Parameters
    ----------
    name : str
        One of ``skecg.load_pretrained()``.

    Returns
    -------
    pathlib.Path
        A file that :func:`skecg.load` and :func:`skecg.describe` read.

    Raises
    ------
    ValueError
        If there is none of that name.

    See Also
    --------
    skecg.load_pretrained : Reads the estimator.

    Examples
    --------
    >>> import skecg
    >>> card = skecg.describe(skecg.pretrained_path("mitbih-aami"))
    >>> [line for line in card.splitlines() if "intended use" in line]
    ["metric        intended use: 'research and teaching; not a medical device'"]
    """
    if name not in _names():
        raise ValueError(f"name must be one of {', '.join(_names())}, got {name!r}")
    return _FOLDER / f"{name}{_ENDING}"


def _names() -> list[str]:
    return sorted(path.name.removesuffix(_ENDING) for path in _FOLDER.glob(f"*{_ENDING}"))
