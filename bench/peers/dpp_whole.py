"""Segment DPP the way the method's authors do it: one kernel over all tokens, a slice of it per segment, and an einsum over
the earlier picks at every step. Written from that description; no guard."""
import torch
import torch.nn.functional as F

import dpp_common


def greedy(kernel, keep):
    """[1, n, n]: a batch of one, as the einsum has it."""
    batch = torch.arange(1)
    variance = torch.diagonal(kernel, dim1=1, dim2=2).clone()
    factor = torch.zeros(keep, 1, kernel.shape[1])
    picks = torch.empty(keep, dtype=torch.int64)
    for step in range(keep):
        best = variance.argmax(-1)
        picks[step] = best[0]
        explained = torch.einsum("tb,tbn->bn", factor[:step, batch, best], factor[:step])
        row = (kernel[batch, best] - explained) / variance[batch, best].sqrt().unsqueeze(-1)
        factor[step] = row
        variance -= row.square()
        variance[batch, best] = -float("inf")
    return picks


def select(features, relevance, segments):
    unit = F.normalize(features, dim=-1)
    kernel = relevance[:, None] * (unit @ unit.T) * relevance[None, :]
    picks, start = [], 0
    for count, keep in segments:
        rows = torch.arange(start, start + count)
        picks.append(rows[greedy(kernel[rows][:, rows][None], keep)])
        start += count
    return picks


dpp_common.serve("whole", select)
