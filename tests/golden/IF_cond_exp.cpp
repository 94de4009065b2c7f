// IF_cond_exp, parameters shared, precision double.
// Leaky integrate-and-fire cell with exponentially decaying synaptic conductances.
#include "pynn_annarchy/neurons.h"

using Real = double;
using Count = int64_t;
constexpr int32_t PNN_REAL = PNN_F64;

namespace {

struct IF_cond_exp {
    using Count = ::Count;
    static constexpr int64_t FLUSHED_EVERY = 32;  // steps
    static constexpr bool RESETS = true;
    static constexpr bool LOOKS = true;  // at what decides about its form
    static constexpr bool RESTS = true;  // has a form for inputs at rest
    static constexpr int RECEPTORS = 2;
    static constexpr bool IS_DRAWN = false;  // a step only draws how often a cell spikes
    static constexpr bool TELLS = true;  // its spikes by what it has stored
    static constexpr bool LEAVES = true;  // what decides about the next step's form
    static constexpr bool RESETS_LEFT = false;  // a spike changes that

    Real* v;
    Real* gsyn_exc;
    Real* gsyn_inh;
    const Real* i_inj;
    bool rests_i_inj_;
    double* refractory;
    Real v_reset;
    Real v_thresh;
    Real dt_over_tau_m;
    Real relaxation_v_constant;
    Real relaxation_v_constant_2;
    Real v_constant;
    Real v_constant_2;
    Real v_constant_3;
    Real dt_over_cm;
    Real P_gsyn_exc_gsyn_exc;
    Real P_gsyn_inh_gsyn_inh;
    double refractory_steps;
    pnn::Received input_0_;  // excitatory
    pnn::Received input_1_;  // inhibitory
    int added_to_;
    double t;  // start of the step, ms
    Real dt;   // ms
    double step_;  // its number
    int64_t most_0_;  // rank
    double spikes_above_;

    PNN_FN IF_cond_exp(const pnn_segment& segment, const pnn_step& step)
        : v(static_cast<Real*>(segment.arrays[0])),
          gsyn_exc(static_cast<Real*>(segment.arrays[1])),
          gsyn_inh(static_cast<Real*>(segment.arrays[2])),
          i_inj(static_cast<const Real*>(segment.arrays[3])),
          rests_i_inj_(segment.arrays[3] == nullptr),
          refractory(static_cast<double*>(segment.arrays[4])),
          v_reset(static_cast<Real>(segment.shared[0])),
          v_thresh(static_cast<Real>(segment.shared[1])),
          dt_over_tau_m(static_cast<Real>(segment.shared[2])),
          relaxation_v_constant(static_cast<Real>(segment.shared[3])),
          relaxation_v_constant_2(static_cast<Real>(segment.shared[4])),
          v_constant(static_cast<Real>(segment.shared[5])),
          v_constant_2(static_cast<Real>(segment.shared[6])),
          v_constant_3(static_cast<Real>(segment.shared[7])),
          dt_over_cm(static_cast<Real>(segment.shared[8])),
          P_gsyn_exc_gsyn_exc(static_cast<Real>(segment.shared[9])),
          P_gsyn_inh_gsyn_inh(static_cast<Real>(segment.shared[10])),
          refractory_steps(static_cast<double>(segment.shared[11])),
          input_0_(pnn::received_of(segment, 0)),
          input_1_(pnn::received_of(segment, 1)),
          added_to_(segment.added != nullptr ? segment.added_to : -1),
          t(step.t),
          dt(static_cast<Real>(step.dt)),
          step_(static_cast<double>(step.step)),
          most_0_(pnn::most_for_small(dt_over_tau_m, relaxation_v_constant_2, relaxation_v_constant)),
          spikes_above_(pnn::just_below(static_cast<double>(v_thresh))) {}

    PNN_HOST void go_to_(int64_t first_) {
        if (rests_i_inj_) i_inj = pnn::ZEROS<Real> - first_;
    }
    PNN_FN bool at_rest_() const { return rests_i_inj_; }
    PNN_FN bool counts_() const { return added_to_ < 0 && input_0_.numbers != nullptr; }
    PNN_FN void sum_up_(int64_t first_, int64_t n_) const {
        pnn::sum_up(input_0_, first_, n_);
        pnn::sum_up(input_1_, first_, n_);
    }
    template <class Form_, class Amounts_>
    PNN_FN void form_ahead_(int64_t first_, int n_, Amounts_& amounts_) {
        pnn::form_ahead<Form_, 0>(input_0_, first_, n_, amounts_[0]);
        pnn::form_ahead<Form_, 1>(input_1_, first_, n_, amounts_[1]);
    }

    // whether exponential steps are short
    PNN_FN bool are_small_(int64_t first_, int64_t n_) const {
        int64_t beyond_ = 0;
        PNN_INDEPENDENT
        for (int64_t i = first_; i < first_ + n_; ++i) {
            const Real relaxation_v = pnn::fma(this->gsyn_inh[i], relaxation_v_constant_2, pnn::fma(this->gsyn_exc[i],
                relaxation_v_constant, dt_over_tau_m));
            beyond_ |= pnn::beyond_small(relaxation_v);
        }
        return beyond_ >= 0;
    }

    // IF_cond_exp: one cell over one step; returns its number of spikes
    template <class Form_>
    PNN_FN Count update(int64_t i, pnn::Signs& signs_) const {
        const auto i_inj = pnn::input_in<Form_>(this->i_inj, i);
        Real v = this->v[i];
        Real gsyn_exc = this->gsyn_exc[i];
        Real gsyn_inh = this->gsyn_inh[i];
        const double refractory = this->refractory[i];
        const bool is_refractory = refractory >= this->step_;
        // dv/dt = (v_rest - v)/tau_m + (gsyn_exc*(e_rev_E - v) + gsyn_inh*(e_rev_I - v) + i_offset + i_inj)/cm : init=-65.0, unless_refractory
        // dgsyn_exc/dt = -gsyn_exc/tau_syn_E
        // dgsyn_inh/dt = -gsyn_inh/tau_syn_I
        const Real relaxation_v = pnn::fma(gsyn_inh, relaxation_v_constant_2, pnn::fma(gsyn_exc,
            relaxation_v_constant, dt_over_tau_m));
        v = is_refractory ? v : pnn::fma(static_cast<Real>(pnn::exprel_in<Form_>(-relaxation_v)),
            pnn::fma(-relaxation_v, v, pnn::fma(i_inj, dt_over_cm, pnn::fma(gsyn_inh, v_constant_3, pnn::fma(gsyn_exc,
            v_constant_2, v_constant)))), v);
        gsyn_exc = P_gsyn_exc_gsyn_exc * gsyn_exc;
        gsyn_inh = P_gsyn_inh_gsyn_inh * gsyn_inh;
        // excitatory: gsyn_exc = gsyn_exc + input
        gsyn_exc = pnn::plus_received<Form_, 0>(gsyn_exc, input_0_, i);
        pnn::clear_received<Form_>(input_0_, i);
        // inhibitory: gsyn_inh = gsyn_inh + input
        gsyn_inh = pnn::plus_received<Form_, 1>(gsyn_inh, input_1_, i);
        pnn::clear_received<Form_>(input_1_, i);
        // spike: v >= v_thresh
        const bool has_spiked = !is_refractory & (v >= v_thresh);
        this->v[i] = v;
        this->gsyn_exc[i] = gsyn_exc;
        this->gsyn_inh[i] = gsyn_inh;
        {  // whether exponential steps of the next step are short
            signs_.beyond |= pnn::above(most_0_, gsyn_inh + gsyn_exc) | pnn::sign_of(gsyn_inh) |
                pnn::sign_of(gsyn_exc);
        }
        signs_.spiked |= pnn::sign_of(spikes_above_ - v);
        return (has_spiked ? Count(1) : Count(0));
    }

    // what update has returned
    PNN_FN Count spikes_(int64_t i) const {
        return (!(this->refractory[i] >= this->step_) & (this->v[i] >= v_thresh) ? Count(1) : Count(0));
    }

    // what follows a spike
    PNN_FN void reset(int64_t i) const {
        Real v = this->v[i];
        // reset: v = v_reset
        v = v_reset;
        this->refractory[i] = this->step_ + refractory_steps;
        this->v[i] = v;
    }

    PNN_FN void flush(int64_t i) const {
        this->v[i] = pnn::flush(this->v[i]);
        this->gsyn_exc[i] = pnn::flush(this->gsyn_exc[i]);
        this->gsyn_inh[i] = pnn::flush(this->gsyn_inh[i]);
    }
};

const pnn_field arrays[] = {{"v", PNN_REAL, 0}, {"gsyn_exc", PNN_REAL, 0}, {"gsyn_inh", PNN_REAL, 0}, {"i_inj",
    PNN_REAL, 1}, {"refractory", PNN_F64, 0}};
const char* const shared_names[] = {"v_reset", "v_thresh", "dt_over_tau_m", "relaxation_v_constant",
    "relaxation_v_constant_2", "v_constant", "v_constant_2", "v_constant_3", "dt_over_cm", "P_gsyn_exc_gsyn_exc",
    "P_gsyn_inh_gsyn_inh", "refractory_steps"};
const char* const receptor_names[] = {"excitatory", "inhibitory"};
const pnn_module module = {PNN_ABI_VERSION, "fingerprint", "IF_cond_exp",
                           arrays, 5, shared_names, 12,
                           receptor_names, 2, &pnn::neurons<IF_cond_exp>, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PNN_EXPORT const pnn_module* pnn_module_entry() { return &module; }
