// StochasticTsodyksMarkramSynapse, traces once a cell.
// One vesicle, released with the probability u and replaced with the rate 1/tau_rec; 'empty' is the probability that it has not been replaced yet.
#include "pynn_annarchy/learn.h"

namespace {

struct StochasticTsodyksMarkramSynapse_State {
    static constexpr int n_ = 1;
    double empty;

    PNN_FN static StochasticTsodyksMarkramSynapse_State read_([[maybe_unused]] const double* values_, [[maybe_unused]] int64_t stride_) {
        return {values_[0 * stride_]};
    }
    PNN_FN void write_([[maybe_unused]] double* values_, [[maybe_unused]] int64_t stride_) const {
        values_[0 * stride_] = empty;
    }
};

template <bool is_fast>  // whether all parameters are shared and all decays are in tables
struct StochasticTsodyksMarkramSynapse {
    using State = StochasticTsodyksMarkramSynapse_State;
    static constexpr int n_parameters = 4, n_decays = 2;
    static constexpr int n_pre_traces = 1, n_post_traces = 0;
    static constexpr bool has_post = false, has_stored = true;
    static constexpr bool counts_repetitions = true;
    static constexpr bool arrives_first = false, asks_sent = false;

    pnn::Parameter<is_fast> weight;
    pnn::Parameter<is_fast> U;
    pnn::Parameter<is_fast> tau_rec;
    pnn::Parameter<is_fast> tau_facil;
    double* empty;
    pnn::Decay<is_fast> decay_0_;  // tau_facil
    pnn::Decay<is_fast> decay_1_;  // tau_rec
    const uint32_t* ranks_;
    pnn::Identity who_;  // all but the synapse, the spike and the draw
    double dt;  // ms

    PNN_FN StochasticTsodyksMarkramSynapse([[maybe_unused]] const pnn_rows& rows, const pnn_step& step)
        : weight(rows, 0),
          U(rows, 1),
          tau_rec(rows, 2),
          tau_facil(rows, 3),
          empty(static_cast<double*>(rows.arrays[4])),
          decay_0_(rows, 0),
          decay_1_(rows, 1),
          ranks_(rows.ranks),
          who_{step.seed_key, rows.object_index, 0, pnn::trial_batch(step.trial, step.batch), 0, 0, 0},
          dt(step.dt) {}

    PNN_FN State load([[maybe_unused]] uint64_t s) const {
        return {this->empty[s]};
    }

    PNN_FN void store([[maybe_unused]] uint64_t s, [[maybe_unused]] const State& state) const {
        this->empty[s] = state.empty;
    }

    PNN_FN const double* first_stored() const { return this->empty; }

    PNN_FN pnn::Identity identity_(uint64_t s, const pnn_event& event, uint32_t draw) const {
        pnn::Identity drawing = who_;
        drawing.element = ranks_[s];
        drawing.step = static_cast<uint32_t>(event.step);
        drawing.event = event.repetition;
        drawing.draw = draw;
        return drawing;
    }

    // StochasticTsodyksMarkramSynapse: what a pre-synaptic spike does in one synapse; returns what it sends
    PNN_FN double pre(State& state, [[maybe_unused]] uint64_t s, [[maybe_unused]] const pnn_event& event,
                      [[maybe_unused]] const double* pre_before,
                      [[maybe_unused]] const double* post_traces) const {
        const double weight = this->weight[s];
        const double U = this->U[s];
        const double tau_rec = this->tau_rec[s];
        const double tau_facil = this->tau_facil[s];
        const double decay_of_u = decay_0_(tau_facil, event.since_pre, this->dt);
        double u = pre_before[0] * decay_of_u;
        const double decay_of_empty = decay_1_(tau_rec, event.since_pre, this->dt);
        double empty = state.empty * decay_of_empty;
        double g_target = 0.0;
        // pre_spike: u = U + (1 - U)*ite(tau_facil > 0, u, 0)
        u = U + (1.0 - U) * (tau_facil > 0.0 ? u : 0.0);
        // pre_spike: is_empty = Uniform(0, 1) < empty : bool
        const double is_empty = (pnn::uniform(identity_(s, event, 0), 0.0, 1.0) < empty ? double(1) : double(0));
        // pre_spike: releases = not is_empty and Uniform(0, 1) < u : bool
        const double releases = (!(is_empty != 0.0) & (pnn::uniform(identity_(s, event, 1), 0.0, 1.0) < u) ? double(1)
            : double(0));
        // pre_spike: empty = ite(is_empty or releases, 1, 0)
        empty = (is_empty != 0.0) | (releases != 0.0) ? 1.0 : 0.0;
        // pre_spike: g_target = g_target + ite(releases, weight, 0)
        g_target = g_target + (releases != 0.0 ? weight : 0.0);
        state.empty = pnn::flush(empty);
        return g_target;
    }

    // StochasticTsodyksMarkramSynapse: what a post-synaptic spike does in one synapse
    PNN_FN void post(State& state, [[maybe_unused]] uint64_t s, [[maybe_unused]] const pnn_event& event,
                     [[maybe_unused]] const double* pre_traces,
                     [[maybe_unused]] const double* post_before) const {
    }

    // StochasticTsodyksMarkramSynapse: the traces of a pre-synaptic cell after one more spike
    PNN_FN void pre_trace([[maybe_unused]] double* traces,
                          [[maybe_unused]] const pnn_event& event) const {
        const double U = this->U[0];
        const double tau_facil = this->tau_facil[0];
        const double decay_of_u = decay_0_(tau_facil, event.since_pre, this->dt);
        double u = traces[0] * decay_of_u;
        // pre_spike: u = U + (1 - U)*ite(tau_facil > 0, u, 0)
        u = U + (1.0 - U) * (tau_facil > 0.0 ? u : 0.0);
        traces[0] = pnn::flush(u);
    }

    // StochasticTsodyksMarkramSynapse: the traces of a post-synaptic cell after one more spike
    PNN_FN void post_trace([[maybe_unused]] double* traces,
                           [[maybe_unused]] const pnn_event& event) const {
    }
};

const pnn_field arrays[] = {{"weight", PNN_F64, 0}, {"U", PNN_F64, 0}, {"tau_rec", PNN_F64, 0}, {"tau_facil", PNN_F64,
    0}, {"empty", PNN_F64, 0}};
const char* const shared_names[] = {nullptr};
const char* const receptor_names[] = {nullptr};
const pnn_module module = {PNN_ABI_VERSION, "fingerprint", "StochasticTsodyksMarkramSynapse",
                           arrays, 5, shared_names, 0,
                           receptor_names, 0, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                           &pnn::learn<StochasticTsodyksMarkramSynapse>,
                           &pnn::pre_trace<StochasticTsodyksMarkramSynapse>,
                           &pnn::post_trace<StochasticTsodyksMarkramSynapse>,
                           1, 0, 0, 1, 0};

}  // namespace

PNN_EXPORT const pnn_module* pnn_module_entry() { return &module; }
