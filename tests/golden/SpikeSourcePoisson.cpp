// SpikeSourcePoisson, parameters shared, precision double.
// Poisson spike source. A step belongs to the active time if its middle does, so that neither bound depends on the rounding of t, the time at which the step begins.
#include "pynn_annarchy/neurons.h"

using Real = double;
using Count = int64_t;
constexpr int32_t PNN_REAL = PNN_F64;

namespace {

struct SpikeSourcePoisson {
    using Count = ::Count;

    Real rate;
    Real start;
    Real duration;
    pnn::Identity who_;  // all but the element and the draw
    int64_t element_offset_;
    double t;  // start of the step, ms
    Real dt;   // ms

    PNN_FN SpikeSourcePoisson(const pnn_segment& segment, const pnn_step& step)
        : rate(static_cast<Real>(segment.shared[0])),
          start(static_cast<Real>(segment.shared[1])),
          duration(static_cast<Real>(segment.shared[2])),
          who_{step.seed_key, segment.object_index, 0, pnn::trial_batch(step.trial, step.batch),
               static_cast<uint32_t>(step.step), 0, 0},
          element_offset_(segment.element_offset),
          t(step.t),
          dt(static_cast<Real>(step.dt)) {}

    PNN_FN pnn::Identity identity_(int64_t i, uint32_t draw) const {
        pnn::Identity drawing = who_;
        drawing.element = static_cast<uint64_t>(element_offset_ + i);
        drawing.draw = draw;
        return drawing;
    }

    // SpikeSourcePoisson: one cell over one step; returns its number of spikes
    PNN_FN Count update(int64_t i) const {
        // emits: ite(t + dt/2 >= start and t + dt/2 < start + duration, Poisson(rate*dt/1000), 0)
        return static_cast<Count>(this->t + static_cast<double>(this->dt / Real(2.0)) >= static_cast<double>(start) &&
            this->t + static_cast<double>(this->dt / Real(2.0)) < static_cast<double>(start + duration) ?
            static_cast<Real>(pnn::poisson(identity_(i, 0), static_cast<double>(rate * this->dt / Real(1000.0)))) :
            Real(0.0));
    }
};

const pnn_field arrays[] = {{nullptr, 0}};
const char* const shared_names[] = {"rate", "start", "duration"};
const char* const receptor_names[] = {nullptr};
const pnn_module module = {PNN_ABI_VERSION, "fingerprint", "SpikeSourcePoisson",
                           arrays, 0, shared_names, 3,
                           receptor_names, 0, &pnn::neurons<SpikeSourcePoisson>, nullptr};

}  // namespace

PNN_EXPORT const pnn_module* pnn_module_entry() { return &module; }
