// Elementwise steps in one pass over memory: libtorch makes 3 to 8 for each.
#include "simd.h"
#include "shim.h"

#include <ATen/Parallel.h>

#include <cmath>

using namespace hv;

namespace {

template <typename T>
HV_INLINE void rms_norm_rows(const T* x, const T* weight, T* out, int64_t first, int64_t last, int64_t width, float epsilon) {
  for (int64_t r = first; r < last; ++r) {
    const T* in = x + r * width;
    float lanes[kLanes] = {};
    float sum = 0;
    int64_t i = 0;
    for (; i + kLanes <= width; i += kLanes)
      for (int l = 0; l < kLanes; ++l) lanes[l] += load(in[i + l]) * load(in[i + l]);
    for (; i < width; ++i) sum += load(in[i]) * load(in[i]);
    float scale = 1.0f / std::sqrt((sum + total(lanes)) / static_cast<float>(width) + epsilon);
    for (i = 0; i < width; ++i) {
      T normed;  // rounded before the product, as the reference does
      store(normed, load(in[i]) * scale);
      store(out[r * width + i], load(normed) * load(weight[i]));
    }
  }
}

// Pairs (j, j + half) of every head turn by the token's angle j.
template <typename T>
HV_INLINE void rotate_tokens(const T* x, const float* cos, const float* sin, T* out, int64_t first, int64_t last, int64_t heads,
                             int64_t half) {
  for (int64_t t = first; t < last; ++t)
    for (int64_t h = 0; h < heads; ++h) {
      const T* a = x + (t * heads + h) * 2 * half;
      const T* b = a + half;
      T* to = out + (t * heads + h) * 2 * half;
      const float *c = cos + t * half, *s = sin + t * half;
      for (int64_t j = 0; j < half; ++j) {
        float u = load(a[j]), v = load(b[j]);
        store(to[j], u * c[j] - v * s[j]);
        store(to[half + j], v * c[j] + u * s[j]);
      }
    }
}

template <typename T>
HV_INLINE void swiglu_range(const T* gate, const T* up, T* out, int64_t first, int64_t last) {
  for (int64_t i = first; i < last; ++i) {
    float g = load(gate[i]);
    store(out[i], g / (1.0f + exponential(-g)) * load(up[i]));
  }
}

// 0.5 x (1 + tanh(u)) = x / (1 + e^(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3).
template <typename T>
HV_INLINE void gelu_tanh_range(const T* x, T* out, int64_t first, int64_t last) {
  for (int64_t i = first; i < last; ++i) {
    float v = load(x[i]);
    store(out[i], v / (1.0f + exponential(-1.5957691216f * (v + 0.044715f * v * v * v))));
  }
}

// Overloads rather than templates: only plain functions can be compiled for several instruction sets.
#define HV_BOTH(declaration_of, call)         \
  HV_CLONES declaration_of(float) { call; }   \
  HV_CLONES declaration_of(bfloat16) { call; }

#define NORM(T) \
  void rms_norm(const T* x, const T* w, T* out, int64_t first, int64_t last, int64_t width, float epsilon)
HV_BOTH(NORM, rms_norm_rows(x, w, out, first, last, width, epsilon))
#define ROTATE(T)                                                                                      \
  void rotate(const T* x, const float* cos, const float* sin, T* out, int64_t first, int64_t last, int64_t heads, \
              int64_t half)
HV_BOTH(ROTATE, rotate_tokens(x, cos, sin, out, first, last, heads, half))
#define SWIGLU(T) void swiglu(const T* gate, const T* up, T* out, int64_t first, int64_t last)
HV_BOTH(SWIGLU, swiglu_range(gate, up, out, first, last))
#define GELU(T) void gelu_tanh(const T* x, T* out, int64_t first, int64_t last)
HV_BOTH(GELU, gelu_tanh_range(x, out, first, last))

template <typename T>
T* data(const at::Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

bool suits(const at::Tensor& t) {
  return t.device().is_cpu() && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16);
}

// Calls body(zero of t's type, first, last) for ranges of rows on all threads.
template <typename F>
void by_rows(const at::Tensor& t, int64_t rows, int64_t width, const F& body) {
  TORCH_CHECK(suits(t), "needs float32 or bfloat16 on the CPU");
  constexpr int64_t kGrain = 1 << 14;  // elements worth a thread
  at::parallel_for(0, rows, 1 + kGrain / (width + 1), [&](int64_t first, int64_t last) {
    if (t.scalar_type() == at::kFloat)
      body(float(), first, last);
    else
      body(bfloat16(), first, last);
  });
}

}  // namespace

// Whether the kernels below take this tensor.
HV_API int hv_fuses(Handle t) { return suits(*t) ? 1 : 0; }

// x [..., width], weight [width].
HV_API Handle hv_rms_norm(Handle input, Handle weight, double epsilon) {
  return guard([&] {
    auto x = input->contiguous(), w = weight->contiguous();
    int64_t width = x.size(-1);
    TORCH_CHECK(w.dim() == 1 && w.size(0) == width && w.scalar_type() == x.scalar_type(), "the weight does not fit");
    auto out = at::empty_like(x);
    by_rows(x, width == 0 ? 0 : x.numel() / width, width, [&](auto zero, int64_t first, int64_t last) {
      using T = decltype(zero);
      rms_norm(data<T>(x), data<T>(w), data<T>(out), first, last, width, static_cast<float>(epsilon));
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
      rotate(data<T>(x), data<float>(c), data<float>(s), data<T>(out), first, last, heads, half);
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
      swiglu(data<T>(g), data<T>(u), data<T>(out), first, last);
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
      gelu_tanh(data<T>(x), data<T>(out), first, last);
    });
    return out;
  });
}
