// Vectors of floats in the width of the instruction set that the including file is compiled for. Written out rather than
// left to the compiler: its own vectors take twice the time for these loops (bfloat16, AVX-512).
#pragma once

#include <stdint.h>
#include <string.h>

#define HV_INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
#define HV_WIDTH 16
#elif defined(__AVX2__)
#define HV_WIDTH 8
#else
#define HV_WIDTH 4
#endif

typedef uint16_t bfloat16;  // its bits

// Internal linkage throughout: the same names exist once per instruction set.
namespace {

typedef float Floats __attribute__((vector_size(4 * HV_WIDTH)));
typedef int32_t Ints __attribute__((vector_size(4 * HV_WIDTH)));
typedef uint32_t Bits __attribute__((vector_size(4 * HV_WIDTH)));
typedef uint16_t Halves __attribute__((vector_size(2 * HV_WIDTH)));

HV_INLINE Floats all(float value) { return value - Floats{}; }

HV_INLINE Floats load(const float* from) {
  Floats v;
  memcpy(&v, from, sizeof(v));
  return v;
}
HV_INLINE Floats load(const bfloat16* from) {
  Halves h;
  memcpy(&h, from, sizeof(h));
  return (Floats)(__builtin_convertvector(h, Bits) << 16);
}

HV_INLINE void store(float* to, Floats v) { memcpy(to, &v, sizeof(v)); }
// Round to nearest even. A NaN must stay one: the carry could turn its mantissa into infinity's.
HV_INLINE void store(bfloat16* to, Floats v) {
  Bits bits = (Bits)v;
  Bits rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  Halves h = __builtin_convertvector(v != v ? Bits{} + 0x7fc0 : rounded, Halves);
  memcpy(to, &h, sizeof(h));
}

// Fewer elements than a vector at a row's end: the rest reads as 0 and is not written.
template <typename T>
HV_INLINE Floats load_part(const T* from, int64_t count) {
  T padded[HV_WIDTH] = {};
  memcpy(padded, from, static_cast<size_t>(count) * sizeof(T));
  return load(padded);
}
template <typename T>
HV_INLINE void store_part(T* to, Floats v, int64_t count) {
  T padded[HV_WIDTH];
  store(padded, v);
  memcpy(to, padded, static_cast<size_t>(count) * sizeof(T));
}

HV_INLINE Floats larger(Floats a, Floats b) { return a > b ? a : b; }

HV_INLINE float sum_of(Floats v) {
  float sum = 0;
  for (int i = 0; i < HV_WIDTH; ++i) sum += v[i];
  return sum;
}

// e^x within 2 units in the last place on [-87, 88], clamped there: 2^n times a polynomial on [-ln2/2, ln2/2].
HV_INLINE Floats exponential(Floats x) {
  x = x > -87.0f ? x : all(-87.0f);
  x = x < 88.0f ? x : all(88.0f);
  const float round = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  Floats n = (x * 1.44269504f + round) - round;
  Floats r = x - n * 0.693359375f + n * 2.12194440e-4f;
  Floats p = all(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return p * (Floats)((__builtin_convertvector(n, Ints) + 127) << 23);
}

}  // namespace
