// A loop of the caller's on libtorch's own threads. A second pool would fight with them: for some milliseconds after each product
// they wait for the next one without giving up their cores.
#include "shim.h"

#include <ATen/Parallel.h>

#include <atomic>

// body(state, 0) ... body(state, count - 1), in any order, on at most so many threads; returns when all are done. The body must
// not throw.
HV_API int hv_parallel_for(int64_t count, int threads, void (*body)(void*, int64_t), void* state) {
  return hv::guard_status([&] {
    std::atomic<int64_t> next{0};
    at::parallel_for(0, threads, 1, [&](int64_t, int64_t) {
      for (int64_t i; (i = next.fetch_add(1)) < count;) body(state, i);
    });
  });
}
