// on_device.h: the step loop of a network whose steps are done by a device: deliver -> currents -> cells -> record, as kernels
// that are launched one after the other.
//
// Spikes stay on the device until the longest delay is over; what was under way before a run is delivered as lists of
// groups that the host's calendars have, and what still is after it goes back there.
#ifndef PYNN_ANNARCHY_ON_DEVICE_H
#define PYNN_ANNARCHY_ON_DEVICE_H

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "pynn_annarchy/device.h"
#include "pynn_annarchy/engine.h"

namespace pnn {

// Copies of the host's arrays, found by any address within them.
class Mirrors {
public:
    explicit Mirrors(std::shared_ptr<Device> device) : device_(std::move(device)) {}

    // Before a run: all that is not asked for in it goes.
    void begin();
    void end_of_asking();
    // The copy of what lies at an address of the host, made where there is none, with its present values. `is_written`:
    // whether a run changes it.
    void* of(const void* host, std::size_t bytes, bool is_written);
    // Of one that has been asked for.
    void* known(const void* host) const;
    // After a run.
    void hand_back();

private:
    struct Copy {
        std::size_t bytes = 0;
        bool is_asked_for = false, is_written = false;
        DeviceArray<char> there;
    };

    std::shared_ptr<Device> device_;
    std::map<const char*, Copy> copies_;
};

class OnDevice : public SynapsesElsewhere {
public:
    OnDevice(Engine& engine, std::shared_ptr<Device> device);
    int run(int64_t n_steps);

    void learn(const Projection& projection, const pnn_rows& view, const std::vector<pnn_passage>& passages, const pnn_step& step) override;
    void add(const pnn_rows& view, uint32_t element, int64_t amount) override;
    void run_synapses(const Projection& projection, const pnn_dendrites& view, const pnn_step& step, int32_t what) override;
    void pass_spikes(const Projection& projection, const pnn_dendrites& view, const pnn_rows& rows,
                     const std::vector<pnn_passage>& passages, const pnn_step& step) override;
    void reach(const Projection& projection, const pnn_dendrites& view, const pnn_step& step) override;
    void assign(double* values, const std::vector<uint32_t>& index, double value) override;

private:
    // Of one population: its spikes by step of emission, and what its kernels are given.
    struct Cells {
        explicit Cells(const std::shared_ptr<Device>& device)
            : index(device), count(device), numbers(device), ring(device), record_step(device), record_index(device),
              record_count(device), n_recorded(device), recorded(device), rate_counts(device), rate_index(device), rate_count(device),
              rate_end(device), values(device), counts(device) {}
        int64_t ring_size = 0;
        DeviceArray<uint32_t> index, count, numbers;
        DeviceArray<pnn_sent> ring;
        std::vector<void*> arrays;
        std::vector<int64_t*> inputs;
        DeviceArray<int64_t> record_step;
        DeviceArray<uint32_t> record_index, record_count, n_recorded;
        DeviceArray<uint8_t> recorded;
        DeviceArray<uint32_t> rate_counts, rate_index, rate_count, rate_end;
        int64_t rate_first = 0;                  // step of the first entry of rate_end
        DeviceArray<double> values;              // of the whole population
        DeviceArray<uint16_t> counts;            // spikes of each cell, by step as in the ring; where somebody asks for them

        std::size_t width() const { return index.size() / std::size_t(ring_size); }  // of a list
        uint16_t* counts_at(int64_t step) const;
        pnn_sent at(int64_t step) const;
    };
    // Of a projection that sends its weights.
    struct Paths {
        explicit Paths(const std::shared_ptr<Device>& device)
            : targets(device), weights(device), row_start(device), group_start(device), group_delay(device), delays(device), shared(device),
              groups(device) {}
        std::weak_ptr<Projection> of;
        uint64_t version = 0;
        DeviceArray<char> targets, weights;
        DeviceArray<uint32_t> row_start, group_start;
        DeviceArray<uint16_t> group_delay, delays;
        DeviceArray<double> shared;
        DeviceArray<pnn_group> groups;
        bool is_counted = false;                 // numbers for all sources are delivered instead of lists (stream.h)
    };
    // Of a projection that learns.
    struct History {
        explicit History(const std::shared_ptr<Device>& device) : values(device) {}
        DeviceArray<double> values;
        bool has_changed = true;
    };
    struct SignalThere {
        explicit SignalThere(const std::shared_ptr<Device>& device) : index(device), rows(device) {}
        DeviceArray<int64_t> index;
        DeviceArray<double> rows;
        int64_t n_rows = 0;
    };

    void prepare(int64_t n_steps);
    void prepare_population(std::size_t number, int64_t n_steps);
    void prepare_rates(Population& population, Cells& cells, int64_t n_steps);
    void prepare_projection(const std::shared_ptr<Projection>& projection);
    void prepare_paths(const std::shared_ptr<Projection>& projection);
    void prepare_learning(Projection& projection);
    void prepare_clocked(Projection& projection);
    void prepare_column(Column& column, bool is_written);
    void check_supported() const;
    int64_t steps_at_once(int64_t left) const;
    void make_room(int64_t n_steps);
    void step(int64_t n);
    void deliver(int64_t n);
    void fetch_lists(int64_t n);
    void remember(int64_t n);
    bool has_failed();
    pnn_rows there(const Projection& projection, pnn_rows view);
    pnn_dendrites there(const pnn_dendrites& view, const Projection& projection);
    void* there(const void* host) const;
    template <class T>
    T* lend(const T* values, std::size_t n);
    std::vector<std::vector<pnn_passage>> rounds(const std::vector<pnn_passage>& passages) const;
    void add_routes(const std::shared_ptr<Projection>& projection, bool takes_new, int64_t n, std::vector<pnn_route>& routes);
    pnn_route route_of(const Projection& projection, const Paths& paths) const;
    void update_currents(const pnn_step& present);
    void inject(Population& population);
    void update_populations(const pnn_step& present);
    void form_values(int64_t n);
    void rest(Population& population, Cells& cells, int64_t n);
    void emit_given(Population& population, Cells& cells, int64_t n);
    void follow_schedule(Schedule& schedule, int64_t n);
    void show_frame(Population& population, int64_t n);
    void publish(int64_t n);
    void take_rates(int64_t n);
    void record(int64_t n);
    void take_records(int64_t first, int64_t last);
    void take_list(const Cells& cells, int64_t n, SpikeList& list) const;
    void finish(int64_t first, int64_t last);
    void put_under_way(Projection& projection, int64_t first, int64_t last);
    void hand_back_rates(Population& population, Cells& cells, int64_t last);
    int64_t largest_delay(std::size_t population) const;
    template <class Call>
    void call(const char* what, Call launcher);

    Engine& engine_;
    std::shared_ptr<Device> device_;
    Mirrors mirrors_;
    std::vector<std::unique_ptr<Cells>> cells_;                  // by number of the population
    std::vector<pnn_ring> rings_;
    std::map<const Projection*, std::unique_ptr<Paths>> paths_;
    std::vector<std::unique_ptr<SignalThere>> signals_;
    std::map<const Injection*, std::unique_ptr<DeviceArray<int64_t>>> injections_;
    std::vector<std::unique_ptr<DeviceArray<char>>> loans_;      // of one step, and how many there are of it
    std::size_t n_lent_ = 0;
    int64_t first_ = 0;                                          // step of the run
    int64_t room_ = 0;                                           // steps that records have room for
    std::map<const Projection*, std::unique_ptr<History>> histories_;
    std::vector<std::size_t> listed_;                            // populations whose spikes the host has to know in each step
    Engine::Due due_;
    bool is_remembering_ = false;
    pnn_launch how_{};
};

}  // namespace pnn

#endif
