// Operations under their PyTorch names. One line each: the semantics are libtorch's.
#include "shim.h"

#include <vector>

using namespace hv;

#define UNARY(name) \
  HV_API Handle hv_##name(Handle t) { return guard([&] { return t->name(); }); }
#define BINARY(name) \
  HV_API Handle hv_##name(Handle a, Handle b) { return guard([&] { return a->name(*b); }); }
#define SCALAR(name) \
  HV_API Handle hv_##name##_scalar(Handle a, double b) { return guard([&] { return a->name(b); }); }
#define BINARY_INPLACE(name) \
  HV_API int hv_##name(Handle a, Handle b) { return guard_status([&] { a->name(*b); }); }
#define SCALAR_INPLACE(name) \
  HV_API int hv_##name##_scalar(Handle a, double b) { return guard_status([&] { a->name(b); }); }

UNARY(contiguous) UNARY(clone) UNARY(exp) UNARY(sqrt) UNARY(rsqrt) UNARY(cos) UNARY(sin) UNARY(tanh)
UNARY(sigmoid) UNARY(abs) UNARY(neg) UNARY(max)
BINARY(add) BINARY(sub) BINARY(mul) BINARY(div) BINARY(maximum) BINARY(matmul) BINARY(bmm)
SCALAR(add) SCALAR(sub) SCALAR(mul) SCALAR(div) SCALAR(pow)
BINARY_INPLACE(add_) BINARY_INPLACE(mul_)
SCALAR_INPLACE(mul_)

HV_API Handle hv_silu(Handle t) { return guard([&] { return at::silu(*t); }); }
HV_API Handle hv_gelu(Handle t) { return guard([&] { return at::gelu(*t); }); }

HV_API Handle hv_view(Handle t, const int64_t* sizes, int ndim) {
  return guard([&] { return t->view(ints(sizes, ndim)); });
}
HV_API Handle hv_reshape(Handle t, const int64_t* sizes, int ndim) {
  return guard([&] { return t->reshape(ints(sizes, ndim)); });
}
HV_API Handle hv_permute(Handle t, const int64_t* dims, int ndim) {
  return guard([&] { return t->permute(ints(dims, ndim)); });
}
HV_API Handle hv_expand(Handle t, const int64_t* sizes, int ndim) {
  return guard([&] { return t->expand(ints(sizes, ndim)); });
}
HV_API Handle hv_transpose(Handle t, int64_t a, int64_t b) {
  return guard([&] { return t->transpose(a, b); });
}
HV_API Handle hv_unsqueeze(Handle t, int64_t dim) {
  return guard([&] { return t->unsqueeze(dim); });
}
HV_API Handle hv_squeeze(Handle t, int64_t dim) {
  return guard([&] { return t->squeeze(dim); });
}
HV_API Handle hv_narrow(Handle t, int64_t dim, int64_t start, int64_t length) {
  return guard([&] { return t->narrow(dim, start, length); });
}
HV_API Handle hv_select(Handle t, int64_t dim, int64_t index) {
  return guard([&] { return t->select(dim, index); });
}
HV_API Handle hv_index_select(Handle t, int64_t dim, Handle index) {
  return guard([&] { return t->index_select(dim, *index); });
}
HV_API Handle hv_argmax(Handle t, int64_t dim, int keepdim) {
  return guard([&] { return t->argmax(dim, keepdim != 0); });
}
HV_API Handle hv_triu(Handle t, int64_t diagonal) {
  return guard([&] { return t->triu(diagonal); });
}
HV_API Handle hv_softmax(Handle t, int64_t dim, int dtype) {
  return guard([&] {
    return dtype < 0 ? at::softmax(*t, dim) : at::softmax(*t, dim, static_cast<at::ScalarType>(dtype));
  });
}
HV_API Handle hv_sum_all(Handle t) {
  return guard([&] { return t->sum(); });
}
HV_API Handle hv_mean_all(Handle t) {
  return guard([&] { return t->mean(); });
}
HV_API Handle hv_sum(Handle t, const int64_t* dims, int count, int keepdim) {
  return guard([&] { return t->sum(ints(dims, count), keepdim != 0); });
}
HV_API Handle hv_mean(Handle t, const int64_t* dims, int count, int keepdim) {
  return guard([&] { return t->mean(ints(dims, count), keepdim != 0); });
}
HV_API Handle hv_cat(Handle* tensors, int count, int64_t dim) {
  return guard([&] {
    std::vector<at::Tensor> list;
    list.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) list.push_back(*tensors[i]);
    return at::cat(list, dim);
  });
}
HV_API Handle hv_stack(Handle* tensors, int count, int64_t dim) {
  return guard([&] {
    std::vector<at::Tensor> list;
    list.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) list.push_back(*tensors[i]);
    return at::stack(list, dim);
  });
}
HV_API Handle hv_layer_norm(Handle t, const int64_t* shape, int ndim, Handle weight, Handle bias, double eps) {
  return guard([&] {
    return at::layer_norm(*t, ints(shape, ndim), weight ? *weight : at::Tensor(), bias ? *bias : at::Tensor(), eps);
  });
}
