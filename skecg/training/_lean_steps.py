"""Steps of Adam and AdamW on the CPU without what PyTorch does around them.

``Optimizer.step`` opens a record for the profiler, looks for hooks, asks for every weight's state
and sorts the weights by device before it calls the one kernel that updates them all. On a network
of one hidden layer this takes longer than the network.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import Adam, AdamW, Optimizer
from torch.optim import optimizer as _hooks


def lean_steps(optimizer: Optimizer) -> Optimizer | LeanSteps:
    """Return what makes the steps of ``optimizer`` fastest: itself, or :class:`LeanSteps`."""
    return LeanSteps(optimizer) if _is_plain(optimizer) else optimizer


class LeanSteps:
    """The two methods of an optimiser that a training loop calls, with the same bits.

    The optimiser keeps its state, and may be used itself before and afterwards; while this is
    used, its state and its weights are not exchanged for others.

    Parameters
    ----------
    optimizer : torch.optim.Adam or torch.optim.AdamW
        With ``fused=True``, and all weights on the CPU.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self._weights = [w for group in optimizer.param_groups for w in group["params"]]
        self._trained = [w for w in self._weights if w.requires_grad]
        self._updates = self._gather()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for weight in self._weights:
            weight.grad = None

    def step(self) -> None:
        """Update the weights."""
        if self._updates is None or any(weight.grad is None for weight in self._trained):
            # The optimiser makes the state of a weight at its first gradient.
            self.optimizer.step()
            self._updates = self._updates or self._gather()
            return
        for update in self._updates:
            update.run()

    def _gather(self) -> list[_Update] | None:
        state, trained = self.optimizer.state, set(self._trained)
        if not all(state.get(weight) for weight in trained):
            return None
        groups = self.optimizer.param_groups
        chosen = [[w for w in group["params"] if w in trained] for group in groups]
        kernels = [_kernel(self.optimizer, group) for group in groups]
        return [_Update.of(*parts, state) for parts in zip(kernels, groups, chosen) if parts[2]]


class _Update(NamedTuple):
    """One call of the kernel. Its settings are read at every step, as a schedule changes them."""

    kernel: Any
    group: dict[str, Any]
    weights: list[Tensor]
    detached: list[Tensor]  # the same memory, which may be written to in any mode
    means: list[Tensor]
    squares: list[Tensor]
    counts: Tensor
    steps: tuple[Tensor, ...]

    @classmethod
    def of(
        cls, kernel: Any, group: dict[str, Any], weights: list[Tensor], state: dict[Tensor, dict]
    ) -> _Update:
        # The counts of steps become views of one tensor, since it takes one call to raise them.
        counts = torch.stack([state[weight]["step"] for weight in weights])
        for weight, count in zip(weights, counts.unbind()):
            state[weight]["step"] = count
        detached = [weight.detach() for weight in weights]
        means, squares = ([state[w][key] for w in weights] for key in ("exp_avg", "exp_avg_sq"))
        return cls(kernel, group, weights, detached, means, squares, counts, counts.unbind())

    def run(self) -> None:
        group = self.group
        beta1, beta2 = group["betas"]
        self.counts.add_(1)
        self.kernel(
            self.detached,
            [weight.grad for weight in self.weights],
            self.means,
            self.squares,
            [],
            self.steps,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=group["maximize"],
        )


def _kernel(optimizer: Optimizer, group: dict[str, Any]) -> Any:
    is_decoupled = isinstance(optimizer, AdamW) or group.get("decoupled_weight_decay", False)
    return torch._fused_adamw_ if is_decoupled else torch._fused_adam_


def _is_plain(optimizer: Optimizer) -> bool:
    """Tell whether a step of the optimiser is one call of a kernel for each group, and no more."""
    has_hooks = (
        optimizer._optimizer_step_pre_hooks
        or optimizer._optimizer_step_post_hooks
        or _hooks._global_optimizer_pre_hooks
        or _hooks._global_optimizer_post_hooks
        # PyTorch's schedules, for one, put their own step in the place of the optimiser's.
        or {"step", "zero_grad", "grad_scale", "found_inf"} & vars(optimizer).keys()
    )
    return (
        type(optimizer) in (Adam, AdamW)
        and not has_hooks
        and all(_is_plain_group(group) for group in optimizer.param_groups)
    )


def _is_plain_group(group: dict[str, Any]) -> bool:
    settings = (group["lr"], *group["betas"])
    kinds = {(weight.device.type, weight.dtype) for weight in group["params"]}
    return (
        bool(group["fused"])
        and not (group["amsgrad"] or group["capturable"] or group["differentiable"])
        and not any(isinstance(setting, Tensor) for setting in settings)
        and len(kinds) == 1
        and next(iter(kinds))[0] == "cpu"
    )
