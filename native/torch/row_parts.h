// What several files compiled per instruction set share beside vectors.
#pragma once

#include "simd.h"

namespace {

constexpr float kLowest = -3.4028234e38f;

// softmax(scale * row) in place over the first `seen` scores; buffer: as many floats.
template <typename T>
HV_INLINE void softmax_row(T* row, float* buffer, int64_t seen, float scale) {
  int64_t whole = seen / HV_WIDTH * HV_WIDTH;
  Floats best = all(kLowest);
  for (int64_t i = 0; i < whole; i += HV_WIDTH) best = larger(best, load(row + i));
  float largest = kLowest;
  for (int l = 0; l < HV_WIDTH; ++l) largest = largest > best[l] ? largest : best[l];
  Floats rest = load_part(row + whole, seen - whole);
  for (int64_t l = 0; l < seen - whole; ++l) largest = largest > rest[l] ? largest : rest[l];

  Floats sums = {};
  for (int64_t i = 0; i < whole; i += HV_WIDTH) {
    Floats e = exponential((load(row + i) - largest) * scale);
    store(buffer + i, e);
    sums += e;
  }
  rest = exponential((rest - largest) * scale);
  float sum = sum_of(sums);
  for (int64_t l = 0; l < seen - whole; ++l) sum += rest[l];
  float share = 1.0f / sum;
  for (int64_t i = 0; i < whole; i += HV_WIDTH) store(row + i, load(buffer + i) * share);
  store_part(row + whole, rest * share, seen - whole);
}

}  // namespace

// A name with the instruction set at its end.
#define HV_JOIN(a, b) a##b
#define HV_NAME(prefix, isa) HV_JOIN(prefix, isa)
