// What libtorch 1.13 lacks or does badly on a CPU, and what newer ones fuse.
#include "simd.h"
#include "shim.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

using namespace hv;

namespace {

// out[r, o] = bias[o] + x[r, :] . w[o, :] for o in [first, last); x in float32, w in bfloat16, sums in float32.
HV_CLONES void dot_rows(const float* x, const uint16_t* w, const uint16_t* bias, uint16_t* out, int64_t rows, int64_t in,
                        int64_t outs, int64_t first, int64_t last) {
  for (int64_t o = first; o < last; ++o) {
    const uint16_t* row = w + o * in;
    for (int64_t r = 0; r < rows; ++r) {
      const float* v = x + r * in;
      float lanes[kLanes] = {};
      int64_t i = 0;
      for (; i + kLanes <= in; i += kLanes)
        for (int l = 0; l < kLanes; ++l) lanes[l] += v[i + l] * load(row[i + l]);
      float sum = bias ? load(bias[o]) : 0.0f;
      for (; i < in; ++i) sum += v[i] * load(row[i]);
      store(out[r * outs + o], sum + total(lanes));
    }
  }
}

// oneDNN repacks the whole weight matrix on each call, which for one row costs 20 times the product itself:
// 1.1 GB/s of weights instead of memory speed (4864 x 896, 2 cores).
bool is_small_bfloat16(const at::Tensor& x, const at::Tensor& w) {
  return x.device().is_cpu() && x.scalar_type() == at::kBFloat16 && w.scalar_type() == at::kBFloat16 && w.dim() == 2 &&
         x.dim() >= 1 && x.size(-1) == w.size(1) && w.is_contiguous() && x.numel() > 0 && x.numel() / x.size(-1) <= 4 &&
         !(at::GradMode::is_enabled() && (x.requires_grad() || w.requires_grad()));
}

at::Tensor small_linear(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias) {
  auto v = x.to(at::kFloat).contiguous();
  auto b = bias.defined() ? bias.to(at::kBFloat16).contiguous() : bias;
  int64_t in = w.size(1), outs = w.size(0), rows = v.numel() / in;
  auto sizes = x.sizes().vec();
  sizes.back() = outs;
  auto out = at::empty(sizes, x.options());
  auto* wp = static_cast<const uint16_t*>(w.data_ptr());
  auto* bp = b.defined() ? static_cast<const uint16_t*>(b.data_ptr()) : nullptr;
  auto* op = static_cast<uint16_t*>(out.data_ptr());
  auto* vp = static_cast<const float*>(v.data_ptr());
  at::parallel_for(0, outs, 64, [&](int64_t first, int64_t last) {
    dot_rows(vp, wp, bp, op, rows, in, outs, first, last);
  });
  return out;
}

}  // namespace

HV_API Handle hv_linear(Handle x, Handle w, Handle bias) {
  return guard([&] {
    auto b = bias ? *bias : at::Tensor();
    return is_small_bfloat16(*x, *w) ? small_linear(*x, *w, b) : at::linear(*x, *w, b);
  });
}

HV_API int hv_has_fused_attention() { return TORCH_VERSION_MAJOR >= 2 ? 1 : 0; }

HV_API Handle hv_scaled_dot_product_attention(Handle q, Handle k, Handle v, Handle mask, int is_causal) {
  return guard([&]() -> at::Tensor {
#if TORCH_VERSION_MAJOR >= 2
    return at::scaled_dot_product_attention(*q, *k, *v, mask ? c10::optional<at::Tensor>(*mask) : c10::nullopt, 0.0,
                                            is_causal != 0);
#else
    TORCH_CHECK(false, "libtorch " TORCH_VERSION " has no scaled_dot_product_attention (2.0 and later have it)");
#endif
  });
}
