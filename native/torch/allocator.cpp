// A pool of large CPU blocks in place of libtorch's malloc.
//
// A forward pass allocates and frees the same few activations of 1 to 100 MB per layer. malloc maps and unmaps each of them
// (always above 64 MB off the main thread), so that every page faults and is zeroed again: products of 6304 x 896 by
// 896 x 4864 in bfloat16 ran at 170 GFLOP/s instead of 405 (2 cores). The pool also asks for huge pages.
#include "shim.h"

#include <c10/core/CPUAllocator.h>

#if defined(__linux__)
#include <sys/mman.h>

#include <cstring>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace {

constexpr size_t kSmallest = 1 << 20;    // below, malloc does well
constexpr size_t kHugePage = 2 << 20;
constexpr size_t kKept = 512u << 20;     // free blocks kept at most unless told otherwise; the longest unused goes first

struct Block {
  char* memory;
  size_t size;
};

class Pool {
 public:
  void* take(size_t wanted) {
    size_t size = class_of(wanted);
    std::lock_guard<std::mutex> lock(mutex_);
    Block block = reuse(size);
    if (block.memory == nullptr) block = {map(size, wanted), size};
    if (block.memory == nullptr) {
      shrink(0);
      block = {map(size, wanted), size};
    }
    TORCH_CHECK(block.memory != nullptr, "out of memory: ", size, " bytes were asked for");
    used_.emplace(block.memory, block.size);
    return block.memory;
  }

  // False if the memory is not the pool's.
  bool give(void* memory) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto it = used_.find(memory);
    if (it == used_.end()) return false;
    free_.push_back({static_cast<char*>(memory), it->second});
    kept_ += it->second;
    used_.erase(it);
    shrink(limit_);
    return true;
  }

  void keep(size_t limit) {
    std::lock_guard<std::mutex> lock(mutex_);
    limit_ = limit;
    shrink(limit);
  }

 private:
  // Eight sizes per power of two. Causal attention asks for a slightly larger block of scores each time; with exact sizes
  // none would serve again. What a tensor does not touch of its block costs addresses, not memory.
  static size_t class_of(size_t wanted) {
    size_t step = kSmallest / 8;
    while (step * 16 < wanted) step *= 2;
    return (wanted + step - 1) / step * step;
  }

  // Aligned to huge pages: more is mapped, and the ends are given back.
  static char* map(size_t size, size_t wanted) {
    void* raw = mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) return nullptr;
    auto begin = reinterpret_cast<uintptr_t>(raw);
    auto memory = (begin + kHugePage - 1) / kHugePage * kHugePage;
    if (memory > begin) munmap(raw, memory - begin);
    munmap(reinterpret_cast<void*>(memory + size), begin + kHugePage - memory);
    // Whole huge pages only, so that no more is resident than was asked for.
    madvise(reinterpret_cast<void*>(memory), wanted / kHugePage * kHugePage, MADV_HUGEPAGE);
    return reinterpret_cast<char*>(memory);
  }

  // Latest first: its pages are likeliest still in the cache. One size too large is better than a new mapping.
  Block reuse(size_t size) {
    for (auto it = free_.rbegin(); it != free_.rend(); ++it)
      if (it->size >= size && it->size - size <= size / 4) {
        Block block = *it;
        free_.erase(std::next(it).base());
        kept_ -= block.size;
        return block;
      }
    return {nullptr, 0};
  }

  void shrink(size_t limit) {
    std::ptrdiff_t gone = 0;
    for (; kept_ > limit; ++gone) {
      kept_ -= free_[static_cast<size_t>(gone)].size;
      munmap(free_[static_cast<size_t>(gone)].memory, free_[static_cast<size_t>(gone)].size);
    }
    free_.erase(free_.begin(), free_.begin() + gone);
  }

  std::mutex mutex_;
  std::vector<Block> free_;  // the longest unused first
  std::unordered_map<void*, size_t> used_;
  size_t kept_ = 0, limit_ = kKept;
};

// Never destroyed: tensors may outlive static destructors.
Pool& pool() {
  static Pool* instance = new Pool();
  return *instance;
}

c10::Allocator* small_blocks = nullptr;

// Blocks of the pool begin on a huge page, which spares almost all small ones the search.
void release(void* memory) {
  bool may_be_large = reinterpret_cast<uintptr_t>(memory) % kHugePage == 0;
  if (!may_be_large || !pool().give(memory)) small_blocks->raw_deallocate(memory);
}

// libtorch changed these signatures (const or not, copy_data) between 1.13 and 2.x; without `override` each version picks
// the ones that it knows.
struct PoolAllocator final : c10::Allocator {
  at::DataPtr allocate(size_t size) const { return make(size); }
  at::DataPtr allocate(size_t size) { return make(size); }
  void copy_data(void* to, const void* from, std::size_t count) const { std::memcpy(to, from, count); }
  at::DeleterFnPtr raw_deleter() const override { return &release; }

 private:
  static at::DataPtr make(size_t size) {
    void* memory = size < kSmallest ? small_blocks->raw_allocate(size) : pool().take(size);
    return {memory, memory, &release, at::Device(at::kCPU)};
  }
};

}  // namespace

namespace hv {

void use_pool() {
  small_blocks = c10::GetCPUAllocator();
  c10::SetCPUAllocator(new PoolAllocator(), 1);
}

void keep_memory(size_t bytes) { pool().keep(bytes); }

}  // namespace hv

#else

namespace hv {

void use_pool() {}
void keep_memory(size_t) {}

}  // namespace hv

#endif
