// Work on rows of float32 or bfloat16 (as bits), for the best instruction set of this processor.
#pragma once

#include <stdint.h>

namespace hv {

template <typename T>
struct RowKernels {
  // softmax(scale * row) in place for rows [first, last) of `keys` scores; a causal row r sees keys - queries + 1 + r % queries
  // of them and gives the others 0. buffer: `keys` floats.
  void (*softmax)(T* scores, float* buffer, int64_t first, int64_t last, int64_t keys, int64_t queries, bool causal,
                  float scale);
  // w * cast(x / sqrt(mean(x^2) + epsilon)).
  void (*rms_norm)(const T* x, const T* w, T* out, int64_t first, int64_t last, int64_t width, float epsilon);
  // Pairs (j, j + half) of every head turn by the token's angle j.
  void (*rotate)(const T* x, const float* cos, const float* sin, T* out, int64_t first, int64_t last, int64_t heads,
                 int64_t half);
  // silu(gate) * up for elements [first, last).
  void (*swiglu)(const T* gate, const T* up, T* out, int64_t first, int64_t last);
  // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
  void (*gelu_tanh)(const T* x, T* out, int64_t first, int64_t last);
  // out[r, o] = bias[o] + x[r, :] . w[o, :] for o in [first, last), x in float32; bias may be null.
  void (*dot)(const float* x, const T* w, const T* bias, T* out, int64_t rows, int64_t in, int64_t outs, int64_t first,
              int64_t last);
};

template <typename T>
const RowKernels<T>& kernels();

}  // namespace hv
