// Compiled once per instruction set, like rows.cpp and under the same rules.
#include "gradient_rows.h"
#include "row_parts.h"

#include <math.h>

namespace {

template <typename T>
HV_INLINE Floats get(const T* from, int64_t count) {
  return count == HV_WIDTH ? load(from) : load_part(from, count);
}
template <typename T>
HV_INLINE void put(T* to, Floats v, int64_t count) {
  if (count == HV_WIDTH)
    store(to, v);
  else
    store_part(to, v, count);
}

// Calls body(i, count) for the vectors of [first, last), the last one perhaps shorter.
template <typename Body>
HV_INLINE void in_vectors(int64_t first, int64_t last, const Body& body) {
  int64_t i = first;
  for (; i + HV_WIDTH <= last; i += HV_WIDTH) body(i, HV_WIDTH);
  if (i < last) body(i, last - i);
}

template <typename T>
void rms_norm(const T* x, const T* w, const T* dy, T* dx, float* dw, int64_t first, int64_t last, int64_t width, float epsilon) {
  for (int64_t r = first; r < last; ++r) {
    const T *in = x + r * width, *out = dy + r * width;
    T* to = dx + r * width;
    Floats squares = {}, products = {};
    in_vectors(0, width, [&](int64_t i, int64_t n) {
      Floats v = get(in + i, n);
      squares += v * v;
      products += v * get(out + i, n) * get(w + i, n);
    });
    float scale = 1.0f / sqrtf(sum_of(squares) / static_cast<float>(width) + epsilon);
    float along = sum_of(products) * scale * scale / static_cast<float>(width);
    in_vectors(0, width, [&](int64_t i, int64_t n) {
      Floats v = get(in + i, n), d = get(out + i, n);
      put(to + i, (d * get(w + i, n) - v * along) * scale, n);
      put(dw + i, get(dw + i, n) + d * v * scale, n);
    });
  }
}

template <typename T>
void swiglu(const T* gate, const T* up, const T* dy, T* dgate, T* dup, int64_t first, int64_t last) {
  in_vectors(first, last, [&](int64_t i, int64_t n) {
    Floats g = get(gate + i, n), u = get(up + i, n), d = get(dy + i, n);
    Floats s = 1.0f / (1.0f + exponential(-g));
    put(dup + i, d * g * s, n);
    put(dgate + i, d * u * s * (1.0f + g * (1.0f - s)), n);
  });
}

template <typename T>
void gelu_tanh(const T* x, const T* dy, T* dx, int64_t first, int64_t last) {
  const float c = 1.5957691216f;
  in_vectors(first, last, [&](int64_t i, int64_t n) {
    Floats v = get(x + i, n);
    Floats s = 1.0f / (1.0f + exponential(-c * (v + 0.044715f * v * v * v)));
    put(dx + i, get(dy + i, n) * s * (1.0f + v * (1.0f - s) * c * (1.0f + 0.134145f * v * v)), n);
  });
}

template <typename T>
void softmax(T* row, float* buffer, int64_t keys, int64_t prefix, int64_t start, int64_t at, float scale) {
  int64_t seen = at + 1;
  if (prefix < start) {
    T hidden[HV_WIDTH];
    store(hidden, all(kLowest));
    for (int64_t i = prefix; i < start; ++i) row[i] = hidden[0];
  }
  softmax_row(row, buffer, seen, scale);
  memset(row + seen, 0, static_cast<size_t>(keys - seen) * sizeof(T));
  if (prefix < start) memset(row + prefix, 0, static_cast<size_t>(start - prefix) * sizeof(T));
}

template <typename T>
void softmax_gradient(const T* p, T* dp, int64_t keys, float scale) {
  Floats sums = {};
  int64_t whole = keys / HV_WIDTH * HV_WIDTH, rest = keys - whole;
  for (int64_t i = 0; i < whole; i += HV_WIDTH) sums += load(p + i) * load(dp + i);
  sums += load_part(p + whole, rest) * load_part(dp + whole, rest);
  float mean = sum_of(sums);
  for (int64_t i = 0; i < whole; i += HV_WIDTH) store(dp + i, load(p + i) * (load(dp + i) - mean) * scale);
  store_part(dp + whole, load_part(p + whole, rest) * (load_part(dp + whole, rest) - mean) * scale, rest);
}

}  // namespace

namespace hv {

extern const GradientKernels<float> HV_NAME(float_gradients_, HV_ISA);
extern const GradientKernels<bfloat16> HV_NAME(bfloat16_gradients_, HV_ISA);
const GradientKernels<float> HV_NAME(float_gradients_, HV_ISA) = {rms_norm, swiglu, gelu_tanh, softmax, softmax_gradient};
const GradientKernels<bfloat16> HV_NAME(bfloat16_gradients_, HV_ISA) = {rms_norm, swiglu, gelu_tanh, softmax, softmax_gradient};

}  // namespace hv
