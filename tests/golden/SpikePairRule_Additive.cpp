// SpikePairRule_Additive, traces once a cell.
// Pairwise STDP, all to all; weight dependence: Additive.
#include "pynn_annarchy/learn.h"

namespace {

struct SpikePairRule_Additive_State {
    static constexpr int n_ = 1;
    double weight;

    PNN_FN static SpikePairRule_Additive_State read_([[maybe_unused]] const double* values_, [[maybe_unused]] int64_t stride_) {
        return {values_[0 * stride_]};
    }
    PNN_FN void write_([[maybe_unused]] double* values_, [[maybe_unused]] int64_t stride_) const {
        values_[0 * stride_] = weight;
    }
};

template <bool is_fast>  // whether all parameters are shared and all decays are in tables
struct SpikePairRule_Additive {
    using State = SpikePairRule_Additive_State;
    static constexpr int n_parameters = 6, n_decays = 2;
    static constexpr int n_pre_traces = 1, n_post_traces = 1;
    static constexpr bool has_post = true, has_stored = true;
    static constexpr bool counts_repetitions = false;
    static constexpr bool arrives_first = false, asks_sent = false;

    pnn::Parameter<is_fast> tau_plus;
    pnn::Parameter<is_fast> tau_minus;
    pnn::Parameter<is_fast> A_plus;
    pnn::Parameter<is_fast> A_minus;
    pnn::Parameter<is_fast> w_min;
    pnn::Parameter<is_fast> w_max;
    double* weight;
    pnn::Decay<is_fast> decay_0_;  // tau_plus
    pnn::Decay<is_fast> decay_1_;  // tau_minus
    double dt;  // ms

    PNN_FN SpikePairRule_Additive([[maybe_unused]] const pnn_rows& rows, const pnn_step& step)
        : tau_plus(rows, 0),
          tau_minus(rows, 1),
          A_plus(rows, 2),
          A_minus(rows, 3),
          w_min(rows, 4),
          w_max(rows, 5),
          weight(static_cast<double*>(rows.arrays[6])),
          decay_0_(rows, 0),
          decay_1_(rows, 1),
          dt(step.dt) {}

    PNN_FN State load([[maybe_unused]] uint64_t s) const {
        return {this->weight[s]};
    }

    PNN_FN void store([[maybe_unused]] uint64_t s, [[maybe_unused]] const State& state) const {
        this->weight[s] = state.weight;
    }

    PNN_FN const double* first_stored() const { return this->weight; }

    // SpikePairRule_Additive: what a pre-synaptic spike does in one synapse; returns what it sends
    PNN_FN double pre(State& state, [[maybe_unused]] uint64_t s, [[maybe_unused]] const pnn_event& event,
                      [[maybe_unused]] const double* pre_before,
                      [[maybe_unused]] const double* post_traces) const {
        const double tau_plus = this->tau_plus[s];
        const double tau_minus = this->tau_minus[s];
        const double A_minus = this->A_minus[s];
        const double w_min = this->w_min[s];
        const double w_max = this->w_max[s];
        const double decay_of_x = decay_0_(tau_plus, event.since_pre, this->dt);
        double x = pre_before[0] * decay_of_x;
        const double decay_of_y = decay_1_(tau_minus, event.since_post, this->dt);
        const double y = post_traces[0] * decay_of_y;
        double weight = state.weight;
        double g_target = 0.0;
        // pre_spike: weight = weight - A_minus*w_max*y
        weight = pnn::minimum(pnn::maximum(weight - A_minus * w_max * y, w_min), w_max);
        // pre_spike: g_target = g_target + weight
        g_target = g_target + weight;
        // pre_spike: x = x + 1
        x = x + 1.0;
        state.weight = pnn::flush(weight);
        return g_target;
    }

    // SpikePairRule_Additive: what a post-synaptic spike does in one synapse
    PNN_FN void post(State& state, [[maybe_unused]] uint64_t s, [[maybe_unused]] const pnn_event& event,
                     [[maybe_unused]] const double* pre_traces,
                     [[maybe_unused]] const double* post_before) const {
        const double tau_plus = this->tau_plus[s];
        const double tau_minus = this->tau_minus[s];
        const double A_plus = this->A_plus[s];
        const double w_min = this->w_min[s];
        const double w_max = this->w_max[s];
        const double decay_of_x = decay_0_(tau_plus, event.since_pre, this->dt);
        const double x = pre_traces[0] * decay_of_x;
        const double decay_of_y = decay_1_(tau_minus, event.since_post, this->dt);
        double y = post_before[0] * decay_of_y;
        double weight = state.weight;
        // post_spike: weight = weight + A_plus*w_max*x
        weight = pnn::minimum(pnn::maximum(weight + A_plus * w_max * x, w_min), w_max);
        // post_spike: y = y + 1
        y = y + 1.0;
        state.weight = pnn::flush(weight);
    }

    // SpikePairRule_Additive: the traces of a pre-synaptic cell after one more spike
    PNN_FN void pre_trace([[maybe_unused]] double* traces,
                          [[maybe_unused]] const pnn_event& event) const {
        const double tau_plus = this->tau_plus[0];
        const double decay_of_x = decay_0_(tau_plus, event.since_pre, this->dt);
        double x = traces[0] * decay_of_x;
        // pre_spike: x = x + 1
        x = x + 1.0;
        traces[0] = pnn::flush(x);
    }

    // SpikePairRule_Additive: the traces of a post-synaptic cell after one more spike
    PNN_FN void post_trace([[maybe_unused]] double* traces,
                           [[maybe_unused]] const pnn_event& event) const {
        const double tau_minus = this->tau_minus[0];
        const double decay_of_y = decay_1_(tau_minus, event.since_post, this->dt);
        double y = traces[0] * decay_of_y;
        // post_spike: y = y + 1
        y = y + 1.0;
        traces[0] = pnn::flush(y);
    }
};

const pnn_field arrays[] = {{"tau_plus", PNN_F64, 0}, {"tau_minus", PNN_F64, 0}, {"A_plus", PNN_F64, 0}, {"A_minus",
    PNN_F64, 0}, {"w_min", PNN_F64, 0}, {"w_max", PNN_F64, 0}, {"weight", PNN_F64, 0}};
const char* const shared_names[] = {nullptr};
const char* const receptor_names[] = {nullptr};
const pnn_module module = {PNN_ABI_VERSION, "fingerprint", "SpikePairRule_Additive",
                           arrays, 7, shared_names, 0,
                           receptor_names, 0, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                           &pnn::learn<SpikePairRule_Additive>,
                           &pnn::pre_trace<SpikePairRule_Additive>,
                           &pnn::post_trace<SpikePairRule_Additive>,
                           1, 1, 1, 0, 0};

}  // namespace

PNN_EXPORT const pnn_module* pnn_module_entry() { return &module; }
