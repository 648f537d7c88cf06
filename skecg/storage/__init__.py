"""The model file: a JSON header and arrays in one container, and values as JSON."""

from ._container import FORMAT_VERSION, read_container, write_container
from ._header import ModelFileError
from ._replacement import remove_unfinished
from ._replacement import replacement as replacement
from ._source import MAX_BYTES, StoredClassifier, not_finite, read_classifier, take_weights
from ._values import ValueReader, ValueWriter

__all__ = [
    "FORMAT_VERSION",
    "MAX_BYTES",
    "ModelFileError",
    "StoredClassifier",
    "ValueReader",
    "ValueWriter",
    "not_finite",
    "read_classifier",
    "read_container",
    "remove_unfinished",
    "take_weights",
    "write_container",
]
