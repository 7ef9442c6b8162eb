"""How far selections are from greedy: `dpp_certify.py FOLDER NAME...`.

Follows each order of picks in float64. At every pick the highest residual variance that was to be had is compared with
that of the pick: 0 for the exact greedy choice, some 1e-6 where float32 rounding decided between two nearly equal tokens.
Differences are fractions of the segment's largest relevance squared, as variances are.
"""
import os
import sys

import numpy


def shortfall(vectors, order):
    kernel = vectors @ vectors.T
    variance = kernel.diagonal().copy()
    scale, worst = variance.max(), 0.0
    factor = numpy.empty((len(order), len(vectors)))
    for step, best in enumerate(order):
        worst = max(worst, (variance.max() - variance[best]) / scale)
        row = (kernel[best] - factor[:step, best] @ factor[:step]) / numpy.sqrt(variance[best])
        factor[step] = row
        variance -= row * row
        variance[best] = -numpy.inf
    return worst


folder = sys.argv[1]
relevance = numpy.fromfile(os.path.join(folder, "relevance.f32"), numpy.float32).astype(numpy.float64)
features = numpy.fromfile(os.path.join(folder, "features.f32"), numpy.float32).astype(numpy.float64).reshape(len(relevance), -1)
vectors = features / numpy.linalg.norm(features, axis=1, keepdims=True) * relevance[:, None]
segments = numpy.loadtxt(os.path.join(folder, "segments.txt"), dtype=int, ndmin=2)
for name in sys.argv[2:]:
    picks = numpy.fromfile(os.path.join(folder, name + ".picks"), numpy.int64)
    worst, token, place = 0.0, 0, 0
    for count, keep in segments:
        worst = max(worst, shortfall(vectors[token:token + count], picks[place:place + keep] - token))
        token, place = token + count, place + keep
    print(f"{name}: worst pick {worst:.1e} below the best")
