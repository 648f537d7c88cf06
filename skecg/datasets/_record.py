"""One recording: its leads, their names and their rate."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch

from ._lead_names import find_lead

MAX_RATE = 100_000  # Hz


@dataclass(frozen=True, eq=False, repr=False)
class Record:
    """An ECG recording, as :func:`~skecg.datasets.read_record` returns it.

    Parameters
    ----------
    signals : array-like of shape (n_leads, n_timesteps)
        The leads in mV, kept as float32. NaN where the recording has a gap.
    sampling_rate : float
        Samples per second (Hz).
    lead_names : sequence of n_leads str
        Names of the leads, as in the file.
    name : str, default=""
        Name of the recording.
    annotations : :class:`~sklearn.utils.Bunch` or None, default=None
        Arrays ``sample`` (position in the record), ``symbol`` (WFDB code) and ``aux_note`` (text)
        of what was annotated, in order; None where the file has none.
    source_units : sequence of n_leads str, default=()
        The unit of each lead in the file, from which its values were converted to mV.

    Raises
    ------
    ValueError
        If the signals have another shape or infinite values, or do not fit their names; or if the
        sampling rate is no number above 0 and up to 100,000.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.datasets import Record
    >>> record = Record(np.zeros((2, 720)), sampling_rate=360, lead_names=["MLII", "V5"])
    >>> record
    Record: 2 leads (MLII, V5), 360 Hz, 2 s
    >>> record.signal("II").shape
    (720,)
    """

    signals: np.ndarray
    sampling_rate: float
    lead_names: list[str]
    name: str = ""
    annotations: Bunch | None = None
    source_units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rate = self.sampling_rate
        is_number = isinstance(rate, Real) and not isinstance(rate, bool)
        if not is_number or not 0 < rate <= MAX_RATE:
            raise ValueError(f"sampling_rate must be a number of Hz up to {MAX_RATE}, got {rate!r}")
        names = self.lead_names
        if isinstance(names, str) or not all(isinstance(each, str) for each in names):
            raise ValueError(f"lead_names must be a list of names, got {names!r}")
        with np.errstate(over="ignore"):
            signals = np.asarray(self.signals, dtype=np.float32)
        if signals.ndim != 2 or 0 in signals.shape or len(signals) != len(names):
            raise ValueError(
                "signals must have the shape (n_leads, n_timesteps) with one row for each of the "
                f"{len(names)} lead_names, got {signals.shape}"
            )
        if any(np.isinf(signal).any() for signal in signals):
            raise ValueError("signals must be finite in float32, or NaN in a gap; got infinity")
        # The only way into a frozen instance.
        object.__setattr__(self, "signals", signals)
        object.__setattr__(self, "sampling_rate", float(rate))
        object.__setattr__(self, "lead_names", list(names))
        object.__setattr__(self, "source_units", tuple(self.source_units))

    def __repr__(self) -> str:
        units = sorted({unit for unit in self.source_units if unit != "mV"})
        shown = ", ".join(self.lead_names[:12]) + (", ..." if len(self.lead_names) > 12 else "")
        n_leads = f"{len(self.lead_names)} lead{'s' if len(self.lead_names) != 1 else ''}"
        return (
            f"Record{f' {self.name!r}' if self.name else ''}: {n_leads} ({shown}), "
            f"{self.sampling_rate:g} Hz, {self.duration:g} s"
            + (f", converted from {', '.join(units)} to mV" if units else "")
        )

    @property
    def duration(self) -> float:
        """Length of the recording in seconds."""
        return self.signals.shape[1] / self.sampling_rate

    def signal(self, name: str | int) -> np.ndarray:
        """Return one lead in mV, of shape (n_timesteps,).

        Parameters
        ----------
        name : str or int
            Name of the lead; other names of the same lead serve as well, such as ``"II"``,
            ``"MLII"``, ``"ECG II"`` and ``"Lead II"``. A number takes that channel.

        Returns
        -------
        ndarray of shape (n_timesteps,)
            The signal; a view of ``signals``.

        Raises
        ------
        ValueError
            If the record has no such lead, or several that the name could mean.
        """
        if isinstance(name, Integral) and not isinstance(name, bool):
            channel = int(name) if 0 <= name < len(self.lead_names) else None
        else:
            channel = find_lead(name, self.lead_names) if isinstance(name, str) else None
        if channel is None:
            raise ValueError(
                f"the record has no lead {name!r}; it has {', '.join(map(repr, self.lead_names))}"
            )
        return self.signals[channel]
