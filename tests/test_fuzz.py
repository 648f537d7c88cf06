"""Thousands of damaged files and wrong calls: each is right, or one of the documented errors.

A case is drawn by the kind's name and its number, so that a failure names what to run again.
"""

from __future__ import annotations

import inspect
import io
import os
import random
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wfdb
from estimators import CLASSIFIERS, Perceptron
from generated_mitbih import write_record
from generated_ptbxl import write_ptbxl
from generated_recordings import ecg, edf_with_notes, waveform, write_dicom
from imblearn.over_sampling import SMOTE, RandomOverSampler
from matplotlib.figure import Figure
from model_file_forgeries import mutate_arrays, mutate_bytes, mutate_json, with_right_digest
from mutations import mutate_text, wrong_arguments, wrong_value
from PIL import Image
from records_of_waves import RATE, waves
from resources import peak
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

import skecg
from skecg import (
    AreaResize,
    BeatAnnotator,
    BeatSegmenter,
    BeatTreesClassifier,
    BeatVoteClassifier,
    BeatWindows,
    LeadCropper,
    NDSampler,
    SampleView,
    SignalFilter,
    SignalResampler,
    SignalScaler,
    datasets,
    inspection,
    metrics,
    model_selection,
    records,
    sheet,
)
from skecg import signal as signals
from skecg.sheet import LAYOUTS
from skecg.training import Cosine

resource = pytest.importorskip("resource", reason="memory is measured as on POSIX")

Case = Callable[[random.Random], Any]
DOCUMENTED = (ValueError, TypeError, OSError, FloatingPointError)
# Of the processor, for one case. The slowest right one simulates 40 people, which takes about 5 s.
SECONDS = 30
N_BYTES = 4 * 2**30  # of address space, for all cases of a kind
MOST_BYTES = 2**30  # of memory, the same
N = 12  # samples


class TooSlow(BaseException):
    """Nothing catches it."""


# What a case may do ------------------------------------------------------------------------------


@contextmanager
def bounded() -> Iterator[None]:
    """Give the process little more memory than it has, and end what takes too long."""

    def stop(*args: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + N_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limits[1]))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, limits)


def outcome(case: Case, seed: str) -> tuple[str, str]:
    """Run a case; return "passed", "refused" or what is wrong, and where."""
    started = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        case(random.Random(seed))
        result = "passed", ""
    except DOCUMENTED as error:
        result = "refused", type(error).__name__
    except (Exception, TooSlow) as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "skecg" in Path(frame.filename).parts] or frames
        last = ours[-1]
        text = f"{type(error).__name__}: {str(error)[:90]}"
        result = text, f"{Path(last.filename).name}:{last.lineno}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if time.process_time() - started > SECONDS:
        return "TooSlow", result[0]
    return result


def run(kind: str, n_cases: int, round_: str, tmp_path: Path) -> None:
    with bounded(), warnings.catch_warnings(action="ignore"):
        case = KINDS[kind][0](tmp_path)
        before = peak()
        counts: Counter[str] = Counter()
        found: dict[tuple[str, str], str] = {}
        for i in range(n_cases):
            seed = f"{kind} {round_} {i}"
            result, where = outcome(case, seed)
            counts[result if result in ("passed", "refused") else "wrong"] += 1
            if result not in ("passed", "refused"):
                found.setdefault((result, where), seed)
    print(kind, dict(counts))
    lines = [f"{seed!r}: {what} ({where})" for (what, where), seed in found.items()]
    assert not lines, "\n".join(lines)
    assert counts["passed"]  # what is not refused is tried, too
    assert counts["refused"] or kind == "picture caches"
    assert peak() - before < MOST_BYTES


# Files ------------------------------------------------------------------------------------------


def small_data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, 2, 9)).astype(np.float32), np.arange(N) % 2


def tiny(name: str, **params: Any) -> BaseEstimator:
    """Return a classifier of the common tests with the smallest network that it has."""
    found = next(each for each in CLASSIFIERS if type(each).__name__ == name)
    least = {
        "width": 1, "n_filters": 1, "dim": 4, "n_heads": 1, "n_blocks": 1, "n_hidden": 2,
        "n_recurrent": 2, "hidden_layer_sizes": (2,), "patch_size": 4, "n_steps": 2,
    }  # fmt: skip
    known = found.get_params()
    least = {key: value for key, value in least.items() if key in known}
    common = {"max_epochs": 1, "n_threads": 1, "device": "cpu", "random_state": 0}
    return clone(found).set_params(**least, **common).set_params(**params)


NAMES = [type(each).__name__ for each in CLASSIFIERS]


def _whole_pipeline() -> BaseEstimator:
    X, y = small_data()
    image = tiny("ECGCNN2DClassifier").fit(X, y)
    source = make_pipeline("passthrough", image)
    clf = clone(image).set_params(init_from=FrozenEstimator(source), lr_schedule=Cosine())
    return make_pipeline(
        BeatSegmenter().fit(np.tile(X[:, 0], 5)),
        make_pipeline(LeadCropper(LAYOUTS["published-b"]), None),
        FrozenEstimator(AreaResize()), clf.fit(X, y),
    )  # fmt: skip


def model_files(tmp_path: Path, whole: bool, as_json: bool) -> Case:
    X, y = small_data()
    model = tiny("ECGResidualCNNClassifier").fit(X, y, groups=y)
    path = tmp_path / "m"
    skecg.save(_whole_pipeline() if whole else model, path, metrics={"accuracy": 0.5})
    content = path.read_bytes()

    def case(rng: random.Random) -> None:
        changed = content
        if as_json:
            changed = mutate_json(rng, content)
        else:
            changed = mutate_bytes(rng, content)
            changed = with_right_digest(changed) if rng.random() < 0.8 else changed
        path.write_bytes(changed)
        with suppress(skecg.ModelFileError):
            assert isinstance(skecg.describe(path), str)
        with suppress(skecg.ModelFileError):
            loaded = skecg.load(path, modules={"Perceptron": Perceptron})
            assert isinstance(loaded, BaseEstimator)
            assert repr(loaded)
            if hasattr(loaded, "net_") and loaded._input_shape == X.shape[1:]:
                assert loaded.predict(X).shape == (N,)
            return
        raise ValueError("refused")

    return case


def tree_files(tmp_path: Path) -> Case:
    X, path = small_data()[0][:, 0], tmp_path / "m"
    clf = BeatTreesClassifier(max_iter=3, min_samples_leaf=1)
    skecg.save(clf.fit(X, np.arange(N) % 3), path)
    content = path.read_bytes()

    def case(rng: random.Random) -> None:
        path.write_bytes(rng.choice([mutate_arrays, mutate_json])(rng, content))
        loaded = skecg.load(path)
        if getattr(loaded, "n_features_in_", None) == X.shape[1]:
            assert loaded.predict(X).shape == (N,)

    return case


def checkpoints(tmp_path: Path) -> Case:
    X, y = small_data()
    clf = tiny("ECGNeuralClassifier", checkpoint_dir=tmp_path).fit(X, y)
    path = tmp_path / "checkpoint.safetensors"
    content = path.read_bytes()

    def case(rng: random.Random) -> None:
        path.write_bytes(with_right_digest(mutate_bytes(rng, content)))
        clone(clf).fit(X, y)

    return case


def mitbih(tmp_path: Path) -> Case:
    folder = tmp_path / "mitdb"
    write_record(folder, 100, ["MLII", "V5"], 2000)
    contents = {path: path.read_bytes() for path in folder.iterdir()}

    def case(rng: random.Random) -> None:
        path = rng.choice(sorted(contents))
        mutate = mutate_text if path.suffix == ".hea" else rng.choice([mutate_text, mutate_bytes])
        path.write_bytes(mutate(rng, contents[path]))
        try:
            records = datasets.load_mitbih(tmp_path, records=[100])
            datasets.beat_windows_from_records(records)
        finally:
            path.write_bytes(contents[path])

    return case


def _recordings(folder: Path) -> dict[Path, bytes]:
    """Write one recording in every format, small; return the content of each file."""
    signals = ecg(2, 4)
    microvolts, names = 1000 * signals, ["II", "V1"]
    for name, fmt in (("plain", "16"), ("packed", "212"), ("flac", "516"), ("wide", "24")):
        wfdb.wrsamp(
            name, fs=250, units=["mV"] * 2, sig_name=names, fmt=[fmt] * 2, adc_gain=[200.0] * 2,
            d_signal=np.round(200 * signals.T).astype(np.int64), baseline=[0, 0],
            write_dir=str(folder),
        )  # fmt: skip
    wfdb.wrann("plain", "atr", np.array([100, 300]), ["N", "V"], write_dir=str(folder))
    (folder / "joined.hea").write_text("joined/3 2 250 2100\nplain 1000\n~ 100\npacked 1000\n")
    rows = "\n".join(f"{i / 250},{a:.3f},{b:.3f}" for i, (a, b) in enumerate(signals.T))
    (folder / "table.csv").write_text(f"time,II (mV),V1\n{rows}\n")
    np.save(folder / "array.npy", signals)
    with suppress(ImportError):
        edf_with_notes(folder / "holter.edf", microvolts, names)
        write_dicom(folder / "rest.dcm", waveform(microvolts, names))
    return {path: path.read_bytes() for path in folder.iterdir()}


def recordings(tmp_path: Path) -> Case:
    contents = _recordings(tmp_path)
    opened = sorted(path for path in contents if path.suffix not in (".dat", ".atr"))

    def case(rng: random.Random) -> None:
        path = rng.choice(opened)
        damaged = rng.choice([path, path, *contents]) if path.suffix == ".hea" else path
        content = contents[damaged]
        mutate = rng.choice([mutate_text, mutate_bytes])
        if len(content) > 999 and rng.random() < 0.7:  # most of it where the numbers are
            content = mutate(rng, content[:999]) + content[999:]
        else:
            content = mutate(rng, content)
        damaged.write_bytes(content)
        rate = 250 if path.suffix == ".npy" else None
        try:
            read = datasets.read_record(path, sampling_rate=rate, leads=rng.choice([None, "II"]))
            assert read.signals.ndim == 2
            assert len(repr(read)) < 9999
        finally:
            damaged.write_bytes(contents[damaged])

    return case


def ptbxl(tmp_path: Path) -> Case:
    write_ptbxl(tmp_path / "ptbxl")
    of_one = tmp_path / "ptbxl" / "records100" / "00000"
    paths = [*(tmp_path / "ptbxl").glob("*.csv"), *of_one.glob("00003_lr.*")]
    contents = {path: path.read_bytes() for path in paths}

    def case(rng: random.Random) -> None:
        path = rng.choice(sorted(contents))
        mutate = mutate_bytes if path.suffix == ".dat" else mutate_text
        path.write_bytes(mutate(rng, contents[path]))
        task = rng.choice(["mi-vs-norm", "superclass", "superclass-multilabel"])
        try:
            datasets.load_ptbxl(tmp_path, task=task, on_error=rng.choice(["raise", "skip"]))
        finally:
            path.write_bytes(contents[path])

    return case


def heartbeat_csv(tmp_path: Path) -> Case:
    table = np.random.default_rng(0).random((8, 188))
    table[:, 187] = np.arange(8) % 2
    text = io.BytesIO()
    np.savetxt(text, table, delimiter=",")
    content = text.getvalue()
    for name in ("ptbdb_abnormal.csv", "ptbdb_normal.csv"):
        (tmp_path / name).write_bytes(content)

    def case(rng: random.Random) -> None:
        mutate = rng.choice([mutate_text, mutate_bytes])
        (tmp_path / "ptbdb_normal.csv").write_bytes(mutate(rng, content))
        datasets.load_heartbeat(tmp_path, database="ptb")

    return case


def sheet_manifest(tmp_path: Path) -> Case:
    files = []
    for label in ("MI", "Normal"):
        (tmp_path / label).mkdir()
        for i in (1, 2):
            files.append(f"{label}/{label}({i}).png")
            Image.new("L", (9, 7), 40 * i).save(tmp_path / files[-1])
    lines = ["file,printed_id_group", *(f"{file},p{i // 2}" for i, file in enumerate(files))]
    content = "\r\n".join(lines).encode()

    def case(rng: random.Random) -> None:
        (tmp_path / "manifest.csv").write_bytes(mutate_text(rng, content))
        on_error = rng.choice(["raise", "skip"])
        datasets.load_sheets(tmp_path, groups="printed-id", on_error=on_error)

    return case


def _pictures() -> list[bytes]:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    deep = Image.fromarray(np.arange(24 * 32, dtype=np.uint16).reshape(24, 32) * 80)
    found = []
    for name, modes in {
        "JPEG": ["RGB", "L", "CMYK"], "PNG": ["RGB", "P", "RGBA", "1"], "BMP": ["RGB", "P", "1"],
        "TIFF": ["RGB", "L", "F", "1"], "WEBP": ["RGB", "RGBA"], "GIF": ["P"], "AVIF": ["RGB"],
    }.items():  # fmt: skip
        for picture in [*(Image.fromarray(pixels).convert(mode) for mode in modes), deep]:
            file = io.BytesIO()
            with suppress(OSError, KeyError):  # a mode or a format that Pillow was built without
                picture.save(file, name)
                found.append(file.getvalue())
    return found


def pictures(tmp_path: Path) -> Case:
    contents = _pictures()

    def case(rng: random.Random) -> None:
        content = bytearray(rng.choice(contents))
        for _ in range(rng.choice([1, 1, 2, 5])):  # most of it where the numbers are
            place = rng.randrange(min(len(content), rng.choice([64, len(content)])))
            content[place] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        content = mutate_bytes(rng, bytes(content)) if rng.random() < 0.3 else bytes(content)
        path = tmp_path / "sheet.png"
        path.write_bytes(content)
        how = rng.randrange(3)
        if how == 0:
            sheet.read_image(content)
        elif how == 1:
            AreaResize((6, 8), region=rng.choice([None, "grid"])).fit_transform([str(path)])
        else:
            LeadCropper("published-b", size=(6, 8)).fit_transform([str(path)])

    return case


def picture_caches(tmp_path: Path) -> Case:
    path, folder = tmp_path / "sheet.png", tmp_path / "cache"
    path.write_bytes(_pictures()[0])
    resize = AreaResize((6, 8), memory=str(folder))
    right = resize.fit_transform([str(path)])

    def case(rng: random.Random) -> None:
        files = sorted(file for file in folder.rglob("*") if file.is_file() and file.stat().st_size)
        damaged = rng.choice(files)
        damaged.write_bytes(mutate_bytes(rng, damaged.read_bytes()))
        assert np.array_equal(resize.fit_transform([str(path)]), right)

    return case


# Calls of classifiers ----------------------------------------------------------------------------


def is_large(value: Any) -> bool:
    return isinstance(value, int) and value > 9


def classifier_parameters(tmp_path: Path) -> Case:
    X, y = small_data()

    def case(rng: random.Random) -> None:
        clf = tiny(rng.choice(NAMES))
        params = wrong_arguments(rng, clf.get_params(deep=False), N)
        # Nothing is wrong with much work that was asked for, nor with a compiler.
        params["max_epochs"] = 1 if is_large(params["max_epochs"]) else params["max_epochs"]
        params["compile"] = False if params["compile"] is True else params["compile"]
        for name, value in params.items():
            setattr(clf, name, value)
        clf.fit(X, y).predict(X)

    return case


def classifier_arrays(tmp_path: Path) -> Case:
    X, y = small_data()
    right = {"X": X, "y": y, "sample_weight": np.ones(N), "groups": np.arange(N)}
    fitted = {name: tiny(name).fit(X, y) for name in NAMES}

    def case(rng: random.Random) -> None:
        name = rng.choice(NAMES)
        method = rng.choice(["fit", "partial_fit", "further", "predict", "predict_proba", "embed"])
        if method in ("predict", "predict_proba", "embed"):
            getattr(fitted[name], method)(wrong_value(rng, N, X))
            return
        arguments = wrong_arguments(rng, right, N)
        if method == "fit":
            tiny(name, early_stopping=rng.random() < 0.3).fit(**arguments).predict(arguments["X"])
            return
        clf = tiny(name) if method == "partial_fit" else clone(fitted[name]).fit(X, y)
        if rng.random() < 0.5:
            arguments["classes"] = rng.choice([[0, 1], wrong_value(rng, N, [0, 1])])
        clf.partial_fit(**arguments)

    return case


def parameter_names(tmp_path: Path) -> Case:
    names = ["x", "", "__", "a__b", "width", "max_epochs", "callbacks", "module_params", "sampler"]
    names += ["init_from", "classifier", "segmenter", "detector", "layout", "memory", "net_", "get"]

    def case(rng: random.Random) -> None:
        estimators = [
            tiny(rng.choice(NAMES)), BeatVoteClassifier(), BeatVoteClassifier(classifier="x"),
            BeatVoteClassifier(BeatSegmenter(), LogisticRegression()), NDSampler(SMOTE()),
            BeatSegmenter(), AreaResize(), LeadCropper(),
        ]  # fmt: skip
        name = "__".join(rng.choices(names, k=rng.choice([1, 2, 2, 3])))
        estimator = rng.choice(estimators)
        estimator.set_params(**{name: wrong_value(rng, N)})
        assert estimator.get_params()
        clone(estimator)

    return case


# Calls of the other estimators and of functions --------------------------------------------------


def _estimator_case(
    make: Callable[[], BaseEstimator], right: dict[str, Any], methods: list[str]
) -> Case:
    """Change a parameter, or what the methods are given, or both."""

    def case(rng: random.Random) -> None:
        estimator, arguments = make(), dict(right)
        if rng.random() < 0.6:
            params = estimator.get_params()
            name = rng.choice(sorted(params))
            estimator.set_params(**{name: wrong_value(rng, len(right["X"]), params[name])})
        if rng.random() < 0.6:
            arguments = wrong_arguments(rng, right, len(right["X"]))
        for method in ["fit", rng.choice(methods)]:
            accepted = inspect.signature(getattr(estimator, method)).parameters
            getattr(estimator, method)(
                **{name: value for name, value in arguments.items() if name in accepted}
            )

    return case


def beat_segmenters(tmp_path: Path) -> Case:
    X, _ = waves(N, 500)
    return _estimator_case(
        lambda: BeatSegmenter(sampling_rate=RATE), {"X": X},
        ["transform", "segment", "get_feature_names_out"],
    )  # fmt: skip


def beat_windows(tmp_path: Path) -> Case:
    X, _ = waves(N, 500)
    return _estimator_case(
        lambda: BeatWindows(sampling_rate=RATE), {"X": X},
        ["transform", "segment", "get_feature_names_out"],
    )  # fmt: skip


def beat_annotators(tmp_path: Path) -> Case:
    X, _ = waves(N, 500)
    marks = ([60, 160, 260, 360], ["N", "V", "N", "S"])
    return _estimator_case(
        lambda: BeatAnnotator(BeatWindows(sampling_rate=RATE), FewTrees(max_iter=2)),
        {"X": list(X), "y": [marks] * N, "groups": np.arange(N)}, ["score"],
    )  # fmt: skip


class FewTrees(BeatTreesClassifier):
    def fit(self, X, y, sample_weight=None):
        # Nothing is wrong with much work that was asked for.
        self.max_iter = 2 if is_large(self.max_iter) else self.max_iter
        return super().fit(X, y, sample_weight)


def beat_trees(tmp_path: Path) -> Case:
    X, y = small_data()
    right = {"X": X[:, 0], "y": y, "sample_weight": np.ones(N)}
    return _estimator_case(
        lambda: FewTrees(max_iter=2, min_samples_leaf=2), right,
        ["predict", "predict_proba", "score"],
    )  # fmt: skip


def beat_votes(tmp_path: Path) -> Case:
    X, y = waves(N, 500)
    right = {"X": X, "y": y, "sample_weight": np.ones(N), "groups": np.arange(N)}
    return _estimator_case(
        lambda: BeatVoteClassifier(BeatSegmenter(sampling_rate=RATE), LogisticRegression()),
        right, ["predict", "predict_proba", "score"],
    )  # fmt: skip


def signal_steps(tmp_path: Path) -> Case:
    X, _ = small_data()
    steps = [
        SignalScaler(), SignalScaler(by="training"), SignalScaler(by="sample", method="minmax"),
        SignalFilter(sampling_rate=RATE, causal=True), SignalResampler(sampling_rate=RATE, rate=60),
    ]  # fmt: skip
    made = iter(steps * 10**6)
    return _estimator_case(lambda: clone(next(made)), {"X": X}, ["transform"])


def nd_samplers(tmp_path: Path) -> Case:
    X, _ = small_data()
    right = {"X": X, "y": np.arange(N) % 3 // 2, "sample_weight": np.ones(N), "groups": X[:, 0, 0]}
    made = iter([SMOTE(k_neighbors=2), RandomOverSampler()] * 10**6)
    return _estimator_case(
        lambda: NDSampler(clone(next(made)), on_synthetic="nearest"), right, ["fit_resample"]
    )


def picture_transformers(tmp_path: Path) -> Case:
    path = tmp_path / "sheet.png"
    path.write_bytes(_pictures()[0])
    X = np.array([str(path)] * 2)
    made = iter([AreaResize((6, 8)), LeadCropper("published-b", (6, 8))] * 10**6)
    return _estimator_case(lambda: clone(next(made)), {"X": X}, ["transform"])


def views(tmp_path: Path) -> Case:
    def case(rng: random.Random) -> None:
        array = rng.choice([np.zeros((N, 3)), wrong_value(rng, N)])
        with suppress(IndexError):  # documented: numpy's
            rows = rng.choice([None, slice(3), [0, 2], wrong_value(rng, N, [0, 2])])
            view = SampleView(array, rows)
            np.asarray(view[wrong_value(rng, N, [0])])
            assert len(repr(view)) < 999
            assert len(list(view)) == len(view)

    return case


def files_of_models(tmp_path: Path) -> Case:
    clf = tiny("ECGResidualCNNClassifier").fit(*small_data())

    def case(rng: random.Random) -> None:
        estimator = rng.choice([clf, BeatSegmenter(), wrong_value(rng, N)])
        path = rng.choice([tmp_path / "m", wrong_value(rng, N)])
        metrics = rng.choice([None, {"a": wrong_value(rng, N, {})}, wrong_value(rng, N)])
        if isinstance(path, int):
            return  # the descriptor of an open file, perhaps of the tests' own output
        skecg.save(estimator, path, metrics=metrics)
        modules = rng.choice([None, wrong_value(rng, N)])
        skecg.load(path, modules=modules, max_bytes=rng.choice([10**6, wrong_value(rng, N, 10**6)]))
        skecg.describe(path, max_bytes=rng.choice([10**6, wrong_value(rng, N, 10**6)]))

    return case


def _functions_case(functions: dict[str, tuple[Callable, dict[str, Any]]]) -> Case:
    def case(rng: random.Random) -> None:
        function, right = functions[rng.choice(sorted(functions))]
        function(**wrong_arguments(rng, right, N))

    return case


def _parameters(function: Callable) -> list[str]:
    return list(inspect.signature(function).parameters)


def signal_functions(tmp_path: Path) -> Case:
    X, _ = waves(3, 500)
    given = {
        "X": X, "signal": X[0], "r_peak": [60, 160, 260], "sampling_rate": 100, "n_before": 9,
        "n_after": 9, "window": [0, 1, 2], "windows": X, "rate_in": 100, "rate_out": 60,
        "length": 50, "beats": X, "row": [0, 0, 1], "n_rows": 2, "symbols": ["N", "V"],
        "axis": -1, "before": 0.5, "after": 0.75, "rate": 120.0, "window_length": 500,
        "period_factor": 1.2, "beat_length": 187, "on_long": "truncate", "scale": "window",
        "detector": "threshold", "threshold": 0.9, "how": "median", "step": 50, "tail": "drop",
        "rr": [0.8, 0.4, 1.2], "n_intervals": 60, "causal": False,
        "low": 0.5, "high": 40.0, "mains": 45, "mains_quality": 30.0, "order": 2,
    }  # fmt: skip
    own = {
        "rhythm_numbers": {"names": signals.RHYTHM_NUMBERS[:3]},
        "shape_numbers": {"names": signals.SHAPE_NUMBERS[:3], "n_before": 60},
    }
    names = [name for name in signals.__all__ if inspect.isfunction(getattr(signals, name))]
    functions = {}
    for name in names:
        function = getattr(signals, name)
        functions[name] = (
            function,
            {key: {**given, **own.get(name, {})}[key] for key in _parameters(function)},
        )
    return _functions_case(functions)


def sheet_functions(tmp_path: Path) -> Case:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    crop = {
        "sheet": Image.fromarray(pixels), "boxes": [[0, 0, 9, 9]], "size": (6, 8), "invert": True,
        "dilation": 3, "swap_channels": False, "resample": "area",
    }  # fmt: skip
    layout = {"lead_names": ("I",), "boxes": ((0, 0, 9, 9),), "sheet_size": (24, 32)}
    place = sheet.SheetAlignment(np.eye(3), 8.0, "grid", 8.0)
    part = {"picture": pixels, "alignment": place, "box": (0, 0, 9, 9), "pixels_per_mm": 4.0}
    return _functions_case({
        "align_sheet": (sheet.align_sheet, {"picture": pixels, "layout": "edan-3x4"}),
        "straighten": (sheet.straighten, part),
        "area_matrix": (sheet.area_matrix, {"n_in": 9, "n_out": 5}),
        "area_resize": (sheet.area_resize, {"image": pixels, "size": (6, 8), "axes": (0, 1)}),
        "crop_leads": (sheet.crop_leads, crop),
        "find_grid_box": (sheet.find_grid_box, {"image": pixels}),
        "get_layout": (sheet.get_layout, {"layout": "edan-3x4"}),
        "LeadLayout": (sheet.LeadLayout, {**layout, "grid_box": (0, 0, 9, 9), "source": "x"}),
        "read_image": (sheet.read_image, {"source": pixels, "max_pixels": 10**6}),
    })  # fmt: skip


def metric_functions(tmp_path: Path) -> Case:
    y = np.array(["N", "V", "N", "S"] * 3)
    both = {"y_true": y, "y_pred": y[::-1], "sample_weight": np.ones(N)}
    options = {"target_names": None, "convention": "one-vs-rest", "zero_division": 0.0}
    of_label = {"label": "V", "target_names": None, "zero_division": 0.0}
    report = {"labels": ["N", "V", "S"], "target_names": None, "convention": "one-vs-rest"}
    place = np.arange(len(y)) * 100
    beats = {"reference_sample": place, "reference_label": y, "sample": place + 9, "label": y}
    return _functions_case({
        "compare": (
            metrics.compare_beats,
            {**beats, "sampling_rate": 100, "tolerance": 0.15, "convention": "ec57"},
        ),
        "order": (metrics.aami_order, {"labels": ["V", "N"]}),
        "labels": (lambda y: metrics.aami_labels(y), {"y": y}),
        "report": (metrics.aami_report, {**both, **report, "output_dict": False}),
        "scorers": (metrics.aami_scorers, options),
        "j_kappa": (metrics.j_kappa_score, {**both, **options}),
        "j_kappa_scorer": (metrics.j_kappa_scorer, options),
        "P+": (metrics.positive_predictivity_score, {**both, **options, "label": "V"}),
        "P+ scorer": (metrics.positive_predictivity_scorer, {**options, "label": "V"}),
        "Se": (metrics.sensitivity_score, {**both, **of_label}),
        "Se scorer": (metrics.sensitivity_scorer, of_label),
    })  # fmt: skip


def split_functions(tmp_path: Path) -> Case:
    X, _ = small_data()
    groups = np.arange(N) % 5
    leaks = {"train": [0, 1, 2], "test": [3, 4], "X": X, "groups": groups, "paths": "content"}
    return _functions_case({
        "content": (model_selection.content_groups, {"X": X, "paths": "content"}),
        "split": (
            model_selection.inter_patient_split,
            {"records": [101, 100, 208], "variant": "de-chazal"},
        ),
        "leaks": (model_selection.leakage_report, {**leaks, "raise_on_leak": False}),
        "merge": (model_selection.merge_groups, {"a": groups, "b": groups}),
    })  # fmt: skip


def data_functions(tmp_path: Path) -> Case:
    home = {"data_home": tmp_path}
    np.save(tmp_path / "a.npy", waves(2, 500)[0])
    write_record(tmp_path, 100, ["MLII", "V5"], 2000)
    recording = {"path": tmp_path / "a.npy", "leads": [0, 1], "sampling_rate": 100, "units": "mV"}
    recording |= {"lead_names": ["I", "II"], "annotator": "atr"}
    database = {"folder": tmp_path, "records": ["100"], "leads": "II", "annotator": "atr"}
    database |= {"subject": None, "on_missing_lead": "first", "physical": True}
    record = {"signals": np.zeros((2, 9)), "sampling_rate": 100, "lead_names": ["I", "II"]}
    returns = {"return_X_y": False, "return_X_y_groups": False}
    records = datasets.make_records(2, duration=8.0, sampling_rate=100, random_state=0)
    windows = {"records": records, "windows": BeatWindows(100)}
    beats = {"n_samples": 6, "n_subjects": 2, "n_timesteps": 30, "random_state": 0}
    made = {"n_subjects": 2, "duration": 4.0, "sampling_rate": 100, "random_state": 0}
    sheets = {"n_samples": 2, "n_subjects": 2, "size": (40, 60), "random_state": 0}
    printed = {"signals": np.zeros((1, 12, 1000)), "sampling_rate": 100, "size": (40, 56)}
    printed |= {"layout": "edan-3x4", "damage": ["jpeg", "desk"], "random_state": 0}
    mitbih = {"leads": "MLII", "records": [100], "on_missing_lead": "first", "physical": True}
    ptbxl = {"task": "superclass", "sampling_rate": 100, "leads": None, "folds": None}
    folders = {"groups": "content", "on_error": "raise", "verify": "file"}
    heartbeat = {"source": "csv", "subset": "all", "database": "mitbih"}
    return _functions_case({
        "windows": (datasets.beat_windows_from_records, windows),
        "beats": (datasets.beats_from_records, {"records": records, "n_timesteps": 187}),
        "home": (datasets.get_data_home, home),
        "heartbeat": (datasets.load_heartbeat, {**home, **heartbeat, **returns}),
        "mitbih": (datasets.load_mitbih, {**home, **mitbih, **returns}),
        "record": (datasets.Record, record),
        "read": (datasets.read_record, recording),
        "WFDB": (datasets.load_wfdb, {**database, **returns}),
        "ptbxl": (datasets.load_ptbxl, {**home, **ptbxl, "source_rate": None, **returns}),
        "sheets": (datasets.load_sheets, {**home, **folders, **returns}),
        "make_beats": (datasets.make_beats, {**beats, "return_X_y": False}),
        "make_records": (datasets.make_records, made),
        "make_sheets": (datasets.make_sheets, {**sheets, **returns}),
        "sheets of signals": (datasets.make_sheets, printed),
        "match": (datasets.match_heartbeat, {"X": np.zeros((2, 187)), **home}),
    })  # fmt: skip


def inspection_functions(tmp_path: Path) -> Case:
    X, y = small_data()
    network = tiny("ECGResidualCNNClassifier").fit(X, y)
    attention = tiny("ECGAttentionLSTMClassifier").fit(X, y)
    maps = {"clf": attention, "X": X, "layers": None, "keep_weights": True}
    why = {"clf": network, "X": X[:2], "target": None, "method": "gradcam", "baseline": None}
    why |= {"n_steps": 2, "window": None, "layer": None, "batch_size": 16}
    occlusion = {**why, "method": "occlusion", "window": 4}
    return _functions_case({
        "attention": (inspection.attention_maps, maps),
        "activations": (inspection.layer_activations, {"clf": network, "X": X, "layers": None}),
        "Grad-CAM": (inspection.saliency, why),
        "occlusion": (inspection.saliency, occlusion),
        "gradients": (inspection.saliency, {**why, "method": "integrated_gradients"}),
    })  # fmt: skip


def beat_annotations(tmp_path: Path) -> Case:
    sample, label = np.arange(N) * 80 + 20, ["N", "V", "S", "F"] * (N // 4)
    signal = np.sin(np.arange(1000) / 9)
    right = {
        "sample": sample, "label": label, "sampling_rate": 100, "n_timesteps": 1000,
        "classes": list("NSVFQ"), "probabilities": np.full((N, 5), 0.2),
        "unreadable": [[0, 10], [500, 600]], "signal": signal, "name": "a",
    }  # fmt: skip
    beats = records.BeatAnnotations(**right)

    def all_of_them(**given: Any) -> None:
        made = records.BeatAnnotations(**given)
        made.to_frame()
        assert all([made._repr_html_(), str(made.summary()), repr(made)])
        made.compare(beats)

    def drawn(**given: Any) -> None:
        records.BeatAnnotations(**given).plot(ax=Figure().subplots())

    def leads(signals: Any, sampling_rate: Any, lead_names: Any, **given: Any) -> None:
        record = Bunch(signals=signals, sampling_rate=sampling_rate, lead_names=lead_names)
        inspection.ECGDisplay.from_record(record, ax=Figure().subplots(), **given)

    record = {"signals": np.stack([signal, signal]), "sampling_rate": 100, "lead_names": ["I", "V"]}
    part = {"start": 1.0, "duration": 5.0}
    options = {"leads": ["V"], "layout": "rows", "rhythm_lead": "II"}
    return _functions_case({
        "BeatAnnotations": (all_of_them, right),
        "plot": (drawn, right),
        "part": (lambda **given: beats.plot(ax=Figure().subplots(), **given), part),
        "summary": (beats.summary, {"pause": 2.0}),
        "compare": (
            beats.compare,
            {"reference": Bunch(sample=sample, symbol=label), "tolerance": 0.15},
        ),
        "wfdb": (
            beats.to_wfdb, {"record_name": "a", "extension": "skecg", "folder": tmp_path}
        ),
        "ECGDisplay": (leads, {**record, **part, **options}),
    })  # fmt: skip


# Each kind with the number of its cases in the default run.
KINDS: dict[str, tuple[Callable[[Path], Case], int]] = {
    "model, bytes": (lambda path: model_files(path, whole=False, as_json=False), 300),
    "model, JSON": (lambda path: model_files(path, whole=False, as_json=True), 150),
    "pipeline, JSON": (lambda path: model_files(path, whole=True, as_json=True), 100),
    "trees": (tree_files, 150),
    "checkpoints": (checkpoints, 100),
    "MIT-BIH": (mitbih, 150),
    "PTB-XL": (ptbxl, 100),
    "recordings": (recordings, 300),
    "heartbeat CSV": (heartbeat_csv, 100),
    "sheet manifest": (sheet_manifest, 100),
    "pictures": (pictures, 300),
    "picture caches": (picture_caches, 60),
    "classifiers, parameters": (classifier_parameters, 200),
    "classifiers, arrays": (classifier_arrays, 300),
    "parameter names": (parameter_names, 100),
    "BeatSegmenter": (beat_segmenters, 100),
    "BeatWindows": (beat_windows, 100),
    "BeatAnnotator": (beat_annotators, 100),
    "BeatTreesClassifier": (beat_trees, 100),
    "BeatVoteClassifier": (beat_votes, 100),
    "BeatAnnotations": (beat_annotations, 150),
    "NDSampler": (nd_samplers, 100),
    "SignalScaler, SignalFilter, SignalResampler": (signal_steps, 150),
    "AreaResize, LeadCropper": (picture_transformers, 100),
    "SampleView": (views, 200),
    "save, load, describe": (files_of_models, 100),
    "skecg.signal": (signal_functions, 200),
    "skecg.sheet": (sheet_functions, 150),
    "skecg.metrics": (metric_functions, 100),
    "skecg.model_selection": (split_functions, 100),
    "skecg.datasets": (data_functions, 150),
    "skecg.inspection": (inspection_functions, 100),
}
SLOW = 20  # times as many, with other seeds


def test_there_are_as_many_cases_as_promised():
    n_cases = sum(n_cases for _, n_cases in KINDS.values())
    assert n_cases >= 2_000
    assert SLOW * n_cases >= 50_000


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_documented_errors(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(kind, KINDS[kind][1], "quick", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_documented_errors_in_many_cases(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(kind, SLOW * KINDS[kind][1], "slow", tmp_path)
