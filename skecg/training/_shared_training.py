"""A training that the processes of :func:`skecg.parallel.data_parallel` do together."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import torch

from ..parallel import OwnPart, current_share, facts_of, shared_batch_norms
from ..samples import Batches
from ._checkpoint import n_epochs_done
from ._generators import isolated_generators


def shared(train: Callable[..., Any]) -> Callable[..., Any]:
    """Let a net's ``train`` do this process's share where :func:`data_parallel` is in force."""

    @wraps(train)
    def train_share(
        net: Any,
        batches: Batches,
        valid: Batches | None = None,
        *,
        n_epochs: int,
        generator: torch.Generator,
        **options: Any,
    ) -> Any:
        share = current_share()
        options |= {"n_epochs": n_epochs, "generator": generator}
        if share is None:
            return train(net, batches, valid, **options)

        device, module = torch.device(net.device), net.module_
        share.require_device(device)
        facts = {"number of epochs": n_epochs, "batch_size": net.batch_size}
        facts["epochs done in checkpoint_dir"] = n_epochs_done(options.get("checkpoints"))
        share.require_agreement(facts | facts_of(module, batches, valid))
        share.copy_from_main(module)
        # A callback that collects what the net says of the held-out samples must see them all.
        divides = valid is not None and not net._listens_to_batches()
        seed = np.random.SeedSequence((generator.initial_seed(), share.rank)).generate_state(1)
        with isolated_generators(int(seed[0]), device), shared_batch_norms(module, share):
            own_valid = OwnPart(valid, share) if divides and valid is not None else valid
            train(net, OwnPart(batches, share), own_valid, **options)
        # The processes still agree, unless the network has buffers that each computed by itself.
        share.copy_from_main(module)
        return net

    return train_share
