// prefetch.h: asks the CPU for what will be read.
#ifndef PYNN_ANNARCHY_PREFETCH_H
#define PYNN_ANNARCHY_PREFETCH_H

#include <stdint.h>

#include "pynn_annarchy/target.h"

namespace pnn {

// The empty statement keeps GCC from dropping loops that do nothing else.
PNN_HOST void ask_for(const void* address) {
    __builtin_prefetch(address);
    __asm__ volatile("" : : "r"(address));
}

// The same into the second cache, which waits for more lines at a time than the first one can.
PNN_HOST void ask_ahead_for(const void* address) {
    __builtin_prefetch(address, 0, 1);
    __asm__ volatile("" : : "r"(address));
}

constexpr int64_t MOST_LINES = 64;  // of the cache that are worth asking for at once

// For the lines of n values, from the first one's on.
template <void (*ask)(const void*) = ask_for, class T>
PNN_HOST void ask_for_all(const T* first, int64_t n) {
    const char* const begin = reinterpret_cast<const char*>(first);
    const int64_t bytes = n * static_cast<int64_t>(sizeof(T)), most = MOST_LINES * 64;
    for (int64_t at = 0; at < (bytes < most ? bytes : most); at += 64) ask(begin + at);
}

}  // namespace pnn

#endif
