// StaticSynapse, parameters shared, precision double.
// Synapse of constant weight.
#include "pynn_annarchy/deliver.h"

using Real = double;
using Count = int64_t;
constexpr int32_t PNN_REAL = PNN_F64;

namespace {

struct StaticSynapse {
    using Count = ::Count;

    double t;  // start of the step, ms
    Real dt;   // ms

    PNN_FN StaticSynapse([[maybe_unused]] const pnn_rows& rows, const pnn_step& step)
        : t(step.t),
          dt(static_cast<Real>(step.dt)) {}

    // StaticSynapse: what one synapse sends when a spike arrives
    PNN_FN double increment(double weight) const {
        double g_target = 0.0;
        // pre_spike: g_target = g_target + weight
        g_target = g_target + weight;
        return g_target;
    }
};

const pnn_field arrays[] = {{nullptr, 0, 0}};
const char* const shared_names[] = {nullptr};
const char* const receptor_names[] = {nullptr};
const pnn_module module = {PNN_ABI_VERSION, "fingerprint", "StaticSynapse",
                           arrays, 0, shared_names, 0,
                           receptor_names, 0, nullptr, &pnn::deliver<StaticSynapse>, &pnn::deliver_counts<StaticSynapse>, &pnn::deliver_bundle<StaticSynapse>, &pnn::deliver_bits<StaticSynapse>, &pnn::deliver_pairs};

}  // namespace

PNN_EXPORT const pnn_module* pnn_module_entry() { return &module; }
