// memory.h: large arrays that the CPU reads fast: 64-byte aligned, on huge pages where the kernel grants them.
#ifndef PYNN_ANNARCHY_MEMORY_H
#define PYNN_ANNARCHY_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace pnn {

// Lets the system have pages that are free but lie between others, which the library keeps.
inline void return_free_pages() {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

// A fixed-size array without constructors; not initialised.
template <class T>
class Array {
public:
    Array() = default;
    explicit Array(std::size_t n) : n_(n) {
        if (n == 0) return;
        constexpr std::size_t huge_page = std::size_t(2) << 20;
        const std::size_t bytes = n * sizeof(T);
        const std::size_t alignment = bytes >= huge_page ? huge_page : 64;
        const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
        data_ = static_cast<T*>(std::aligned_alloc(alignment, rounded));
        if (data_ == nullptr) throw std::bad_alloc();
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        // Synaptic rows are read at random: huge pages save most of the misses of the address translation (D8).
        if (alignment == huge_page) madvise(data_, rounded, MADV_HUGEPAGE);
#endif
    }
    Array(Array&& other) noexcept { swap(other); }
    Array& operator=(Array&& other) noexcept {
        swap(other);
        return *this;
    }
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;
    ~Array() { std::free(data_); }

    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return n_; }
    T& operator[](std::size_t i) { return data_[i]; }
    const T& operator[](std::size_t i) const { return data_[i]; }
    void release() { Array().swap(*this); }
    void swap(Array& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(n_, other.n_);
    }

private:
    T* data_ = nullptr;
    std::size_t n_ = 0;
};

}  // namespace pnn

#endif
