"""ECG classification with the full scikit-learn contract and honest evaluation by subject."""

__version__ = "0.1.0"
