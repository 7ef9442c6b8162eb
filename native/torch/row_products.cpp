// Dot products of bfloat16 rows, summed in float32: a processor with AVX512-BF16 makes two of them where float32 makes one, and
// nothing has to be widened first. libtorch's own product would round its sums to bfloat16.
// Every product is summed in one fixed order, whatever its place among the others and the number of threads.
#include "shim.h"

#include <ATen/Parallel.h>

#include <algorithm>

#if defined(HV_X86)
#include <immintrin.h>
#endif

using namespace hv;

namespace {

constexpr int64_t kVector = 32;  // bfloat16s of a register

#if defined(HV_X86)
#define HV_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

constexpr int kLeft = 6, kRight = 4;  // a tile: 24 sums and 5 operands fill the 32 registers
constexpr int64_t kBlock = 24;  // left rows of 3,584 that stay in a core's L2 cache while the right ones pass by

HV_BF16 void tile(const uint16_t* const* a, const uint16_t* const* b, int64_t width, float (*to)[kRight]) {
  __m512 sums[kLeft][kRight];
  for (auto& row : sums)
    for (auto& sum : row) sum = _mm512_setzero_ps();
  for (int64_t k = 0; k < width; k += kVector) {
    __m512bh right[kRight];
    for (int c = 0; c < kRight; c++) right[c] = (__m512bh)_mm512_loadu_si512(b[c] + k);
    for (int r = 0; r < kLeft; r++) {
      auto left = (__m512bh)_mm512_loadu_si512(a[r] + k);
      for (int c = 0; c < kRight; c++) sums[r][c] = _mm512_dpbf16_ps(sums[r][c], left, right[c]);
    }
  }
  for (int r = 0; r < kLeft; r++)
    for (int c = 0; c < kRight; c++) to[r][c] = _mm512_reduce_add_ps(sums[r][c]);
}

// Some rows of a matrix.
struct Chosen {
  const uint16_t* values;
  const int64_t* rows;  // null: all
  int64_t count, width;

  Chosen(const at::Tensor& matrix, const at::Tensor& index)
      : values(data<uint16_t>(matrix)),
        rows(index.defined() ? data<int64_t>(index) : nullptr),
        count(rows ? index.numel() : matrix.size(0)),
        width(matrix.size(1)) {}

  // Past the end the last one is repeated.
  const uint16_t* operator[](int64_t i) const {
    i = std::min(i, count - 1);
    return values + (rows ? rows[i] : i) * width;
  }
};

// Rows first..last of the products.
void block(const Chosen& x, const Chosen& y, float* to, int64_t first, int64_t last) {
  const uint16_t *a[kLeft], *b[kRight];
  float products[kLeft][kRight];
  for (int64_t j = 0; j < y.count; j += kRight) {
    for (int c = 0; c < kRight; c++) b[c] = y[j + c];
    for (int64_t i = first; i < last; i += kLeft) {
      for (int r = 0; r < kLeft; r++) a[r] = x[i + r];
      tile(a, b, x.width, products);
      for (int64_t r = 0; r < kLeft && i + r < last; r++)
        for (int64_t c = 0; c < kRight && j + c < y.count; c++) to[(i + r) * y.count + j + c] = products[r][c];
    }
  }
}
#endif

}  // namespace

// Whether hv_row_products takes such rows on this machine.
HV_API int hv_has_row_products(Handle x) {
#if defined(HV_X86)
  static const bool can = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512bf16");
  return can && x->device().is_cpu() && x->scalar_type() == at::kBFloat16 && x->dim() == 2 && x->size(1) % kVector == 0 ? 1 : 0;
#else
  return 0;
#endif
}

// Some rows of x, or all where the index is null, times some or all of y's: [n, m] in float32.
HV_API Handle hv_row_products(Handle x, Handle x_rows, Handle y, Handle y_rows) {
  return guard([&] {
    TORCH_CHECK(hv_has_row_products(x) && hv_has_row_products(y) && x->size(1) == y->size(1) && x->is_contiguous() &&
                    y->is_contiguous(),
                "needs contiguous bfloat16 rows of one width, a multiple of 32, on a CPU with AVX512-BF16");
    auto index = [](Handle rows, int64_t count) {
      if (!rows) return at::Tensor();
      auto kept = rows->to(at::kLong).contiguous();
      TORCH_CHECK(kept.numel() == 0 || (kept.min().item<int64_t>() >= 0 && kept.max().item<int64_t>() < count), "no such row");
      return kept;
    };
    auto left_rows = index(x_rows, x->size(0)), right_rows = index(y_rows, y->size(0));
    int64_t n = left_rows.defined() ? left_rows.numel() : x->size(0), m = right_rows.defined() ? right_rows.numel() : y->size(0);
    auto out = at::empty({n, m}, x->options().dtype(at::kFloat));
#if defined(HV_X86)
    Chosen left(*x, left_rows), right(*y, right_rows);
    at::parallel_for(0, m == 0 ? 0 : (n + kBlock - 1) / kBlock, 1, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; i++)
        block(left, right, data<float>(out), i * kBlock, std::min(n, (i + 1) * kBlock));
    });
#endif
    return out;
  });
}
