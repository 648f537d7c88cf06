from __future__ import annotations

import torch

from skecg.networks import AttentionLSTM


def test_published_steps_are_the_rows_of_the_stacked_channels():
    x = torch.randn(2, 13, 64, 64)
    steps = AttentionLSTM(n_hidden=2).steps(x)
    assert steps.shape == (2, 832, 64)
    torch.testing.assert_close(steps[:, 64 * 3 + 5], x[:, 3, 5])


def test_several_rows_make_a_step_and_zeros_fill_the_last():
    x = torch.randn(2, 2, 5, 3)
    steps = AttentionLSTM((2, 5, 3), rows_per_step=4, n_hidden=2).steps(x)
    assert steps.shape == (2, 3, 12)
    torch.testing.assert_close(steps[:, 1], torch.cat([x[:, 0, 4], *x[:, 1, :3].unbind(1)], 1))
    assert not steps[:, 2, 6:].any()


def test_attention_against_a_loop_by_hand():
    torch.manual_seed(0)
    network = AttentionLSTM((2, 4, 3), 3, n_hidden=5)
    x = torch.randn(2, 2, 4, 3)
    part = network.recurrent
    lstm = part.lstm
    logits, weights = [], []
    for sample in x:
        h, c, states = torch.zeros(5), torch.zeros(5), []
        for row in sample.reshape(8, 3):
            gates = lstm.weight_ih_l0 @ row + lstm.bias_ih_l0 + lstm.weight_hh_l0 @ h
            i, f, g, o = (gates + lstm.bias_hh_l0).chunk(4)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            states.append(h)
        scores = torch.stack([(part.key.weight @ state) @ h for state in states])
        weights.append(scores.exp() / scores.exp().sum())
        context = sum(weight * state for weight, state in zip(weights[-1], states))
        features = torch.tanh(part.combine.weight @ torch.cat([context, h]))
        logits.append(part.head.weight @ features + part.head.bias)
    torch.testing.assert_close(network(x), torch.stack(logits))
    found = part.attention(network.steps(x))
    torch.testing.assert_close(found, torch.stack(weights))
    torch.testing.assert_close(found.sum(1), torch.ones(2))
