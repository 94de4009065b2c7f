// IF_curr_exp, parameters shared, precision double.
// Leaky integrate-and-fire cell with exponentially decaying synaptic currents.
#include "pynn_annarchy/neurons.h"

using Real = double;
using Count = int64_t;
constexpr int32_t PNN_REAL = PNN_F64;

namespace {

struct IF_curr_exp {
    using Count = ::Count;
    static constexpr int64_t FLUSHED_EVERY = 32;  // steps
    static constexpr bool RESETS = true;
    static constexpr bool LOOKS = false;  // at what decides about its form
    static constexpr bool RESTS = true;  // has a form for inputs at rest
    static constexpr int RECEPTORS = 2;
    static constexpr bool IS_DRAWN = false;  // a step only draws how often a cell spikes
    static constexpr bool TELLS = true;  // its spikes by what it has stored
    static constexpr bool LEAVES = false;  // what decides about the next step's form
    static constexpr bool RESETS_LEFT = false;  // a spike changes that

    Real* v;
    Real* isyn_exc;
    Real* isyn_inh;
    const Real* i_inj;
    bool rests_i_inj_;
    double* refractory;
    Real v_reset;
    Real v_thresh;
    Real P_v_v;
    Real P_v_isyn_exc;
    Real P_v_isyn_inh;
    Real P_v_i_inj;
    Real c_v;
    Real P_isyn_exc_isyn_exc;
    Real P_isyn_inh_isyn_inh;
    double refractory_steps;
    pnn::Received input_0_;  // excitatory
    pnn::Received input_1_;  // inhibitory
    int added_to_;
    double t;  // start of the step, ms
    Real dt;   // ms
    double step_;  // its number
    double spikes_above_;

    PNN_FN IF_curr_exp(const pnn_segment& segment, const pnn_step& step)
        : v(static_cast<Real*>(segment.arrays[0])),
          isyn_exc(static_cast<Real*>(segment.arrays[1])),
          isyn_inh(static_cast<Real*>(segment.arrays[2])),
          i_inj(static_cast<const Real*>(segment.arrays[3])),
          rests_i_inj_(segment.arrays[3] == nullptr),
          refractory(static_cast<double*>(segment.arrays[4])),
          v_reset(static_cast<Real>(segment.shared[0])),
          v_thresh(static_cast<Real>(segment.shared[1])),
          P_v_v(static_cast<Real>(segment.shared[2])),
          P_v_isyn_exc(static_cast<Real>(segment.shared[3])),
          P_v_isyn_inh(static_cast<Real>(segment.shared[4])),
          P_v_i_inj(static_cast<Real>(segment.shared[5])),
          c_v(static_cast<Real>(segment.shared[6])),
          P_isyn_exc_isyn_exc(static_cast<Real>(segment.shared[7])),
          P_isyn_inh_isyn_inh(static_cast<Real>(segment.shared[8])),
          refractory_steps(static_cast<double>(segment.shared[9])),
          input_0_(pnn::received_of(segment, 0)),
          input_1_(pnn::received_of(segment, 1)),
          added_to_(segment.added != nullptr ? segment.added_to : -1),
          t(step.t),
          dt(static_cast<Real>(step.dt)),
          step_(static_cast<double>(step.step)),
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

    // IF_curr_exp: one cell over one step; returns its number of spikes
    template <class Form_>
    PNN_FN Count update(int64_t i, pnn::Signs& signs_) const {
        const auto i_inj = pnn::input_in<Form_>(this->i_inj, i);
        Real v = this->v[i];
        Real isyn_exc = this->isyn_exc[i];
        Real isyn_inh = this->isyn_inh[i];
        const double refractory = this->refractory[i];
        const bool is_refractory = refractory >= this->step_;
        // dv/dt = (v_rest - v)/tau_m + (isyn_exc + isyn_inh + i_offset + i_inj)/cm : init=-65.0, unless_refractory
        // disyn_exc/dt = -isyn_exc/tau_syn_E
        // disyn_inh/dt = -isyn_inh/tau_syn_I
        v = is_refractory ? v : pnn::fma(P_v_i_inj, i_inj, pnn::fma(P_v_isyn_inh, isyn_inh, pnn::fma(P_v_isyn_exc,
            isyn_exc, P_v_v * v))) + c_v;
        isyn_exc = P_isyn_exc_isyn_exc * isyn_exc;
        isyn_inh = P_isyn_inh_isyn_inh * isyn_inh;
        // excitatory: isyn_exc = isyn_exc + input
        isyn_exc = pnn::plus_received<Form_, 0>(isyn_exc, input_0_, i);
        pnn::clear_received<Form_>(input_0_, i);
        // inhibitory: isyn_inh = isyn_inh + input
        isyn_inh = pnn::plus_received<Form_, 1>(isyn_inh, input_1_, i);
        pnn::clear_received<Form_>(input_1_, i);
        // spike: v >= v_thresh
        const bool has_spiked = !is_refractory & (v >= v_thresh);
        this->v[i] = v;
        this->isyn_exc[i] = isyn_exc;
        this->isyn_inh[i] = isyn_inh;
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
        this->isyn_exc[i] = pnn::flush(this->isyn_exc[i]);
        this->isyn_inh[i] = pnn::flush(this->isyn_inh[i]);
    }
};

const pnn_field arrays[] = {{"v", PNN_REAL, 0}, {"isyn_exc", PNN_REAL, 0}, {"isyn_inh", PNN_REAL, 0}, {"i_inj",
    PNN_REAL, 1}, {"refractory", PNN_F64, 0}};
const char* const shared_names[] = {"v_reset", "v_thresh", "P_v_v", "P_v_isyn_exc", "P_v_isyn_inh", "P_v_i_inj", "c_v",
    "P_isyn_exc_isyn_exc", "P_isyn_inh_isyn_inh", "refractory_steps"};
const char* const receptor_names[] = {"excitatory", "inhibitory"};
const pnn_module module = {PNN_ABI_VERSION, "fingerprint", "IF_curr_exp",
                           arrays, 5, shared_names, 10,
                           receptor_names, 2, &pnn::neurons<IF_curr_exp>, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PNN_EXPORT const pnn_module* pnn_module_entry() { return &module; }
