"""A classifier as a file that runs without Python."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any, Literal, cast

import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._compat import quiet_exporter
from .._version import __version__
from ..classifiers import ProbabilityNetwork
from ..storage import replacement
from ._onnx_steps import ExportedSteps, described, graph, known_sampling_rate, split_steps

_TYPES = {"float32": torch.float32, "uint8": torch.uint8}
# What a message of protocol buffers can hold, with room for all that is no weight.
_MAX_BYTES = 2**31 - 2**24
_INPUT, _OUTPUT = "X", "probabilities"


def export_onnx(
    estimator: BaseEstimator,
    path: str | os.PathLike,
    *,
    input_type: Literal["float32", "uint8"] = "float32",
    sampling_rate: float | None = None,
) -> None:
    r"""Write a fitted classifier as a graph that ONNX Runtime computes without Python or PyTorch.

    The graph has one input, ``X``, the samples as ``predict_proba`` takes them, any number at a
    time; and one output, ``probabilities``, a plain float32 tensor of shape (n_samples, n_classes)
    with the columns of ``classes_``; (n_samples, n_labels) after a fit on several labels at once.
    It reshapes samples, scales them as the classifier does, and computes the softmax, or of several
    labels the sigmoid. What ``predict_proba`` checks it does not check: NaN gives NaN.

    Of a pipeline, the graph holds the classifier and the scalers right before it:
    :class:`SignalScaler`, ``StandardScaler``, ``MinMaxScaler`` and ``RobustScaler``. Steps before
    these that learn nothing, such as :class:`BeatSegmenter`, :class:`SignalFilter` or
    :class:`AreaResize`, are left to the caller: ``X`` is what they return. A warning names them,
    and the file has their parameters. Any other step is refused, since the file would lack what it
    learned. Samplers play no part in prediction.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier of skecg on a network, or a pipeline that ends in one.
    path : path-like
        The file; ``.onnx`` is the usual ending. An old file of that name stays until the new one is
        whole on the disk.
    input_type : {"float32", "uint8"}, default="float32"
        Type of ``X``. The graph takes this type alone. ``"uint8"`` is for pictures that stay bytes;
        the probabilities are the same.
    sampling_rate : float or None, default=None
        Samples per second (Hz) of ``X``, for the metadata. None takes that of the last step before
        the graph that has one.

    Raises
    ------
    TypeError
        If the estimator, or a step of a pipeline, cannot be exported.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If a parameter was changed after ``fit`` so that it no longer describes the network; if the
        network of an :class:`ECGNeuralClassifier` depends on the number of samples or branches on
        their values; if the weights take more than 2 GiB, or ``sampling_rate`` is not that of the
        pipeline.
    ImportError
        Without the packages of ``pip install "skecg[onnx]"``.
    OSError
        If the file cannot be written.

    Warns
    -----
    UserWarning
        If steps are left to the caller; or if the classifier predicts in bfloat16, from which the
        graph, in float32, can differ by some 0.01.

    See Also
    --------
    save : The whole estimator in a file for skecg.

    Notes
    -----
    The probabilities are those of ``predict_proba`` to 1e-5, unless the network's outputs are so
    large that float32 itself does not give them so; a classifier with ``precision="float64"`` is
    rounded to float32.

    Most networks take some seconds. PyTorch's tracer visits every step of an LSTM and takes some
    5 s for 100 of them; the published :class:`ECGAttentionLSTMClassifier` has 832.

    The metadata of the model has strings: ``skecg_version``, ``estimator``, ``classes`` (JSON, in
    the order of the columns), ``input_shape`` (JSON; the first axis is ``n_samples``),
    ``input_type``, ``sampling_rate`` (Hz, empty if unknown), ``scaling`` (JSON: the steps, then the
    network's own mean and scale, all within the graph), ``steps_before`` (JSON: what the caller
    must do), ``feature_names`` (JSON; null without names) and ``output``. ONNX Runtime shows them
    as ``session.get_modelmeta().custom_metadata_map``.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import onnxruntime
    >>> import skecg
    >>> from skecg.datasets import make_beats
    >>> beats = make_beats(100, random_state=0)
    >>> clf = skecg.ECGResidualCNNClassifier(max_epochs=1, random_state=0)
    >>> clf = clf.fit(beats.data, beats.target_names[beats.target])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     skecg.export_onnx(clf, f"{folder}/beats.onnx", sampling_rate=125)
    ...     session = onnxruntime.InferenceSession(f"{folder}/beats.onnx")
    >>> X = beats.data.astype(np.float32)
    >>> (probabilities,) = session.run(None, {"X": X})
    >>> bool(np.allclose(probabilities, clf.predict_proba(X), rtol=0, atol=1e-5))
    True
    >>> session.get_modelmeta().custom_metadata_map["classes"]
    '["F", "N", "Q", "S", "V"]'
    """
    if input_type not in _TYPES:
        raise ValueError(f"input_type must be 'float32' or 'uint8'; got {input_type!r}")
    steps = split_steps(estimator)
    for _, step in (*steps.inside, ("", steps.classifier)):
        check_is_fitted(step)
    rate = _sampling_rate(steps, sampling_rate)
    _require_packages()
    network = graph(steps)
    _require_size(network)
    last = cast(ProbabilityNetwork, network[-1])
    model = _model(network, last.input_shape, _TYPES[input_type])
    _describe(model, _metadata(steps, last, input_type, rate))
    _warn(steps)
    with replacement(path) as file:
        file.write(model.SerializeToString(deterministic=True))


def _sampling_rate(steps: ExportedSteps, stated: float | None) -> float | None:
    known = known_sampling_rate(steps)
    if stated is None:
        return known
    if isinstance(stated, bool) or not 0 < stated < float("inf"):
        raise ValueError(f"sampling_rate must be a positive number of Hz; got {stated!r}")
    if known is not None and stated != known:
        raise ValueError(
            f"sampling_rate must be {known:g} Hz, that of the samples which the pipeline gives its "
            f"classifier; got {stated:g}"
        )
    return stated


def _require_packages() -> None:
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"export_onnx needs onnx and onnxscript, and {error.name} is missing: "
            'pip install "skecg[onnx]"'
        ) from error


def _require_size(network: torch.nn.Module) -> None:
    tensors = (*network.parameters(), *network.buffers())
    n_bytes = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    if n_bytes > _MAX_BYTES:
        raise ValueError(
            f"the weights take {n_bytes / 2**30:.1f} GiB, and one ONNX file holds 2 GiB; make the "
            "network smaller"
        )


def _model(network: torch.nn.Module, shape: tuple[int, ...], dtype: torch.dtype) -> Any:
    with quiet_exporter():
        program = torch.onnx.export(
            _traced(network, torch.zeros(3, *shape, dtype=dtype)),
            dynamo=True,
            verbose=False,
            input_names=[_INPUT],
            output_names=[_OUTPUT],
        )
    assert program is not None  # the newer exporter returns one
    model = program.model_proto
    _rename_axis(model, _INPUT, "n_samples")
    return model


def _rename_axis(model: Any, name: str, axis: str) -> None:
    """Give the first axis of an input a name that says what it is, everywhere."""
    values = [*model.graph.input, *model.graph.output, *model.graph.value_info]
    axes = [d for value in values for d in value.type.tensor_type.shape.dim]
    (samples,) = (v for v in model.graph.input if v.name == name)
    number = samples.type.tensor_type.shape.dim[0].dim_param
    for each in axes:
        if each.dim_param == number:
            each.dim_param = axis


def _traced(network: torch.nn.Module, samples: torch.Tensor) -> torch.export.ExportedProgram:
    """Return the network as PyTorch's graph, with any number of samples."""
    # PyTorch's own exporter to ONNX falls back on the number that it is given.
    any_number = ({0: torch.export.Dim("n_samples", min=1)},)
    reason = ""
    # The quick way makes a constant of len(x), as a user's network may have it.
    for strict in (False, True):
        try:
            return torch.export.export(
                network, (samples,), dynamic_shapes=any_number, strict=strict
            )
        except Exception as error:
            reason = reason or str(error).strip().partition("\n")[0]
    raise ValueError(
        "the network cannot be exported: its forward may neither branch on the values of samples "
        f"nor depend on their number (write x.shape[0] for len(x)); PyTorch says: {reason}"
    )


def _metadata(
    steps: ExportedSteps, network: Any, input_type: str, rate: float | None
) -> dict[str, Any]:
    classifier = steps.classifier
    scaling = [described(*step) for step in steps.inside]
    mean, scale = (getattr(classifier.module_, name, None) for name in ("mean", "scale"))
    if isinstance(scale, torch.Tensor):
        of = float(mean) if isinstance(mean, torch.Tensor) else "of each lead, over its time steps"
        scaling.append({"mean": of, "scale": float(scale)})
    names = getattr(classifier, "feature_names_in_", None)
    return {
        "skecg_version": __version__,
        "estimator": type(classifier).__name__,
        "classes": json.dumps(classifier.classes_.tolist()),
        "input_shape": json.dumps(["n_samples", *network.input_shape]),
        "input_type": input_type,
        "sampling_rate": "" if rate is None else f"{rate:.12g}",
        "scaling": json.dumps(scaling),
        "steps_before": json.dumps([described(*step) for step in steps.left]),
        "feature_names": json.dumps(None if names is None else names.tolist()),
        "output": network.output,
    }


def _describe(model: Any, metadata: dict[str, str]) -> None:
    """Write the metadata, and remove what the exporter says of files and code of this machine."""
    model.producer_name, model.producer_version = "skecg", metadata["skecg_version"]
    model.doc_string = f"{metadata['estimator']} of skecg: {_INPUT} to {metadata['output']}"
    for part in (model.graph, *model.functions):
        part.doc_string = ""
        del part.metadata_props[:]
        for value in (*part.node, *getattr(part, "input", ()), *part.value_info):
            if not isinstance(value, str):
                value.doc_string = ""
                del value.metadata_props[:]
    for value in (*model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    del model.metadata_props[:]
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)


def _warn(steps: ExportedSteps) -> None:
    if steps.left:
        names = ", ".join(f"{name!r} ({type(step).__name__})" for name, step in steps.left)
        warnings.warn(
            f"the graph begins after {names}: give it what these steps return. Its metadata has "
            "their parameters, as steps_before",
            UserWarning,
            stacklevel=3,
        )
    if steps.classifier.net_.precision.in_prediction is not None:
        warnings.warn(
            "the classifier predicts in bfloat16 and the graph in float32, so that probabilities "
            "can differ by some 0.01; fit with precision='auto' for predictions in float32",
            UserWarning,
            stacklevel=3,
        )
