// The fused kernels with gradients, for training on a CPU: libtorch composes each of them from some five passes over memory,
// and its attention would keep every layer's scores until the backward pass.
#include "gradient_rows.h"
#include "isa.h"
#include "rows.h"
#include "shim.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

using namespace hv;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace hv {
HV_TABLES(GradientKernels, gradient_kernels, float_gradients, bfloat16_gradients)
}  // namespace hv

namespace {

// Calls body(zero of t's type) with float or the bits of a bfloat16.
template <typename F>
void by_type(const at::Tensor& t, const F& body) {
  TORCH_CHECK(t.device().is_cpu() && t.is_contiguous(), "needs contiguous tensors on the CPU");
  if (t.scalar_type() == at::kFloat)
    body(float());
  else if (t.scalar_type() == at::kBFloat16)
    body(uint16_t());
  else
    TORCH_CHECK(false, "needs float32 or bfloat16");
}

template <typename F>
void over(int64_t rows, int64_t width, const F& body) {
  at::parallel_for(0, rows, 1 + (1 << 14) / (width + 1), body);
}

struct RmsNorm : Function<RmsNorm> {
  static at::Tensor forward(AutogradContext* context, at::Tensor x, at::Tensor w, double epsilon) {
    x = x.contiguous();
    context->save_for_backward({x, w});
    context->saved_data["epsilon"] = epsilon;
    auto y = at::empty_like(x);
    int64_t width = x.size(-1);
    by_type(x, [&](auto zero) {
      using T = decltype(zero);
      over(x.numel() / width, width, [&](int64_t first, int64_t last) {
        kernels<T>().rms_norm(data<T>(x), data<T>(w), data<T>(y), first, last, width, static_cast<float>(epsilon));
      });
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    auto x = saved[0], w = saved[1], dy = gradients[0].contiguous();
    auto epsilon = static_cast<float>(context->saved_data["epsilon"].toDouble());
    auto dx = at::empty_like(x);
    int64_t width = x.size(-1), rows = x.numel() / width;
    constexpr int64_t kParts = 16;  // a fixed number, so that sums do not depend on the threads
    auto dw = at::zeros({kParts, width}, x.options().dtype(at::kFloat));
    by_type(x, [&](auto zero) {
      using T = decltype(zero);
      at::parallel_for(0, kParts, 1, [&](int64_t first, int64_t last) {
        for (int64_t part = first; part < last; ++part)
          gradient_kernels<T>().rms_norm(data<T>(x), data<T>(w), data<T>(dy), data<T>(dx), data<float>(dw) + part * width,
                                         rows * part / kParts, rows * (part + 1) / kParts, width, epsilon);
      });
    });
    return {dx, dw.sum(0).to(w.scalar_type()), at::Tensor()};
  }
};

struct Rotate : Function<Rotate> {
  static at::Tensor turn(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
    auto y = at::empty_like(x);
    int64_t heads = x.size(1), half = x.size(2) / 2;
    by_type(x, [&](auto zero) {
      using T = decltype(zero);
      over(x.size(0), heads * 2 * half, [&](int64_t first, int64_t last) {
        kernels<T>().rotate(data<T>(x), data<float>(cos), data<float>(sin), data<T>(y), first, last, heads, half);
      });
    });
    return y;
  }

  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
    context->save_for_backward({cos, sin});
    return turn(x.contiguous(), cos, sin);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    return {turn(gradients[0].contiguous(), saved[0], saved[1].neg()), at::Tensor(), at::Tensor()};
  }
};

struct SwiGlu : Function<SwiGlu> {
  static at::Tensor forward(AutogradContext* context, at::Tensor gate, at::Tensor up) {
    gate = gate.contiguous();
    up = up.contiguous();
    context->save_for_backward({gate, up});
    auto y = at::empty_like(gate);
    by_type(gate, [&](auto zero) {
      using T = decltype(zero);
      over(gate.numel(), 0, [&](int64_t first, int64_t last) {
        kernels<T>().swiglu(data<T>(gate), data<T>(up), data<T>(y), first, last);
      });
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    auto gate = saved[0], up = saved[1], dy = gradients[0].contiguous();
    auto dgate = at::empty_like(gate), dup = at::empty_like(up);
    by_type(gate, [&](auto zero) {
      using T = decltype(zero);
      over(gate.numel(), 0, [&](int64_t first, int64_t last) {
        gradient_kernels<T>().swiglu(data<T>(gate), data<T>(up), data<T>(dy), data<T>(dgate), data<T>(dup), first, last);
      });
    });
    return {dgate, dup};
  }
};

struct GeluTanh : Function<GeluTanh> {
  static at::Tensor forward(AutogradContext* context, at::Tensor x) {
    x = x.contiguous();
    context->save_for_backward({x});
    auto y = at::empty_like(x);
    by_type(x, [&](auto zero) {
      using T = decltype(zero);
      over(x.numel(), 0, [&](int64_t first, int64_t last) { kernels<T>().gelu_tanh(data<T>(x), data<T>(y), first, last); });
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    auto x = context->get_saved_variables()[0], dy = gradients[0].contiguous();
    auto dx = at::empty_like(x);
    by_type(x, [&](auto zero) {
      using T = decltype(zero);
      over(x.numel(), 0, [&](int64_t first, int64_t last) {
        gradient_kernels<T>().gelu_tanh(data<T>(x), data<T>(dy), data<T>(dx), first, last);
      });
    });
    return {dx};
  }
};

// Attention of packed sequences: query i of a sequence sees the keys below prefix[i] and those from start[i] to i; without
// spans it sees all keys. Scores are made block by block in both passes and never kept.
struct PackedAttention : Function<PackedAttention> {
  static constexpr int64_t kRows = 256;  // of a block: its scores stay in the cache

  // How many keys the queries before `end` can see.
  static int64_t seen_by(const at::Tensor& spans, int64_t end, int64_t tokens) { return spans.numel() > 0 ? end : tokens; }

  // The shares of queries [first, first + count): [sequences, count, keys seen].
  static at::Tensor shares(const at::Tensor& q, const at::Tensor& k, const at::Tensor& spans, int64_t first, int64_t count,
                           int64_t heads, float scale) {
    int64_t tokens = q.size(1), seen = seen_by(spans, first + count, tokens);
    auto p = at::bmm(q.narrow(1, first, count), k.narrow(1, 0, seen).transpose(1, 2)).contiguous();
    const auto* span = spans.numel() > 0 ? data<int32_t>(spans) : nullptr;
    by_type(p, [&](auto zero) {
      using T = decltype(zero);
      over(p.size(0) * count, seen, [&](int64_t begin, int64_t end) {
        std::vector<float> buffer(static_cast<size_t>(seen));
        for (int64_t r = begin; r < end; ++r) {
          int64_t at = span ? first + r % count : tokens - 1;
          const auto* bounds = span ? span + ((r / count / heads) * tokens + at) * 2 : nullptr;
          gradient_kernels<T>().softmax(data<T>(p) + r * seen, buffer.data(), seen, bounds ? bounds[0] : 0,
                                        bounds ? bounds[1] : 0, at, scale);
        }
      });
    });
    return p;
  }

  // q, k, v: [B, T, heads, d]; spans: [B, T, 2] int32, prefix and start, or empty.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const at::Tensor& spans, double scale) {
    TORCH_CHECK(q.dim() == 4 && q.sizes() == k.sizes() && q.sizes() == v.sizes(), "needs q, k, v of one shape [B, T, heads, d]");
    TORCH_CHECK(spans.numel() == 0 || (spans.scalar_type() == at::kInt && spans.is_contiguous() &&
                                     spans.numel() == 2 * q.size(0) * q.size(1)),
                "needs int32 spans [B, T, 2]");
    int64_t batch = q.size(0), tokens = q.size(1), heads = q.size(2), d = q.size(3);
    auto flat = [&](const at::Tensor& x) { return x.transpose(1, 2).reshape({batch * heads, tokens, d}).contiguous(); };
    auto fq = flat(q), fk = flat(k), fv = flat(v);
    context->save_for_backward({fq, fk, fv, spans});
    context->saved_data["heads"] = heads;
    context->saved_data["scale"] = scale;
    auto out = at::empty_like(fq);
    for (int64_t first = 0; first < tokens; first += kRows) {
      int64_t count = std::min(kRows, tokens - first);
      auto p = shares(fq, fk, spans, first, count, heads, static_cast<float>(scale));
      out.narrow(1, first, count).copy_(at::bmm(p, fv.narrow(1, 0, p.size(2))));
    }
    return out.view({batch, heads, tokens, d}).transpose(1, 2).contiguous();
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    auto q = saved[0], k = saved[1], v = saved[2], spans = saved[3];
    auto heads = context->saved_data["heads"].toInt();
    auto scale = static_cast<float>(context->saved_data["scale"].toDouble());
    int64_t tokens = q.size(1), d = q.size(2), batch = q.size(0) / heads;
    auto dout = gradients[0].transpose(1, 2).reshape({batch * heads, tokens, d}).contiguous();
    auto wide = q.options().dtype(at::kFloat);
    auto dq = at::empty_like(q), dk = at::zeros(k.sizes(), wide), dv = at::zeros(v.sizes(), wide);
    for (int64_t first = 0; first < tokens; first += kRows) {
      int64_t count = std::min(kRows, tokens - first), seen = seen_by(spans, first + count, tokens);
      auto p = shares(q, k, spans, first, count, heads, scale);
      auto block = dout.narrow(1, first, count);
      dv.narrow(1, 0, seen).add_(at::bmm(p.transpose(1, 2), block));
      auto ds = at::bmm(block, v.narrow(1, 0, seen).transpose(1, 2)).contiguous();
      by_type(ds, [&](auto zero) {
        using T = decltype(zero);
        over(p.size(0) * count, seen, [&](int64_t begin, int64_t end) {
          for (int64_t r = begin; r < end; ++r)
            gradient_kernels<T>().softmax_gradient(data<T>(p) + r * seen, data<T>(ds) + r * seen, seen, scale);
        });
      });
      dq.narrow(1, first, count).copy_(at::bmm(ds, k.narrow(1, 0, seen)));
      dk.narrow(1, 0, seen).add_(at::bmm(ds.transpose(1, 2), q.narrow(1, first, count)));
    }
    auto back = [&](const at::Tensor& x) {
      return x.view({batch, heads, tokens, d}).transpose(1, 2).to(q.scalar_type()).contiguous();
    };
    return {back(dq), back(dk), back(dv), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

// Whether the functions below take this tensor.
HV_API int hv_trains(Handle t) {
  return t->device().is_cpu() && (t->scalar_type() == at::kFloat || t->scalar_type() == at::kBFloat16) ? 1 : 0;
}
HV_API Handle hv_train_rms_norm(Handle x, Handle w, double epsilon) {
  return guard([&] { return RmsNorm::apply(*x, *w, epsilon); });
}
HV_API Handle hv_train_rotate(Handle x, Handle cos, Handle sin) {
  return guard([&] { return Rotate::apply(*x, *cos, *sin); });
}
HV_API Handle hv_train_swiglu(Handle gate, Handle up) {
  return guard([&] { return SwiGlu::apply(*gate, *up); });
}
HV_API Handle hv_train_gelu_tanh(Handle x) {
  return guard([&] { return GeluTanh::apply(*x); });
}
HV_API Handle hv_train_attention(Handle q, Handle k, Handle v, Handle spans, double scale) {
  return guard([&] { return PackedAttention::apply(*q, *k, *v, spans ? *spans : at::empty({0}, at::kInt), scale); });
}
