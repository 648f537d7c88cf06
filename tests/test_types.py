"""The types that the package ships, as a type checker and a reader see them."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import skecg

ROOT = Path(__file__).resolve().parents[1]
ROOMS = sorted(name for name in skecg.__all__ if inspect.ismodule(getattr(skecg, name)))

# Lines of a user's script, and what mypy has to say of each: the type of an expression, an error,
# or nothing.
SCRIPT = """\
import numpy as np
import skecg
from skecg import BeatAnnotator, BeatSegmenter, ECGNeuralClassifier, ECGViTClassifier
from skecg import NDSampler, SignalScaler, TraceReader
from skecg import ECGVitClassifier  # error: Module "skecg" has no attribute "ECGVitClassifier"
from skecg.datasets import load_mitbih, make_beats
from skecg.inspection import BeatDisplay, saliency
from skecg.metrics import aami_report
from skecg.model_selection import inter_patient_split, leakage_report

beats = load_mitbih(leads="MLII")
print(beats.data, beats.target, beats.groups)
X, y = make_beats(100, return_X_y=True, random_state=0)
train, test = inter_patient_split(np.repeat([101, 100], 50))
leakage_report(train, test, groups=np.arange(100)).raise_on_leak()

clf = ECGViTClassifier(max_epochs=1, device="cpu")
reveal_type(clf.fit(X, y))  # skecg.classifiers._vit.ECGViTClassifier
reveal_type(clf.fit(X, y).predict(X))  # numpy.ndarray
reveal_type(clf.fit(X.tolist(), ["N"] * 100, groups=range(100)).predict_proba(X))  # numpy.ndarray
reveal_type(ECGViTClassifier.published())  # skecg.classifiers._vit.ECGViTClassifier
reveal_type(clf.score(X, y))  # float
reveal_type(clf.classes_)  # numpy.ndarray
reveal_type(clf.history_)  # list[dict[str, Any]]
reveal_type(clf.set_params(max_epochs=2).set_fit_request(groups=True))  # ECGViTClassifier
reveal_type(SignalScaler().fit(X))  # skecg.preprocessing._signal_scaler.SignalScaler
reveal_type(BeatSegmenter(sampling_rate=360).fit(X).transform(X))  # numpy.ndarray
reveal_type(TraceReader(layout="edan-3x4").fit(["sheet.png"]).transform(["a.png"]))  # numpy.ndarray
reveal_type(BeatAnnotator().fit(beats).annotate(X[0], 360.0))  # BeatAnnotations
reveal_type(NDSampler(None).fit_resample(X, y))  # tuple
reveal_type(aami_report(y, y))  # AAMIReport
reveal_type(saliency(clf, X))  # numpy.ndarray
reveal_type(BeatDisplay.from_beats(X, y, sampling_rate=125))  # BeatDisplay
reveal_type(skecg.load_pretrained())  # list[str]
reveal_type(skecg.describe("model.safetensors"))  # str
skecg.save(clf, "model.safetensors")
skecg.load("model.safetensors").predict(X)

clf.fit(X, y, sample_weights=None)  # error: Unexpected keyword argument "sample_weights"
ECGViTClassifier(n_epochs=3)  # error: Unexpected keyword argument "n_epochs"
ECGViTClassifier(max_epochs="3")  # error: incompatible type "str"; expected "int"
TraceReader(lay="edan-3x4")  # error: Unexpected keyword argument "lay"
load_mitbih(lead="MLII")  # error: Unexpected keyword argument "lead"
skecg.load("model.safetensors", modul={})  # error: Unexpected keyword argument "modul"
clf.clases_  # error: has no attribute "clases_"
"""


def public_functions(room: str) -> Iterator[tuple[str, object]]:
    """Yield the public functions of a room, and the methods of its public classes."""
    module = importlib.import_module(f"skecg.{room}")
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value):
            for base in value.__mro__:
                if base.__module__.startswith("skecg."):
                    yield from methods(f"{name} ({base.__name__})", base)


def methods(name: str, cls: type) -> Iterator[tuple[str, object]]:
    for called, member in vars(cls).items():
        if called.startswith("_") and called != "__init__":
            continue
        function = getattr(member, "__func__", getattr(member, "fn", member))
        function = member.fget if isinstance(member, property) else function
        # A Protocol has an __init__ of the module typing.
        if inspect.isfunction(function) and function.__module__.startswith("skecg."):
            yield f"{name}.{called}", function


def without_types(function: object) -> list[str]:
    signature = inspect.signature(function)
    names = [
        name
        for name, parameter in signature.parameters.items()
        if parameter.annotation is inspect.Parameter.empty and name not in ("self", "cls")
    ]
    return names + ["return"] * (signature.return_annotation is inspect.Signature.empty)


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_function_says_what_it_takes_and_returns(room):
    functions = dict(public_functions(room))
    assert functions
    missing = {name: without_types(function) for name, function in functions.items()}
    assert {name: parameters for name, parameters in missing.items() if parameters} == {}


def test_a_function_without_types_is_found():
    def untyped(self, X, y: int, *, n=3): ...

    assert without_types(untyped) == ["X", "n", "return"]


def test_no_error_is_ignored_without_its_code_and_a_reason():
    files = sorted((ROOT / "skecg").rglob("*.py"))
    lines = [line for path in files for line in path.read_text().splitlines()]
    ignored = [line for line in lines if re.search(r"#\s*(type:\s*ignore|mypy:)", line)]
    reasoned = re.compile(r"# type: ignore\[[a-z-]+\]  # \w+ \w+")
    assert 1 <= len(ignored) <= 5
    assert [line for line in ignored if not reasoned.search(line)] == []


def test_the_whole_package_is_checked():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert settings["disallow_untyped_defs"]
    assert settings["warn_unused_ignores"]
    for each in (settings, *settings["overrides"]):
        assert not {"ignore_errors", "exclude", "follow_imports"} & each.keys()
    # What has no types is named, library by library.
    assert [each.keys() for each in settings["overrides"]] == [{"module", "ignore_missing_imports"}]
    assert "ignore_missing_imports" not in settings
    assert (ROOT / "skecg" / "py.typed").is_file()


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> dict[int, str]:
    """Return what mypy says of each line of the script, with a user's settings."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "mypy", "--config-file=", "--hide-error-context"]
    # As with an installed package, whose own files are not reported on.
    command += ["--follow-imports=silent", "--no-pretty", "script.py"]
    paths = {"MYPYPATH": str(ROOT), "PATH": "", "HOME": str(folder)}
    found = subprocess.run(command, cwd=folder, env=paths, capture_output=True, text=True)
    assert not found.stderr
    lines: dict[int, str] = {}
    for line in found.stdout.splitlines():
        if match := re.match(r"script\.py:(\d+): (.*)", line):
            lines[int(match[1])] = lines.get(int(match[1]), "") + match[2]
    return lines


@pytest.mark.slow
@pytest.mark.parametrize("line", SCRIPT.splitlines())
def test_a_users_script_is_checked_as_it_says(line, said):
    number = SCRIPT.splitlines().index(line) + 1
    code, _, expected = line.partition("  # ")
    heard = said.get(number, "")
    if expected.startswith("error: "):
        assert "error: " in heard
        assert expected.removeprefix("error: ") in heard
    elif code.startswith("reveal_type"):
        assert re.search(rf'note: Revealed type is ".*{re.escape(expected)}\b', heard + '"') or (
            heard == f'note: Revealed type is "{expected}"'
        )
        assert "error: " not in heard
    else:
        assert heard == ""
