// prefetch.h: asks the CPU for what will be read.
#ifndef PYNN_ANNARCHY_PREFETCH_H
#define PYNN_ANNARCHY_PREFETCH_H

#include "pynn_annarchy/target.h"

namespace pnn {

// The empty statement keeps GCC from dropping loops that do nothing else.
PNN_HOST void ask_for(const void* address) {
    __builtin_prefetch(address);
    __asm__ volatile("" : : "r"(address));
}

}  // namespace pnn

#endif
