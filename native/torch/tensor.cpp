// Tensors as handles: life time, facts, bytes, factories, random numbers, devices, threads.
#include "shim.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

using namespace hv;

HV_API const char* hv_last_error() { return last_error.c_str(); }
HV_API int64_t hv_live_tensors() { return live_tensors.load(std::memory_order_relaxed); }
HV_API const char* hv_version() { return TORCH_VERSION; }

HV_API void hv_initialize() {
  use_pool();
  // oneDNN keeps 1,024 compiled products and drops the oldest. While two threads make it drop some, version 2.6 (Debian's) fails
  // with std::bad_alloc where memory is free, then for good with a broken promise, and may crash: plain PyTorch with two threads and
  // 2,400 shapes did so 31 times in 12,000 products, and never in 147,000 with this. A product takes some 100 KB.
  setenv("DNNL_PRIMITIVE_CACHE_CAPACITY", "65536", 0);
#if defined(__GLIBC__)
  // For oneDNN's scratch memory, which does not come through libtorch's allocator.
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 128 << 20);
#endif
}

HV_API void hv_set_num_threads(int count) { at::set_num_threads(count); }
HV_API int hv_get_num_threads() { return at::get_num_threads(); }
HV_API int hv_cuda_device_count() { return static_cast<int>(torch::cuda::device_count()); }
HV_API int hv_grad_enabled() { return at::GradMode::is_enabled() ? 1 : 0; }
HV_API void hv_set_grad_enabled(int enabled) { at::GradMode::set_enabled(enabled != 0); }

HV_API int hv_manual_seed(int64_t seed) {
  return guard_status([&] { at::manual_seed(static_cast<uint64_t>(seed)); });
}

HV_API int hv_cuda_synchronize(int device_index) {
  return guard_status([&] { torch::cuda::synchronize(device_index); });
}

HV_API void hv_dispose(Handle t) {
  if (t == nullptr) return;
  live_tensors.fetch_sub(1, std::memory_order_relaxed);
  delete t;
}

HV_API int64_t hv_ndim(Handle t) { return t->dim(); }
HV_API void hv_sizes(Handle t, int64_t* out) {
  for (int64_t i = 0; i < t->dim(); ++i) out[i] = t->size(i);
}
HV_API int64_t hv_numel(Handle t) { return t->numel(); }
HV_API int64_t hv_element_size(Handle t) { return static_cast<int64_t>(t->element_size()); }
HV_API int hv_dtype(Handle t) { return static_cast<int>(t->scalar_type()); }
HV_API int hv_device_type(Handle t) { return static_cast<int>(t->device().type()); }
HV_API int hv_device_index(Handle t) { return t->device().index(); }
HV_API int hv_is_contiguous(Handle t) { return t->is_contiguous() ? 1 : 0; }
HV_API void* hv_data(Handle t) { return t->data_ptr(); }

HV_API int hv_item(Handle t, double* as_double, int64_t* as_int) {
  return guard_status([&] {
    TORCH_CHECK(t->numel() == 1, "item() needs a tensor of one element");
    auto value = t->item();
    *as_double = value.isFloatingPoint() ? value.toDouble() : 0.0;
    *as_int = value.isIntegral(true) ? value.toLong() : 0;
  });
}

HV_API Handle hv_empty(const int64_t* sizes, int ndim, int dtype, int device_type, int device_index) {
  return guard([&] { return at::empty(ints(sizes, ndim), options(dtype, device_type, device_index)); });
}
HV_API Handle hv_full(const int64_t* sizes, int ndim, double value, int dtype, int device_type, int device_index) {
  return guard([&] { return at::full(ints(sizes, ndim), value, options(dtype, device_type, device_index)); });
}
HV_API Handle hv_arange(double start, double stop, double step, int dtype, int device_type, int device_index) {
  return guard([&] {
    auto opt = options(dtype, device_type, device_index);
    // Integer ranges must not pass through double arithmetic.
    if (at::isIntegralType(opt.dtype().toScalarType(), false))
      return at::arange(static_cast<int64_t>(start), static_cast<int64_t>(stop), static_cast<int64_t>(step), opt);
    return at::arange(start, stop, step, opt);
  });
}
HV_API Handle hv_rand(const int64_t* sizes, int ndim, int dtype, int device_type, int device_index) {
  return guard([&] { return at::rand(ints(sizes, ndim), options(dtype, device_type, device_index)); });
}
HV_API Handle hv_randn(const int64_t* sizes, int ndim, int dtype, int device_type, int device_index) {
  return guard([&] { return at::randn(ints(sizes, ndim), options(dtype, device_type, device_index)); });
}
HV_API Handle hv_to(Handle t, int dtype, int device_type, int device_index, int copy) {
  return guard([&] { return t->to(options(dtype, device_type, device_index), false, copy != 0); });
}
HV_API int hv_copy_(Handle t, Handle source) {
  return guard_status([&] { t->copy_(*source); });
}
