// target.h: the words that differ between g++ and nvcc.
#ifndef PYNN_ANNARCHY_TARGET_H
#define PYNN_ANNARCHY_TARGET_H

#if defined(__CUDACC__)
#define PNN_FN __host__ __device__ __forceinline__
#define PNN_APART __host__ __device__ __noinline__
#else
#define PNN_FN inline __attribute__((always_inline))
#define PNN_APART __attribute__((noinline))
#endif

#if defined(__GNUC__)
#define PNN_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define PNN_EXPORT extern "C"
#endif

#endif
