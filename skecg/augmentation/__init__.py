"""What a batch goes through on the device in training: the ``augment`` of a classifier.

An augmentation is a callable of a batch: a tensor of shape (n_samples, ...), the shape of the
network's input, of floating-point numbers on the network's device, gives one of the same shape. So
a function of one's own is an augmentation, too; it should draw its random numbers by PyTorch's
functions without a generator (``torch.rand(len(X), device=X.device)``), since ``fit`` seeds those.
Only training batches are augmented, never validation or prediction.

Those of this module are objects with parameters, as scikit-learn's estimators are: ``clone`` copies
them and a search sets them, as ``augment__limit`` of ``augment=Shift()``, or, in a list, by the
name of the class in lower case: ``augment__shift__limit`` of ``augment=[Shift(), Noise()]``. Every
sample draws anew, and none of them turns an ECG upside down or back to front.
"""

from ._base import Augmentation as Augmentation
from ._disturbances import BaselineWander, Noise, PowerLine
from ._mixup import Mixup
from ._parameters import Augment as Augment
from ._parameters import augmentation_steps as augmentation_steps
from ._parameters import set_step_params as set_step_params
from ._parameters import step_name as step_name
from ._parameters import step_params as step_params
from ._pictures import Blur, Contrast, Erase, Rotate
from ._shift import Shift
from ._signals import Gain, LeadDropout, TimeMask, TimeStretch

__all__ = [
    "BaselineWander",
    "Blur",
    "Contrast",
    "Erase",
    "Gain",
    "LeadDropout",
    "Mixup",
    "Noise",
    "PowerLine",
    "Rotate",
    "Shift",
    "TimeMask",
    "TimeStretch",
]
