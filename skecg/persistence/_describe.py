"""The model card of a file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator

from ..classifiers import BaseECGClassifier
from ..metrics import aami_order
from ..records import BeatAnnotator, BeatTreesClassifier, BeatVoteClassifier
from ..storage import MAX_BYTES, ModelFileError, ValueReader, read_container
from ..training import TrainingFacts
from ._estimator_reader import EstimatorReader
from ._estimators import SIZES, named_steps
from ._save_load import read_estimator

_WIDTH = 14
# Of a line, so that a forged file does not fill the terminal.
_MAX_LENGTH = 4000
# Of parameters, in characters and numbers: scikit-learn takes seconds to print long ones.
_MAX_SIZE = 20_000


def describe(path: str | os.PathLike, *, max_bytes: int = MAX_BYTES) -> str:
    r"""Return the model card of a file: what a person wants to know before loading it.

    It shows every estimator with the parameters that differ from their defaults, the sampling rate
    in Hz, the shape of a sample, the classes with their counts, the network and its number of
    weights, what it was trained on, metrics and versions. The file is checked as :func:`load`
    checks it and within the same bounds, but no network is built.

    Parameters
    ----------
    path : path-like
        A file of :func:`save`.
    max_bytes : int, default=2**30
        A larger file is refused unread.

    Returns
    -------
    str
        Some lines of text: ``print(skecg.describe(path))``.

    Raises
    ------
    ModelFileError
        If the file is not intact.
    OSError
        If there is no such file or it may not be read.

    See Also
    --------
    skecg.save : Writes the file.
    skecg.load : Reads the estimator.

    Examples
    --------
    >>> import tempfile
    >>> import skecg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     skecg.save(skecg.AreaResize(size=(91, 128)), f"{folder}/resize.safetensors")
    ...     card = skecg.describe(f"{folder}/resize.safetensors")
    >>> print("\n".join(card.splitlines()[:2]))
    skecg model file
    estimator     AreaResize(size=(91, 128))
    """
    header, arrays = read_container(path, max_bytes)
    reader = EstimatorReader(arrays, None, fitted=False)
    estimator = read_estimator(path, header, reader)
    try:
        lines = [
            "skecg model file",
            *_estimator_lines(estimator, header["estimator"]["$estimator"], reader),
            *_metric_lines(ValueReader({}).read(header["metrics"])),
            *([_line("left out", ", ".join(header["left_out"]))] if header["left_out"] else []),
            _line("written by", ", ".join(f"{k} {v}" for k, v in header["versions"].items())),
        ]
    except Exception as error:  # of a forged header, as in load
        raise ModelFileError(f"{os.fspath(path)!r} cannot be described: {error}") from error
    return "\n".join(map(_printable, lines))


def _estimator_lines(
    estimator: BaseEstimator, node: dict[str, Any], reader: ValueReader
) -> Iterator[str]:
    if isinstance(estimator, VotingClassifier) and node["learned"]:
        yield from _vote_lines(estimator, node, reader)
        return
    steps = named_steps(type(estimator))
    if steps is not None:
        for (name, step), pair in zip(getattr(estimator, steps), node["params"][steps]):
            yield _line("step", repr(name))
            inner = pair["$tuple"][1]
            if isinstance(step, BaseEstimator):
                yield from _estimator_lines(step, inner["$estimator"], reader)
            else:
                yield _line("estimator", repr(step))
        return
    if isinstance(estimator, FrozenEstimator):
        yield _line("estimator", "FrozenEstimator of")
        inner = node["params"]["estimator"]["$estimator"]
        yield from _estimator_lines(estimator.estimator, inner, reader)
        return
    if _size(node["params"]) > _MAX_SIZE:
        yield _line("estimator", f"{type(estimator).__name__} with parameters too long to show")
    else:  # scikit-learn prints the parameters that differ from the defaults
        text = " ".join(estimator.__repr__(N_CHAR_MAX=2000).split())
        # The address of a function says nothing, and would make two cards of one file differ.
        yield _line("estimator", re.sub(r"<function (\w+) at 0x\w+>", r"\1", text))
    if hasattr(estimator, "sampling_rate"):
        yield _line("sampling rate", f"{estimator.sampling_rate} Hz")
    if isinstance(estimator, BeatAnnotator | BeatVoteClassifier):
        yield from _record_lines(estimator, node, reader)
    elif isinstance(estimator, (BeatTreesClassifier, *SIZES)):
        yield from _tree_lines(estimator, node["learned"], reader)
    elif isinstance(estimator, CalibratedClassifierCV):
        if node["learned"]:
            yield _line("calibrated", f"{len(node['learned']['parts'])} classifiers")
            yield from _nested_lines(node["learned"]["parts"][0]["estimator"], reader)
        else:
            yield _line("", "not fitted")
    elif "state" in node:
        yield from _state_lines(reader.read(node["state"]))
    elif isinstance(estimator, BaseECGClassifier):
        yield _line("", "not fitted")


def _record_lines(
    estimator: BeatAnnotator | BeatVoteClassifier, node: dict[str, Any], reader: ValueReader
) -> Iterator[str]:
    learned = node["learned"]
    own = "windows" if isinstance(estimator, BeatAnnotator) else "segmenter"
    if "classifier_" in learned:
        yield from _nested_lines(learned[f"{own}_"], reader)
        yield _line("of beats", "")
        yield from _nested_lines(learned["classifier_"], reader)
    elif isinstance(getattr(estimator, own), BaseEstimator):
        yield _line("sampling rate", f"{getattr(estimator, own).sampling_rate} Hz")


def _vote_lines(vote: VotingClassifier, node: dict[str, Any], reader: ValueReader) -> Iterator[str]:
    weights = "" if vote.weights is None else f", weights {list(vote.weights)}"
    yield _line("estimator", f"VotingClassifier of these, {vote.voting}{weights}")
    yield _line("classes", _labels(node["learned"], reader))
    # None stands for one that is among the parameters.
    own = [
        (name, pair["$tuple"][1])
        for (name, step), pair in zip(vote.estimators, node["params"]["estimators"])
        if isinstance(step, BaseEstimator)
    ]
    steps = dict(vote.estimators)
    for (name, inner), fitted in zip(own, node["learned"]["estimators_"]):
        yield _line("step", repr(name))
        if fitted is None:
            yield from _estimator_lines(steps[name], inner["$estimator"], reader)
        else:
            yield from _nested_lines(fitted, reader)


def _tree_lines(
    estimator: BaseEstimator, learned: dict[str, Any], reader: ValueReader
) -> Iterator[str]:
    if not learned:
        yield _line("", "not fitted")
        return
    yield _line("input", f"samples of shape ({learned['n_features_in_']},)")
    if "feature_names_in_" in learned:
        yield _line("columns", ", ".join(reader.read(learned["feature_names_in_"]).tolist()))
    yield _line("classes", _labels(learned, reader))
    parts = [learned]
    if "estimators_" in learned:
        parts = [each["$estimator"]["learned"] for each in learned["estimators_"]]
    size_of = SIZES.get(type(estimator), SIZES[HistGradientBoostingClassifier])
    names = ("is_split", "feature", "leaf", "rows")
    sizes = [
        size_of({name: reader.read(part[name]) for name in names if name in part}) for part in parts
    ]
    n_trees, n_nodes = (sum(each) for each in list(zip(*sizes))[:2])
    yield _line("trees", f"{n_trees:,} of {n_nodes:,} nodes in all")


def _labels(learned: dict[str, Any], reader: ValueReader) -> str:
    labels = reader.read(learned["classes_"]).tolist()
    return ", ".join(repr(labels[k]) for k in aami_order(labels))


def _nested_lines(inner: dict[str, Any], reader: ValueReader) -> Iterator[str]:
    yield from _estimator_lines(reader.read(inner), inner["$estimator"], reader)


def _size(node: Any) -> int:
    """Return the number of characters and numbers in parameters, without what was learned."""
    if isinstance(node, dict):
        parts = (len(k) + _size(v) for k, v in node.items() if k not in ("state", "learned"))
        return sum(parts)
    if isinstance(node, list):
        return sum(map(_size, node))
    return len(node) if isinstance(node, str) else 1


def _state_lines(state: dict[str, Any]) -> Iterator[str]:
    facts: TrainingFacts = state["training"]
    history = state["history"]
    yield _line("network", f"{state['network']}, {state['n_parameters']:,} weights")
    yield _line("input", f"samples of shape {state['input_shape']}")
    counted = list(zip(state["classes"].tolist(), facts.class_counts, strict=True))
    counted = [counted[k] for k in aami_order(state["classes"].tolist())]
    name = "classes" if facts.n_multilabel is None else "labels"
    yield _line(name, ", ".join(f"{label!r}: {count:,}" for label, count in counted))
    subjects = "subjects not given"
    if facts.n_subjects is not None:
        subjects = f"{facts.n_subjects:,} subjects (SHA-256 of their ids {facts.subjects_sha256})"
    yield _line("trained on", f"{facts.n_samples:,} samples, {subjects}")
    losses = {k: v for k, v in (history[-1] if history else {}).items() if "loss" in k}
    ends = "".join(f", {name} {value:.4g}" for name, value in losses.items())
    yield _line("epochs", f"{len(history)}{ends}")
    if state["frozen"]:
        yield _line("frozen", ", ".join(state["frozen"]))


def _metric_lines(metrics: dict[str, Any]) -> Iterator[str]:
    for name, value in metrics.items():
        yield _line("metric", f"{name}: {value!r}")


def _line(name: str, text: str) -> str:
    if len(text) > _MAX_LENGTH:
        text = f"{text[:_MAX_LENGTH]}... and {len(text) - _MAX_LENGTH:,} characters more"
    return f"{name:{_WIDTH}}{text}"


def _printable(line: str) -> str:
    """Write out control characters, which would let a file command the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
