// Compiled once per instruction set, HV_ISA being its name. Only C headers: an inline function of a C++ header, compiled here
// with wide instructions, could be the one that the linker keeps for everybody.
#include "rows.h"
#include "row_parts.h"

#include <math.h>

namespace {

// Calls whole(i) for every full vector of [first, last) and part(i, count) for the rest.
template <typename Whole, typename Part>
HV_INLINE void in_vectors(int64_t first, int64_t last, const Whole& whole, const Part& part) {
  int64_t i = first;
  for (; i + HV_WIDTH <= last; i += HV_WIDTH) whole(i);
  if (i < last) part(i, last - i);
}

template <typename T>
void softmax(T* scores, float* buffer, int64_t first, int64_t last, int64_t keys, int64_t queries, bool causal, float scale) {
  for (int64_t r = first; r < last; ++r) {
    T* row = scores + r * keys;
    int64_t seen = causal ? keys - queries + 1 + r % queries : keys;
    softmax_row(row, buffer, seen, scale);
    memset(row + seen, 0, static_cast<size_t>(keys - seen) * sizeof(T));
  }
}

template <typename T>
void rms_norm(const T* x, const T* w, T* out, int64_t first, int64_t last, int64_t width, float epsilon) {
  for (int64_t r = first; r < last; ++r) {
    const T* in = x + r * width;
    T* to = out + r * width;
    Floats sums = {};
    in_vectors(0, width, [&](int64_t i) { Floats v = load(in + i); sums += v * v; },
               [&](int64_t i, int64_t n) { Floats v = load_part(in + i, n); sums += v * v; });
    float scale = 1.0f / sqrtf(sum_of(sums) / static_cast<float>(width) + epsilon);
    T normed[HV_WIDTH];  // rounded before the product, as the reference does
    in_vectors(0, width,
               [&](int64_t i) { store(normed, load(in + i) * scale); store(to + i, load(normed) * load(w + i)); },
               [&](int64_t i, int64_t n) {
                 store(normed, load_part(in + i, n) * scale);
                 store_part(to + i, load(normed) * load_part(w + i, n), n);
               });
  }
}

template <typename T>
void rotate(const T* x, const float* cos, const float* sin, T* out, int64_t first, int64_t last, int64_t heads, int64_t half) {
  for (int64_t t = first; t < last; ++t)
    for (int64_t h = 0; h < heads; ++h) {
      const T* a = x + (t * heads + h) * 2 * half;
      T* to = out + (t * heads + h) * 2 * half;
      const float *c = cos + t * half, *s = sin + t * half;
      in_vectors(0, half,
                 [&](int64_t j) {
                   Floats u = load(a + j), v = load(a + half + j), cj = load(c + j), sj = load(s + j);
                   store(to + j, u * cj - v * sj);
                   store(to + half + j, v * cj + u * sj);
                 },
                 [&](int64_t j, int64_t n) {
                   Floats u = load_part(a + j, n), v = load_part(a + half + j, n);
                   Floats cj = load_part(c + j, n), sj = load_part(s + j, n);
                   store_part(to + j, u * cj - v * sj, n);
                   store_part(to + half + j, v * cj + u * sj, n);
                 });
    }
}

template <typename T>
void swiglu(const T* gate, const T* up, T* out, int64_t first, int64_t last) {
  auto unit = [](Floats g, Floats u) { return g / (1.0f + exponential(-g)) * u; };
  in_vectors(first, last, [&](int64_t i) { store(out + i, unit(load(gate + i), load(up + i))); },
             [&](int64_t i, int64_t n) { store_part(out + i, unit(load_part(gate + i, n), load_part(up + i, n)), n); });
}

// 0.5 x (1 + tanh(u)) = x / (1 + e^(-2u)).
template <typename T>
void gelu_tanh(const T* x, T* out, int64_t first, int64_t last) {
  auto gelu = [](Floats v) { return v / (1.0f + exponential(-1.5957691216f * (v + 0.044715f * v * v * v))); };
  in_vectors(first, last, [&](int64_t i) { store(out + i, gelu(load(x + i))); },
             [&](int64_t i, int64_t n) { store_part(out + i, gelu(load_part(x + i, n)), n); });
}

template <typename T>
void dot(const float* x, const T* w, const T* bias, T* out, int64_t rows, int64_t in, int64_t outs, int64_t first, int64_t last) {
  constexpr int kSums = 4;  // independent sums hide the latency of a multiply-add
  for (int64_t o = first; o < last; ++o)
    for (int64_t r = 0; r < rows; ++r) {
      const float* v = x + r * in;
      const T* row = w + o * in;
      Floats sums[kSums] = {};
      int64_t i = 0;
      for (; i + kSums * HV_WIDTH <= in; i += kSums * HV_WIDTH)
        for (int k = 0; k < kSums; ++k) sums[k] += load(v + i + k * HV_WIDTH) * load(row + i + k * HV_WIDTH);
      in_vectors(i, in, [&](int64_t j) { sums[0] += load(v + j) * load(row + j); },
                 [&](int64_t j, int64_t n) { sums[1] += load_part(v + j, n) * load_part(row + j, n); });
      float sum = sum_of((sums[0] + sums[1]) + (sums[2] + sums[3]));
      if (bias) sum += load_part(bias + o, 1)[0];
      store_part(out + r * outs + o, all(sum), 1);
    }
}

}  // namespace

namespace hv {

extern const RowKernels<float> HV_NAME(float_kernels_, HV_ISA);
extern const RowKernels<bfloat16> HV_NAME(bfloat16_kernels_, HV_ISA);
const RowKernels<float> HV_NAME(float_kernels_, HV_ISA) = {softmax, rms_norm, rotate, swiglu, gelu_tanh, dot};
const RowKernels<bfloat16> HV_NAME(bfloat16_kernels_, HV_ISA) = {softmax, rms_norm, rotate, swiglu, gelu_tanh, dot};

}  // namespace hv
