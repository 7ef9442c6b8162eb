// Loops that the compiler turns into vector code: conversions, an exponential and sums with an explicit order.
#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>
#include <cstring>

// One function, compiled for several instruction sets; the loader picks. Bodies are HV_INLINE templates, so that one text
// serves float32 and bfloat16.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define HV_CLONES __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define HV_CLONES
#endif
#define HV_INLINE inline __attribute__((always_inline))

namespace hv {

using bfloat16 = uint16_t;  // its bits

HV_INLINE float load(float value) { return value; }
HV_INLINE float load(bfloat16 bits) {
  uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

HV_INLINE void store(float& to, float value) { to = value; }
// Round to nearest even. A NaN must stay one: the carry could turn its mantissa into infinity's.
HV_INLINE void store(bfloat16& to, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  to = static_cast<bfloat16>(value != value ? 0x7fc0 : rounded);
}

// e^x to 2 units in the last place for x in [-87, 88], clamped there: 2^n times a polynomial on [-ln2/2, ln2/2].
HV_INLINE float exponential(float x) {
  x = x > -87.0f ? x : -87.0f;
  x = x < 88.0f ? x : 88.0f;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  float n = (x * 1.44269504f + kRound) - kRound;
  float r = x - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof(power));
  return p * power;
}

// Sums in this many lanes are vectorised without -ffast-math, and are the same on every instruction set but for fused
// multiply-adds.
constexpr int kLanes = 64;

HV_INLINE float total(float* lanes) {
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  return lanes[0];
}

}  // namespace hv
