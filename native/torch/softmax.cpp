// The softmax of attention scores: scaled, causal, in place. libtorch needs a product, an addition of a mask and a softmax
// for it, and its exponential takes 0.45 ns per score on 2 cores, half as much again as both of attention's products.
#include "simd.h"
#include "shim.h"

#include <ATen/Parallel.h>

#include <vector>

using namespace hv;

namespace {

template <typename T>
HV_INLINE void softmax_row(T* row, float* exponentials, int64_t seen, int64_t keys, float scale) {
  float lanes[kLanes];
  for (int l = 0; l < kLanes; ++l) lanes[l] = load(row[0]);
  int64_t i = 0;
  for (; i + kLanes <= seen; i += kLanes)
    for (int l = 0; l < kLanes; ++l) {
      float value = load(row[i + l]);
      lanes[l] = lanes[l] < value ? value : lanes[l];
    }
  float largest = lanes[0];
  for (int l = 1; l < kLanes; ++l) largest = largest < lanes[l] ? lanes[l] : largest;
  for (; i < seen; ++i) largest = largest < load(row[i]) ? load(row[i]) : largest;

  for (int l = 0; l < kLanes; ++l) lanes[l] = 0;
  for (i = 0; i + kLanes <= seen; i += kLanes)
    for (int l = 0; l < kLanes; ++l) {
      float value = exponential((load(row[i + l]) - largest) * scale);
      exponentials[i + l] = value;
      lanes[l] += value;
    }
  float sum = 0;
  for (; i < seen; ++i) {
    exponentials[i] = exponential((load(row[i]) - largest) * scale);
    sum += exponentials[i];
  }
  float share = 1.0f / (sum + total(lanes));
  for (i = 0; i < seen; ++i) store(row[i], exponentials[i] * share);
  for (; i < keys; ++i) store(row[i], 0.0f);
}

// Rows [first, last); row r is query r % queries, which sees the first keys - queries + 1 + (r % queries) keys.
template <typename T>
HV_INLINE void softmax_rows(T* scores, float* buffer, int64_t first, int64_t last, int64_t keys, int64_t queries,
                            bool causal, float scale) {
  for (int64_t r = first; r < last; ++r)
    softmax_row(scores + r * keys, buffer, causal ? keys - queries + 1 + r % queries : keys, keys, scale);
}

HV_CLONES void softmax(float* scores, float* buffer, int64_t first, int64_t last, int64_t keys, int64_t queries, bool causal,
                       float scale) {
  softmax_rows(scores, buffer, first, last, keys, queries, causal, scale);
}

HV_CLONES void softmax(bfloat16* scores, float* buffer, int64_t first, int64_t last, int64_t keys, int64_t queries,
                       bool causal, float scale) {
  softmax_rows(scores, buffer, first, last, keys, queries, causal, scale);
}

}  // namespace

// scores [..., queries, keys], contiguous, on the CPU, float32 or bfloat16; scale > 0.
HV_API int hv_softmax_scores_(Handle scores, double scale, int64_t queries, int causal) {
  return guard_status([&] {
    auto& t = *scores;
    int64_t keys = t.size(-1), rows = t.numel() / std::max<int64_t>(keys, 1);
    TORCH_CHECK(t.device().is_cpu() && t.is_contiguous() && scale > 0, "needs contiguous scores on the CPU");
    TORCH_CHECK(queries > 0 && rows % queries == 0 && (!causal || keys >= queries), "needs no more queries than keys");
    bool wide = t.scalar_type() == at::kFloat;
    TORCH_CHECK(wide || t.scalar_type() == at::kBFloat16, "needs float32 or bfloat16");
    at::parallel_for(0, rows, 1 + (1 << 15) / (keys + 1), [&](int64_t first, int64_t last) {
      std::vector<float> buffer(static_cast<size_t>(keys));
      auto factor = static_cast<float>(scale);
      if (wide)
        softmax(static_cast<float*>(t.data_ptr()), buffer.data(), first, last, keys, queries, causal != 0, factor);
      else
        softmax(static_cast<bfloat16*>(t.data_ptr()), buffer.data(), first, last, keys, queries, causal != 0, factor);
    });
  });
}
