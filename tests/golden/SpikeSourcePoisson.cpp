// SpikeSourcePoisson, parameters shared, precision double.
// Poisson spike source: intervals, or where they are shorter than two steps the number in each step.
#include "pynn_annarchy/neurons.h"

using Real = double;
using Count = int64_t;
constexpr int32_t PNN_REAL = PNN_F64;

namespace {

struct SpikeSourcePoisson {
    using Count = ::Count;

    Real* share;
    Real* left;
    Real* drawn_rate;
    Real rate;
    Real start;
    Real one_over_dt;
    Real start_plus_duration;
    double most_spikes;
    pnn::Identity who_;  // all but the element and the draw
    int64_t element_offset_;
    double t;  // start of the step, ms
    Real dt;   // ms

    PNN_FN SpikeSourcePoisson(const pnn_segment& segment, const pnn_step& step)
        : share(static_cast<Real*>(segment.arrays[0])),
          left(static_cast<Real*>(segment.arrays[1])),
          drawn_rate(static_cast<Real*>(segment.arrays[2])),
          rate(static_cast<Real>(segment.shared[0])),
          start(static_cast<Real>(segment.shared[1])),
          one_over_dt(static_cast<Real>(segment.shared[2])),
          start_plus_duration(static_cast<Real>(segment.shared[3])),
          most_spikes(static_cast<double>(segment.shared[4])),
          who_{step.seed_key, segment.object_index, 0, pnn::trial_batch(step.trial, step.batch),
               static_cast<uint32_t>(step.step), 0, 0},
          element_offset_(segment.element_offset),
          t(step.t),
          dt(static_cast<Real>(step.dt)) {}

    PNN_FN pnn::Identity identity_(int64_t i, uint32_t draw, uint32_t event = 0) const {
        pnn::Identity drawing = who_;
        drawing.element = static_cast<uint64_t>(element_offset_ + i);
        drawing.draw = draw;
        drawing.event = event;
        return drawing;
    }

    // SpikeSourcePoisson: one cell over one step; returns its number of spikes
    PNN_FN Count update(int64_t i) const {
        Real share = this->share[i];
        Real left = this->left[i];
        Real drawn_rate = this->drawn_rate[i];
        // share = clip((start + duration - t)/dt, 0, 1) - clip((start - t)/dt, 0, 1)
        // left = ite(rate == drawn_rate, left, Exponential(ite(rate > 0 and not rate*dt > 500, 1000/(rate*dt), 1e+30))) - share
        // drawn_rate = rate : init=-1
        share = static_cast<Real>(pnn::clip((static_cast<double>(start_plus_duration) - this->t) *
            static_cast<double>(one_over_dt), static_cast<double>(Real(0.0)), static_cast<double>(Real(1.0))) -
            pnn::clip((static_cast<double>(start) - this->t) * static_cast<double>(one_over_dt),
            static_cast<double>(Real(0.0)), static_cast<double>(Real(1.0))));
        left = (rate == drawn_rate ? left : static_cast<Real>(pnn::exponential(identity_(i, 0),
            static_cast<double>((rate > Real(0.0)) & !(rate * this->dt > Real(500.0)) ? Real(1000.0) / (rate *
            this->dt) : Real(1e+30))))) - share;
        drawn_rate = rate;
        // spike: left <= 0
        Count n_spikes = Count(0.0);
        while ((left <= Real(0.0)) & (static_cast<double>(n_spikes) < most_spikes)) {
            // reset: left = left + Exponential(ite(rate > 0 and not rate*dt > 500, 1000/(rate*dt), 1e+30))
            left = left + static_cast<Real>(pnn::exponential(identity_(i, 1, static_cast<uint32_t>(n_spikes)),
                static_cast<double>((rate > Real(0.0)) & !(rate * this->dt > Real(500.0)) ? Real(1000.0) / (rate *
                this->dt) : Real(1e+30))));
            n_spikes += 1;
        }
        // emits: ite(rate*dt > 500, Poisson(rate*dt/1000*share), 0)
        this->share[i] = pnn::flush(share);
        this->left[i] = pnn::flush(left);
        this->drawn_rate[i] = pnn::flush(drawn_rate);
        return n_spikes + static_cast<Count>(rate * this->dt > Real(500.0) ?
            static_cast<Real>(pnn::poisson(identity_(i, 2), static_cast<double>(rate * this->dt / Real(1000.0) *
            share))) : Real(0.0));
    }
};

const pnn_field arrays[] = {{"share", PNN_REAL}, {"left", PNN_REAL}, {"drawn_rate", PNN_REAL}};
const char* const shared_names[] = {"rate", "start", "one_over_dt", "start_plus_duration", "most_spikes"};
const char* const receptor_names[] = {nullptr};
const pnn_module module = {PNN_ABI_VERSION, "fingerprint", "SpikeSourcePoisson",
                           arrays, 3, shared_names, 5,
                           receptor_names, 0, &pnn::neurons<SpikeSourcePoisson>, nullptr};

}  // namespace

PNN_EXPORT const pnn_module* pnn_module_entry() { return &module; }
