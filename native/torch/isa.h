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
#define HV_DECLARE(type, name) extern const type name##_plain, name##_avx2, name##_avx512;
#else
#define HV_PICK(name) (name##_plain)
#define HV_DECLARE(type, name) extern const type name##_plain;
#endif

// Defines getter<float>() and getter<uint16_t>(): the tables of this processor, FLOATS and BFLOAT16S being their names without
// the instruction set. In namespace hv.
#define HV_TABLES(Table, getter, FLOATS, BFLOAT16S)                \
  HV_DECLARE(Table<float>, FLOATS)                                 \
  HV_DECLARE(Table<uint16_t>, BFLOAT16S)                           \
  template <>                                                      \
  const Table<float>& getter() {                                   \
    return HV_PICK(FLOATS);                                        \
  }                                                                \
  template <>                                                      \
  const Table<uint16_t>& getter() {                                \
    return HV_PICK(BFLOAT16S);                                     \
  }

}  // namespace hv
