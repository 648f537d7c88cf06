"""Parameters and fitted attributes as JSON, and back; no value is code.

None, booleans, strings, finite numbers, lists, and dictionaries with plain keys are written as they
are; any other value is a dictionary with one key that begins with ``$``:

=============  ====================================================================================
``$float``     ``"nan"``, ``"inf"`` or ``"-inf"``
``$tuple``     list of values
``$dict``      list of pairs, where the keys are not all plain strings
``$scalar``    ``[dtype, value]``, a number of numpy's
``$array``     name of an array in the file
``$rows``      ``[name, length]``, a matrix whose rows have gaps between them in memory
``$columns``   the same for the transpose of a matrix
``$strings``   ``{"dtype", "shape", "values"}``, an array of strings
``$object``    ``[class, {field: value}]``, one of the ``data_classes``
``$optimizer`` name of a class of ``torch.optim``
``$partial``   ``[function, {keyword: value}]``
=============  ====================================================================================
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
from torch import optim

from ._header import ModelFileError

_OPTIMIZERS = {
    cls.__name__: cls
    for cls in (
        optim.ASGD, optim.Adadelta, optim.Adagrad, optim.Adam, optim.AdamW, optim.Adamax,
        optim.NAdam, optim.RAdam, optim.RMSprop, optim.Rprop, optim.SGD,
    )
}  # fmt: skip
_SCALARS = {
    np.dtype(code).name: np.dtype(code).type
    for code in ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8")
}
# Of all arrays of strings of a file together.
_MAX_STRING_BYTES = 2**24
# Keys that are numbers can be chosen so that looking them up takes time as their square.
_MAX_PAIRS = 2**11
_MAX_LENGTH = 2**48
_MAX_KEYWORDS = 100
# A matrix of which only some columns are kept is stored with the others as zeros, up to so many.
_MAX_STRIDE = 2**12
_STRING_TYPE = re.compile(r"object|<U[0-9]{1,8}")


class ValueWriter:
    """Turn values into JSON, and keep arrays apart under names of their own.

    Parameters
    ----------
    max_pairs : int, default=2048
        Entries of all dictionaries whose keys are not all plain strings.

    Attributes
    ----------
    arrays : dict of {str: ndarray}
        The arrays, by name.
    data_classes : tuple of type
        The data classes that a file may hold; a subclass names them.
    """

    data_classes: ClassVar[tuple[type, ...]] = ()

    def __init__(self, max_pairs: int = _MAX_PAIRS) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._budget = _Budget(max_pairs)

    def write(self, value: Any, place: str) -> Any:
        """Return JSON for a value.

        Parameters
        ----------
        value : object
            One of the kinds that the module's description lists.
        place : str
            Where the value is, for the names of arrays and for errors.

        Returns
        -------
        None, bool, int, float, str, list or dict
            What ``json`` can write.

        Raises
        ------
        TypeError
            If a model file cannot hold the value.
        """
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"$float": repr(value)}
        if isinstance(value, np.str_):
            return {"$scalar": ["str", str(value)]}
        if isinstance(value, np.generic) and value.dtype.name in _SCALARS:
            return {"$scalar": [value.dtype.name, self.write(value.item(), place)]}
        if isinstance(value, np.ndarray):
            return self._write_array(value, place)
        if isinstance(value, list | tuple):
            items = [self.write(item, f"{place}/{i}") for i, item in enumerate(value)]
            return items if isinstance(value, list) else {"$tuple": items}
        if isinstance(value, dict):
            return self._write_dict(value, place)
        if type(value) in self.data_classes:
            self.check_object(value)
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            return {"$object": [type(value).__name__, self._write_dict(fields, place)]}
        if isinstance(value, os.PathLike):
            return str(os.fspath(value))
        return self.write_other(value, place)

    def write_other(self, value: Any, place: str) -> Any:
        """Return JSON for what is neither plain data nor a data class.

        Parameters
        ----------
        value : object
            The value.
        place : str
            Where it is, for names and errors.

        Returns
        -------
        list or dict
            What ``json`` can write.

        Raises
        ------
        TypeError
            If a model file cannot hold the value.
        """
        if isinstance(value, type) and value in _OPTIMIZERS.values():
            return {"$optimizer": value.__name__}
        if isinstance(value, partial) and not value.args and len(value.keywords) <= _MAX_KEYWORDS:
            function = self.write(value.func, place)
            return {"$partial": [function, self._write_dict(value.keywords, place)]}
        raise TypeError(
            f"{place} is {value!r}, which a model file cannot hold: it stores data and names, no "
            "code. Use a name, a number, an array, a schedule of skecg.training, an augmentation "
            "of skecg.augmentation, a class of torch.optim or a functools.partial of one"
        )

    def check_object(self, value: Any) -> None:
        """Raise a ValueError if a reader would refuse this instance of a data class.

        Parameters
        ----------
        value : object
            The instance.
        """

    def _write_dict(self, value: dict, place: str) -> Any:
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: self.write(item, f"{place}/{key}") for key, item in value.items()}
        self._budget.take_pairs(len(value))
        return {
            "$dict": [
                [self.write(key, place), self.write(item, f"{place}/{i}")]
                for i, (key, item) in enumerate(value.items())
            ]
        }

    def _write_array(self, value: np.ndarray, place: str) -> Any:
        if value.dtype.kind in "UO":
            items = value.ravel().tolist()
            if not all(type(item) is str for item in items):
                raise TypeError(f"{place} is an array of objects that are not all strings")
            self._budget.take_bytes(value.nbytes)
            dtype = "object" if value.dtype == object else value.dtype.newbyteorder("<").str
            return {"$strings": {"dtype": dtype, "shape": list(value.shape), "values": items}}
        if value.ndim == 2 and not value.flags.c_contiguous:
            # The last bits of a product of matrices depend on their layout in memory.
            in_columns = abs(value.strides[0]) < abs(value.strides[1])
            rows = value.T if in_columns else value
            self.arrays[place] = _with_gaps(rows)
            return {"$columns" if in_columns else "$rows": [place, rows.shape[1]]}
        self.arrays[place] = value
        return {"$array": place}


def _with_gaps(rows: np.ndarray) -> np.ndarray:
    """Return rows with as many zeros after each as there are other values in memory."""
    stride, step = rows.strides
    length, rest = divmod(stride, rows.itemsize)
    if step != rows.itemsize or rest or not rows.shape[1] <= length <= _MAX_STRIDE:
        return rows
    gaps = np.zeros((len(rows), length), rows.dtype)
    gaps[:, : rows.shape[1]] = rows
    return gaps


class ValueReader:
    """Turn JSON into values again; what is unknown raises a ``ModelFileError``.

    Parameters
    ----------
    arrays : dict of {str: ndarray}
        The file's arrays. Each is handed out once.
    max_pairs : int, default=2048
        As in :class:`ValueWriter`.

    Attributes
    ----------
    data_classes : tuple of type
        The data classes that a file may hold; a subclass names them.
    """

    data_classes: ClassVar[tuple[type, ...]] = ()

    def __init__(self, arrays: dict[str, np.ndarray], max_pairs: int = _MAX_PAIRS) -> None:
        self.arrays = dict(arrays)
        self._budget = _Budget(max_pairs)

    def read(self, node: Any) -> Any:
        """Return the value of a node of JSON.

        Parameters
        ----------
        node : None, bool, int, float, str, list or dict
            What ``json`` has read.

        Returns
        -------
        object
            The value.

        Raises
        ------
        ModelFileError
            If a tag is unknown or a value does not fit it. What is malformed in other ways may
            raise another error.
        """
        if isinstance(node, list):
            return [self.read(item) for item in node]
        if not isinstance(node, dict):
            return node
        tag = next((key for key in node if key.startswith("$")), None)
        if tag is None:
            return {key: self.read(item) for key, item in node.items()}
        if len(node) > 1:
            raise ModelFileError(f"a value has more than its tag {tag!r}")
        return self.read_tag(tag, node[tag])

    def read_tag(self, tag: str, content: Any) -> Any:
        """Return the value of a tag's content.

        Parameters
        ----------
        tag : str
            The tag, with its ``$``.
        content : object
            What ``json`` has read behind it.

        Returns
        -------
        object
            The value.

        Raises
        ------
        ModelFileError
            If the tag is unknown or the content does not fit it.
        """
        known: dict[str, Callable[[Any], Any]] = {
            "$float": self._read_float,
            "$tuple": lambda items: tuple(self.read(_checked(items, list))),
            "$dict": self._read_pairs,
            "$scalar": self._read_scalar,
            "$array": lambda name: self.take(name).copy(),
            "$rows": self._read_rows,
            "$columns": lambda content: self._read_rows(content).T,
            "$strings": self._read_strings,
            "$object": self.read_object,
            "$optimizer": lambda name: _OPTIMIZERS[name],
            "$partial": self._read_partial,
        }
        if tag not in known:
            raise ModelFileError(f"a value has the unknown tag {tag[:100]!r}")
        return known[tag](content)

    def take(self, name: str) -> np.ndarray:
        """Hand out an array, once: many references to one array could fill any memory.

        Parameters
        ----------
        name : str
            Name of the array.

        Returns
        -------
        ndarray
            The array, as the file has it.

        Raises
        ------
        ModelFileError
            If there is no such array, or it was handed out before.
        """
        if name not in self.arrays:
            raise ModelFileError(f"the array {str(name)[:100]!r} is missing or used twice")
        return self.arrays.pop(name)

    def _read_float(self, text: str) -> float:
        if text not in ("nan", "inf", "-inf"):
            raise ModelFileError(f"{str(text)[:100]!r} is no number")
        return float(text)

    def _read_rows(self, content: list) -> np.ndarray:
        name, length = content
        rows = self.take(name)
        if rows.ndim != 2 or type(length) is not int or not 0 <= length <= rows.shape[1]:
            raise ModelFileError("a matrix does not have its shape")
        return rows.copy()[:, :length]

    def _read_pairs(self, pairs: list) -> dict[Any, Any]:
        self._budget.take_pairs(len(_checked(pairs, list)))
        return {self.read(key): self.read(item) for key, item in pairs}

    def _read_scalar(self, content: list) -> np.generic:
        name, value = content
        if name == "str":
            return np.str_(_checked(value, str))
        value = self.read(value)
        if type(value) not in (bool, int, float):
            raise ModelFileError(f"a number is a {type(value).__name__}")
        with np.errstate(all="ignore"):
            scalar = _SCALARS[name](value)
        if type(value) is not type(scalar.item()) or repr(scalar.item()) != repr(value):
            raise ModelFileError(f"{value!r} is no {name}")
        return scalar

    def _read_strings(self, content: dict) -> np.ndarray:
        values, shape = _checked(content["values"], list), tuple(content["shape"])
        if len(content) != 3 or not all(type(item) is str for item in values):
            raise ModelFileError("an array of strings is broken")
        if not _STRING_TYPE.fullmatch(_checked(content["dtype"], str)):
            raise ModelFileError(f"an array of strings cannot be of {content['dtype'][:100]!r}")
        dtype = np.dtype(content["dtype"])
        self._budget.take_bytes(dtype.itemsize * len(values))
        lengths_are_sound = len(shape) <= 32 and all(
            type(n) is int and 0 <= n < _MAX_LENGTH for n in shape
        )
        if not lengths_are_sound or math.prod(shape) != len(values):
            raise ModelFileError("an array of strings does not have its shape")
        strings = np.empty(len(values), dtype)
        strings[:] = values
        if strings.tolist() != values:
            raise ModelFileError(f"strings do not fit {dtype}")
        return strings.reshape(shape)

    def read_object(self, content: list) -> Any:
        """Return an instance of a data class.

        Parameters
        ----------
        content : list of [class, {field: value}]
            Name and fields as ``json`` has read them.

        Returns
        -------
        object
            The instance.

        Raises
        ------
        ModelFileError
            If the class is unknown, or :meth:`check_object` refuses the instance.
        """
        name, fields = content
        known = {cls.__name__: cls for cls in self.data_classes}
        if name not in known:
            raise ModelFileError(f"a value is of the unknown class {str(name)[:100]!r}")
        value = known[name](**self.read(_checked(fields, dict)))
        self.check_object(value)
        return value

    def check_object(self, value: Any) -> None:
        """Raise a ModelFileError if the fields of a data class are not what they should be.

        Parameters
        ----------
        value : object
            The instance.
        """

    def _read_partial(self, content: list) -> partial:
        function, keywords = content
        function = self.read(function)
        if not callable(function) or len(_checked(keywords, dict)) > _MAX_KEYWORDS:
            raise ModelFileError(
                f"a partial function needs a function and at most {_MAX_KEYWORDS} arguments"
            )
        return partial(function, **self.read(keywords))


class _Budget:
    """What a file may still have of what takes its reader more than its text tells."""

    def __init__(self, max_pairs: int) -> None:
        self.max_pairs = self._pairs = max_pairs
        self._bytes = _MAX_STRING_BYTES

    def take_pairs(self, n: int) -> None:
        self._pairs -= n
        if self._pairs < 0:
            raise ModelFileError(
                f"there are more than {self.max_pairs:,} entries in dictionaries whose keys are "
                "not all plain strings"
            )

    def take_bytes(self, n: int) -> None:
        self._bytes -= n
        if self._bytes < 0:
            raise ModelFileError(
                f"arrays of strings take more than {_MAX_STRING_BYTES:,} bytes; those of "
                "dtype=object take least"
            )


def _checked(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ModelFileError(f"expected a {kind.__name__}; got a {type(value).__name__}")
    return value
