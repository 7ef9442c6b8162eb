// Gradients of recorded operations under their PyTorch names.
#include "shim.h"

using namespace hv;

HV_API int hv_requires_grad(Handle t) { return t->requires_grad() ? 1 : 0; }
HV_API int hv_requires_grad_(Handle t, int on) {
  return guard_status([&] { t->requires_grad_(on != 0); });
}
HV_API int hv_backward(Handle t) {
  return guard_status([&] { t->backward(); });
}
// The gradient, sharing memory with the one inside; null without an error where there is none.
HV_API Handle hv_grad(Handle t) {
  if (!t->grad().defined()) {
    last_error.clear();
    return nullptr;
  }
  return guard([&] { return t->grad(); });
}
HV_API Handle hv_detach(Handle t) {
  return guard([&] { return t->detach(); });
}
HV_API Handle hv_cross_entropy(Handle input, Handle target) {
  return guard([&] { return at::cross_entropy_loss(*input, *target); });
}

// How much freed memory waits to be used again. A training step frees all that the next one allocates.
HV_API void hv_keep_memory(int64_t bytes) { keep_memory(static_cast<size_t>(bytes)); }
