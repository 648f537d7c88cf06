"""The file of a model: a container of a JSON header and arrays, and values as JSON."""

from ._container import FORMAT_VERSION, ModelFileError, read_container, write_container
from ._source import MAX_BYTES, StoredClassifier, read_classifier, take_weights
from ._values import ValueReader, ValueWriter

__all__ = [
    "FORMAT_VERSION",
    "MAX_BYTES",
    "ModelFileError",
    "StoredClassifier",
    "ValueReader",
    "ValueWriter",
    "read_classifier",
    "read_container",
    "take_weights",
    "write_container",
]
