// Gradients of the row kernels, for training on a CPU. Sums run in float32.
#pragma once

#include <stdint.h>

namespace hv {

template <typename T>
struct GradientKernels {
  // Gradients of w * x * r, r = 1 / sqrt(mean(x^2) + epsilon): dx per row; dw [width] is added to.
  void (*rms_norm)(const T* x, const T* w, const T* dy, T* dx, float* dw, int64_t first, int64_t last, int64_t width,
                   float epsilon);
  // Gradients of silu(gate) * up.
  void (*swiglu)(const T* gate, const T* up, const T* dy, T* dgate, T* dup, int64_t first, int64_t last);
  void (*gelu_tanh)(const T* x, const T* dy, T* dx, int64_t first, int64_t last);
  // softmax(scale * row) in place: row r of `keys` scores, a query at index `at`, sees keys below `prefix` and those from
  // `start` to `at`; the others become 0. buffer: `keys` floats.
  void (*softmax)(T* row, float* buffer, int64_t keys, int64_t prefix, int64_t start, int64_t at, float scale);
  // ds = scale * p * (dp - sum(p * dp)), in dp's place.
  void (*softmax_gradient)(const T* p, T* dp, int64_t keys, float scale);
};

template <typename T>
const GradientKernels<T>& gradient_kernels();

}  // namespace hv
