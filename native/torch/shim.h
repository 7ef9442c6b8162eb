// What every file of the shim shares: the handle type, the export macro and the error boundary.
#pragma once

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

using Handle = at::Tensor*;

#define HV_API extern "C" __attribute__((visibility("default")))

namespace hv {

// allocator.cpp
void use_pool();
void keep_memory(size_t bytes);

inline thread_local std::string last_error;
inline std::atomic<int64_t> live_tensors{0};

inline Handle wrap(at::Tensor tensor) {
  live_tensors.fetch_add(1, std::memory_order_relaxed);
  return new at::Tensor(std::move(tensor));
}

// The values, T being float or the bits of a bfloat16.
template <typename T>
T* data(const at::Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

// No exception may cross the C ABI: the message is kept for the caller, who sees null (or -1) and asks for it.
template <typename F>
Handle guard(F&& body) noexcept {
  try {
    last_error.clear();
    return wrap(body());
  } catch (const c10::Error& e) {
    last_error = e.what_without_backtrace();
  } catch (const std::exception& e) {
    last_error = e.what();
  }
  return nullptr;
}

template <typename F>
int guard_status(F&& body) noexcept {
  try {
    last_error.clear();
    body();
    return 0;
  } catch (const c10::Error& e) {
    last_error = e.what_without_backtrace();
  } catch (const std::exception& e) {
    last_error = e.what();
  }
  return -1;
}

inline at::TensorOptions options(int dtype, int device_type, int device_index) {
  auto device = device_type == 0 ? at::Device(at::kCPU)
                                 : at::Device(static_cast<at::DeviceType>(device_type),
                                              static_cast<c10::DeviceIndex>(device_index));
  return at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)).device(device);
}

inline at::IntArrayRef ints(const int64_t* values, int count) {
  return {values, static_cast<size_t>(count)};
}

}  // namespace hv
