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
// A function that no device has.
#define PNN_HOST inline __attribute__((always_inline))
#define PNN_HOST_APART __attribute__((noinline))

// Before a loop whose rounds do not touch what others of them write.
#if defined(__clang__)
#define PNN_INDEPENDENT _Pragma("clang loop vectorize(enable) interleave(enable)")
#else
#define PNN_INDEPENDENT _Pragma("GCC ivdep")
#endif

// Before a loop of a few rounds, which become one stretch of code.
#if defined(__CUDACC__)
#define PNN_UNROLL
#elif defined(__clang__)
#define PNN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define PNN_UNROLL _Pragma("GCC unroll 16")
#endif

#if defined(__GNUC__)
#define PNN_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define PNN_EXPORT extern "C"
#endif

#endif
