// generate.h: connections drawn natively. What is drawn belongs to the rank of the connection, not to an order (DESIGN D7).
#ifndef PYNN_ANNARCHY_GENERATE_H
#define PYNN_ANNARCHY_GENERATE_H

#include <cstdint>
#include <limits>

namespace pnn {

// The law of a weight or of a delay.
struct Law {
    enum Kind : int32_t { CONSTANT, UNIFORM, NORMAL, LOGNORMAL, EXPONENTIAL, GAMMA, NORMAL_CLIPPED };
    Kind kind = CONSTANT;
    double first = 0.0;        // the value itself, or the law's parameters in the order of distributions.h
    double second = 0.0;
    double low = 0.0;          // of NORMAL_CLIPPED: what lies outside is drawn anew
    double high = 0.0;
    uint32_t seed_key = 0;
    uint32_t stream = 0;
    uint64_t position = 0;     // of the first connection in the stream
};

struct Plan {
    uint32_t seed_key = 0;     // of the pairs
    uint32_t stream = 0;
    uint64_t position = 0;
    Law weight;                // rounded to 32 bits where it is drawn
    Law delay;                 // ms
    double dt = 1.0;           // ms
    double tolerance = 0.0;    // of the rounding of delays to steps
};

// Smallest and largest of what was drawn, and whether a law failed: parameters out of range, or hardly anything between
// its limits.
struct Drawn {
    struct Range {
        double least = std::numeric_limits<double>::infinity(), greatest = -least;
        bool failed = false;

        void include(double value);
        void include(const Range& other);
    };
    Range weight, delay;
};

}  // namespace pnn

#endif
