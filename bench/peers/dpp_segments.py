"""Segment DPP with a kernel per segment and one matrix-vector product per step: what one writes after profiling the other."""
import torch
import torch.nn.functional as F

import dpp_common


def greedy(vectors, keep):
    kernel = vectors @ vectors.T
    variance = kernel.diagonal().clone()
    factor = torch.empty(keep, len(vectors))
    picks = torch.empty(keep, dtype=torch.int64)
    for step in range(keep):
        best = int(variance.argmax())
        picks[step] = best
        row = (kernel[best] - factor[:step].T @ factor[:step, best]) / variance[best].sqrt()
        factor[step] = row
        variance -= row * row
        variance[best] = -float("inf")
    return picks


def select(features, relevance, segments):
    vectors = F.normalize(features, dim=-1) * relevance[:, None]
    picks, start = [], 0
    for count, keep in segments:
        picks.append(start + greedy(vectors[start:start + count], keep))
        start += count
    return picks


dpp_common.serve("segments", select)
