// SpikeSourcePoisson, parameters shared, precision double.
// Poisson spike source: intervals, or where they are shorter than two steps the number in each step.
#include "pynn_annarchy/neurons.h"

using Real = double;
using Count = int64_t;
constexpr int32_t PNN_REAL = PNN_F64;

namespace {

struct SpikeSourcePoisson_0 {
    using Count = ::Count;
    static constexpr int64_t FLUSHED_EVERY = 32;  // steps
    static constexpr bool RESETS = false;
    static constexpr bool LOOKS = false;  // at what decides about its form
    static constexpr bool RESTS = false;  // has a form for inputs at rest
    static constexpr int RECEPTORS = 0;
    static constexpr bool IS_DRAWN = false;  // a step only draws how often a cell spikes
    static constexpr bool TELLS = false;  // its spikes by what it has stored
    static constexpr bool LEAVES = false;  // what decides about the next step's form
    static constexpr bool RESETS_LEFT = false;  // a spike changes that

    Real* left;
    Real* drawn_rate;
    Real rate;
    Real start;
    Real duration;
    double most_spikes;
    pnn::Identity who_;  // all but the element and the draw
    int64_t element_offset_;
    double t;  // start of the step, ms
    Real dt;   // ms
    double common_0_;

    PNN_FN SpikeSourcePoisson_0(const pnn_segment& segment, const pnn_step& step)
        : left(static_cast<Real*>(segment.arrays[0])),
          drawn_rate(static_cast<Real*>(segment.arrays[1])),
          rate(static_cast<Real>(segment.shared[0])),
          start(static_cast<Real>(segment.shared[1])),
          duration(static_cast<Real>(segment.shared[2])),
          most_spikes(static_cast<double>(segment.shared[3])),
          who_{step.seed_key, segment.object_index, 0, pnn::trial_batch(step.trial, step.batch),
               static_cast<uint32_t>(step.step), 0, 0},
          element_offset_(segment.element_offset),
          t(step.t),
          dt(static_cast<Real>(step.dt)),
          common_0_(pnn::clip((static_cast<double>(start + duration) - this->t) / static_cast<double>(this->dt),
              static_cast<double>(Real(0.0)), static_cast<double>(Real(1.0))) - pnn::clip((static_cast<double>(start) -
              this->t) / static_cast<double>(this->dt), static_cast<double>(Real(0.0)), static_cast<double>(Real(1.0)))) {}

    PNN_FN pnn::Identity identity_(int64_t i, uint32_t draw, uint32_t event = 0) const {
        pnn::Identity drawing = who_;
        drawing.element = static_cast<uint64_t>(element_offset_ + i);
        drawing.draw = draw;
        drawing.event = event;
        return drawing;
    }

    PNN_HOST void go_to_(int64_t) {
    }

    // SpikeSourcePoisson: one cell over one step where not rate * this->dt > Real(500.0); returns its number of spikes
    template <class Form_>
    PNN_FN Count update(int64_t i, pnn::Signs&) const {
        Real left = this->left[i];
        Real drawn_rate = this->drawn_rate[i];
        // left = ite(rate*dt > 500, left, ite(rate == drawn_rate, left, Exponential(ite(rate > 0, 1000/(rate*dt), 1e+30))) - (clip((start + duration - t)/dt, 0, 1) - clip((start - t)/dt, 0, 1)))
        // drawn_rate = ite(rate*dt > 500, drawn_rate, rate) : init=-1
        left = static_cast<Real>(static_cast<double>(rate == drawn_rate ? left :
            static_cast<Real>(pnn::exponential(identity_(i, 0), static_cast<double>(rate > Real(0.0) ? Real(1000.0) /
            (rate * this->dt) : Real(1e+30))))) - common_0_);
        drawn_rate = rate;
        // spike: not rate*dt > 500 and left <= 0
        Count n_spikes = Count(0.0);
        while ((left <= Real(0.0)) & (static_cast<double>(n_spikes) < most_spikes)) {
            // reset: left = left + Exponential(ite(rate > 0, 1000/(rate*dt), 1e+30))
            left = left + static_cast<Real>(pnn::exponential(identity_(i, 1, static_cast<uint32_t>(n_spikes)),
                static_cast<double>(rate > Real(0.0) ? Real(1000.0) / (rate * this->dt) : Real(1e+30))));
            n_spikes += 1;
        }
        // emits: ite(rate*dt > 500, Poisson(rate*dt/1000*(clip((start + duration - t)/dt, 0, 1) - clip((start - t)/dt, 0, 1))), 0)
        this->left[i] = left;
        this->drawn_rate[i] = drawn_rate;
        return n_spikes;
    }

    PNN_FN void flush(int64_t i) const {
        this->left[i] = pnn::flush(this->left[i]);
        this->drawn_rate[i] = pnn::flush(this->drawn_rate[i]);
    }
};

struct SpikeSourcePoisson_1 {
    using Count = ::Count;
    static constexpr int64_t FLUSHED_EVERY = 0;  // steps
    static constexpr bool RESETS = false;
    static constexpr bool LOOKS = false;  // at what decides about its form
    static constexpr bool RESTS = false;  // has a form for inputs at rest
    static constexpr int RECEPTORS = 0;
    static constexpr bool IS_DRAWN = true;  // a step only draws how often a cell spikes
    static constexpr bool TELLS = false;  // its spikes by what it has stored
    static constexpr bool LEAVES = false;  // what decides about the next step's form
    static constexpr bool RESETS_LEFT = false;  // a spike changes that

    Real rate;
    Real start;
    Real duration;
    pnn::Identity who_;  // all but the element and the draw
    int64_t element_offset_;
    double t;  // start of the step, ms
    Real dt;   // ms
    pnn::PoissonLaw law_of_poisson_2_;

    PNN_FN SpikeSourcePoisson_1(const pnn_segment& segment, const pnn_step& step)
        : rate(static_cast<Real>(segment.shared[0])),
          start(static_cast<Real>(segment.shared[1])),
          duration(static_cast<Real>(segment.shared[2])),
          who_{step.seed_key, segment.object_index, 0, pnn::trial_batch(step.trial, step.batch),
               static_cast<uint32_t>(step.step), 0, 0},
          element_offset_(segment.element_offset),
          t(step.t),
          dt(static_cast<Real>(step.dt)),
          law_of_poisson_2_(static_cast<double>(rate * this->dt / Real(1000.0)) * (pnn::clip((static_cast<double>(start
              + duration) - this->t) / static_cast<double>(this->dt), static_cast<double>(Real(0.0)),
              static_cast<double>(Real(1.0))) - pnn::clip((static_cast<double>(start) - this->t) /
              static_cast<double>(this->dt), static_cast<double>(Real(0.0)), static_cast<double>(Real(1.0))))) {}

    PNN_FN pnn::Identity identity_(int64_t i, uint32_t draw, uint32_t event = 0) const {
        pnn::Identity drawing = who_;
        drawing.element = static_cast<uint64_t>(element_offset_ + i);
        drawing.draw = draw;
        drawing.event = event;
        return drawing;
    }

    PNN_HOST void go_to_(int64_t) {
    }

    struct Ahead {
        static constexpr int64_t SIZE = pnn::MANY_DRAWN;
        double poisson_2_[SIZE];
    };
    PNN_FN void prepare(int64_t first_, int64_t n_, Ahead& ahead_) const {
        const int64_t i = first_;
        law_of_poisson_2_.draw(identity_(i, 2), n_, ahead_.poisson_2_);
    }

    // how often cells spike, and all of them together; negative where that is not told so
    PNN_HOST int64_t count_(int64_t first_, int64_t n_, uint16_t* counts_) const {
        const int64_t i = first_;
        const pnn::Identity identity = identity_(i, 2);
        const pnn::PoissonLaw& law = law_of_poisson_2_;
        return law.has_bounds_of(identity, n_) ? law.count(identity, n_, counts_) : -1;
    }

    // SpikeSourcePoisson: one cell over one step where rate * this->dt > Real(500.0); returns its number of spikes
    template <class Form_>
    PNN_FN Count update(int64_t i, int64_t k_, const Ahead& ahead_, pnn::Signs&) const {
        const double poisson_2_ = static_cast<double>(ahead_.poisson_2_[k_]);
        // left = ite(rate*dt > 500, left, ite(rate == drawn_rate, left, Exponential(ite(rate > 0, 1000/(rate*dt), 1e+30))) - (clip((start + duration - t)/dt, 0, 1) - clip((start - t)/dt, 0, 1)))
        // drawn_rate = ite(rate*dt > 500, drawn_rate, rate) : init=-1
        // spike: not rate*dt > 500 and left <= 0
        // emits: ite(rate*dt > 500, Poisson(rate*dt/1000*(clip((start + duration - t)/dt, 0, 1) - clip((start - t)/dt, 0, 1))), 0)
        return static_cast<Count>(static_cast<Real>(poisson_2_));
    }
};

struct SpikeSourcePoisson {
    using Count = ::Count;
    using Regimes = pnn::Regimes<SpikeSourcePoisson_0, SpikeSourcePoisson_1>;

    Real rate;
    double t;  // start of the step, ms
    Real dt;   // ms

    PNN_FN SpikeSourcePoisson(const pnn_segment& segment, const pnn_step& step)
        : rate(static_cast<Real>(segment.shared[0])),
          t(step.t),
          dt(static_cast<Real>(step.dt)) {}

    PNN_FN int regime() const { return (rate * this->dt > Real(500.0) ? 1 : 0); }
};

const pnn_field arrays[] = {{"left", PNN_REAL, 0}, {"drawn_rate", PNN_REAL, 0}};
const char* const shared_names[] = {"rate", "start", "duration", "most_spikes"};
const char* const receptor_names[] = {nullptr};
const pnn_module module = {PNN_ABI_VERSION, "fingerprint", "SpikeSourcePoisson",
                           arrays, 2, shared_names, 4,
                           receptor_names, 0, &pnn::neurons<SpikeSourcePoisson>, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PNN_EXPORT const pnn_module* pnn_module_entry() { return &module; }
