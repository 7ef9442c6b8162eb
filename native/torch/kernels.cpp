// What libtorch 1.13 lacks or does badly on a CPU: one pass over memory where it makes several, and products of a few rows.
#include "isa.h"
#include "rows.h"
#include "shim.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <vector>

using namespace hv;

namespace hv {
HV_TABLES(RowKernels, kernels, float_kernels, bfloat16_kernels)
}  // namespace hv

namespace {

bool suits(const at::Tensor& t) {
  return t.device().is_cpu() && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16) &&
         !(at::GradMode::is_enabled() && t.requires_grad());
}

// Calls body(zero of t's type, first, last) for ranges of rows on all threads.
template <typename F>
void by_rows(const at::Tensor& t, int64_t rows, int64_t width, const F& body) {
  TORCH_CHECK(suits(t), "needs float32 or bfloat16 on the CPU, without gradients");
  constexpr int64_t kGrain = 1 << 14;  // elements worth a thread
  at::parallel_for(0, rows, 1 + kGrain / (width + 1), [&](int64_t first, int64_t last) {
    if (t.scalar_type() == at::kFloat)
      body(float(), first, last);
    else
      body(uint16_t(), first, last);
  });
}

// oneDNN repacks the whole weight matrix on each call, which for one row costs 20 times the product itself:
// 1.1 GB/s of weights instead of memory speed (4864 x 896, 2 cores).
bool is_few_rows(const at::Tensor& x, const at::Tensor& w) {
  return suits(x) && x.scalar_type() == at::kBFloat16 && w.scalar_type() == at::kBFloat16 && suits(w) && w.dim() == 2 &&
         x.dim() >= 1 && x.size(-1) == w.size(1) && w.is_contiguous() && x.numel() > 0 && x.numel() / x.size(-1) <= 4;
}

at::Tensor linear_of_few_rows(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias) {
  auto v = x.to(at::kFloat).contiguous();
  auto b = bias.defined() ? bias.to(at::kBFloat16).contiguous() : bias;
  int64_t in = w.size(1), outs = w.size(0), rows = v.numel() / in;
  TORCH_CHECK(!b.defined() || b.numel() == outs, "the bias does not fit");
  auto sizes = x.sizes().vec();
  sizes.back() = outs;
  auto out = at::empty(sizes, x.options());
  at::parallel_for(0, outs, 64, [&](int64_t first, int64_t last) {
    kernels<uint16_t>().dot(data<float>(v), data<uint16_t>(w), b.defined() ? data<uint16_t>(b) : nullptr, data<uint16_t>(out),
                            rows, in, outs, first, last);
  });
  return out;
}

}  // namespace

HV_API Handle hv_linear(Handle x, Handle w, Handle bias) {
  return guard([&] {
    auto b = bias ? *bias : at::Tensor();
    return is_few_rows(*x, *w) ? linear_of_few_rows(*x, *w, b) : at::linear(*x, *w, b);
  });
}

// Whether the kernels below take this tensor.
HV_API int hv_fuses(Handle t) { return suits(*t) ? 1 : 0; }

// The softmax of attention scores [..., queries, keys], contiguous: scaled, causal, in place; scale > 0. libtorch needs a
// product, a mask and a softmax for it, and its exponential alone takes 0.45 ns per score on 2 cores, half as much again as
// one of attention's products.
HV_API int hv_softmax_scores_(Handle scores, double scale, int64_t queries, int causal) {
  return guard_status([&] {
    auto& t = *scores;
    TORCH_CHECK(t.dim() > 0 && t.is_contiguous() && scale > 0, "needs contiguous scores and a positive scale");
    int64_t keys = t.size(-1), rows = keys == 0 ? 0 : t.numel() / keys;
    TORCH_CHECK(queries > 0 && rows % queries == 0 && (!causal || keys >= queries), "needs no more queries than keys");
    by_rows(t, rows, keys, [&](auto zero, int64_t first, int64_t last) {
      using T = decltype(zero);
      std::vector<float> buffer(static_cast<size_t>(keys));
      kernels<T>().softmax(data<T>(t), buffer.data(), first, last, keys, queries, causal != 0, static_cast<float>(scale));
    });
  });
}

// x [..., width], weight [width].
HV_API Handle hv_rms_norm(Handle input, Handle weight, double epsilon) {
  return guard([&] {
    auto x = input->contiguous(), w = weight->contiguous();
    int64_t width = x.size(-1);
    TORCH_CHECK(w.dim() == 1 && w.size(0) == width && w.scalar_type() == x.scalar_type(), "the weight does not fit");
    auto out = at::empty_like(x);
    by_rows(x, width == 0 ? 0 : x.numel() / width, width, [&](auto zero, int64_t first, int64_t last) {
      using T = decltype(zero);
      kernels<T>().rms_norm(data<T>(x), data<T>(w), data<T>(out), first, last, width, static_cast<float>(epsilon));
    });
    return out;
  });
}

// x [T, heads, 2 half]; cos and sin [T, 1, half] in float32.
HV_API Handle hv_rotate(Handle input, Handle cos, Handle sin) {
  return guard([&] {
    auto x = input->contiguous(), c = cos->contiguous(), s = sin->contiguous();
    TORCH_CHECK(x.dim() == 3 && x.size(2) % 2 == 0, "needs [tokens, heads, even size]");
    int64_t tokens = x.size(0), heads = x.size(1), half = x.size(2) / 2;
    TORCH_CHECK(c.numel() == tokens * half && s.numel() == tokens * half && c.scalar_type() == at::kFloat &&
                    s.scalar_type() == at::kFloat,
                "needs float32 angles, one row per token");
    auto out = at::empty_like(x);
    by_rows(x, tokens, heads * 2 * half, [&](auto zero, int64_t first, int64_t last) {
      using T = decltype(zero);
      kernels<T>().rotate(data<T>(x), data<float>(c), data<float>(s), data<T>(out), first, last, heads, half);
    });
    return out;
  });
}

HV_API Handle hv_swiglu(Handle gate, Handle up) {
  return guard([&] {
    auto g = gate->contiguous(), u = up->contiguous();
    TORCH_CHECK(g.sizes() == u.sizes() && g.scalar_type() == u.scalar_type(), "needs operands of one shape and type");
    auto out = at::empty_like(g);
    by_rows(g, g.numel(), 0, [&](auto zero, int64_t first, int64_t last) {
      using T = decltype(zero);
      kernels<T>().swiglu(data<T>(g), data<T>(u), data<T>(out), first, last);
    });
    return out;
  });
}

HV_API Handle hv_gelu_tanh(Handle input) {
  return guard([&] {
    if (!suits(*input)) return at::gelu(*input, "tanh");
    auto x = input->contiguous();
    auto out = at::empty_like(x);
    by_rows(x, x.numel(), 0, [&](auto zero, int64_t first, int64_t last) {
      using T = decltype(zero);
      kernels<T>().gelu_tanh(data<T>(x), data<T>(out), first, last);
    });
    return out;
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
