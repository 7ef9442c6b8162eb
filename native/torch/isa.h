// The instruction set whose compilation of the row kernels runs here.
#pragma once

namespace hv {

#if defined(HV_X86)
enum class Level { kPlain, kAvx2, kAvx512 };

inline Level level() {
  static const Level best = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
                                ? Level::kAvx512
                            : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? Level::kAvx2
                                                                                              : Level::kPlain;
  return best;
}
#define HV_PICK(name) \
  (hv::level() == hv::Level::kAvx512 ? name##_avx512 : hv::level() == hv::Level::kAvx2 ? name##_avx2 : name##_plain)
#else
#define HV_PICK(name) (name##_plain)
#endif

}  // namespace hv
