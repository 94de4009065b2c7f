// on_device.h: the step loop of a network whose steps are done by a device: deliver -> currents -> cells -> record, as kernels
// that are launched one after the other.
//
// What is launched in every step is prepared once a run. Steps in which the host has nothing else to do are kept as a graph,
// some together, and repeated.
//
// Spikes stay on the device until the longest delay is over; what was under way before a run is delivered as lists of
// groups that the host's calendars have, and what still is after it goes back there.
#ifndef PYNN_ANNARCHY_ON_DEVICE_H
#define PYNN_ANNARCHY_ON_DEVICE_H

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "pynn_annarchy/device.h"
#include "pynn_annarchy/engine.h"
#include "pynn_annarchy/mirrors.h"
#include "pynn_annarchy/records.h"

namespace pnn {

constexpr int64_t NEVER = std::numeric_limits<int64_t>::max();

inline std::size_t size_of(int32_t dtype) { return dtype == PNN_F32 || dtype == PNN_I32 ? 4 : 8; }

// Whether synapses are not changed by anything that happens in a step.
inline bool is_static(const Projection& projection) { return projection.module != nullptr && !projection.learns && !projection.clocked; }

class OnDevice : public SynapsesElsewhere {
public:
    OnDevice(Engine& engine, std::shared_ptr<Device> device);
    ~OnDevice() override { forget_learners(); }
    int run(int64_t n_steps);
    // Between runs, states and spikes under way may be on the device alone. Before the host has to do with anything but states:
    void take_back() override;
    // Before it reads, or changes, the state at an address; for all states; and to hand over those that it has changed.
    void fetch(const void* host) { mirrors_.fetch(host); }
    void touch(const void* host) { mirrors_.touch(host); }
    void fetch_all() { mirrors_.fetch_all(); }
    void push() { mirrors_.push(); }

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
            : index(device), count(device), numbers(device), spikes(device), recorded(device), rate_counts(device), rate_index(device), rate_count(device),
              rate_end(device), values(device), counts(device) {}
        int64_t ring_size = 0;
        DeviceArray<uint32_t> index, count, numbers;
        std::size_t arrays = 0, inputs = 0, shared = 0, quanta = 0;  // places among the arguments
        bool is_listed = true;                   // whether lists are kept, if there is a number for each cell
        int64_t last_given = -1;                 // step in which the host has emitted spikes
        Records<pnn_recorded> spikes;
        uint64_t n_taken = 0;                    // of them
        DeviceArray<uint8_t> recorded;
        DeviceArray<uint32_t> rate_counts, rate_index, rate_count, rate_end;
        int64_t rate_first = 0;                  // step of the first entry of rate_end
        DeviceArray<double> values;              // of the whole population
        DeviceArray<uint16_t> counts;            // spikes of each cell, by step as in the ring; where somebody asks for them

        std::size_t width() const { return index.size() / std::size_t(ring_size); }  // of a list
        pnn_ring ring() const;
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
    // Of a projection that learns by itself; see pnn_learner. The values of its synapses, and the histories of post-synaptic
    // elements, are states among the mirrors.
    struct Learner {
        explicit Learner(const std::shared_ptr<Device>& device)
            : arrays(device), array_steps(device), row_start(device), group_start(device), passing(device), n_passing(device),
              group_delay(device), delays(device), last(device), before(device), caught_up(device), last_traces(device),
              before_traces(device) {}
        std::weak_ptr<Projection> of;
        int64_t n_slots = 0;
        DeviceArray<void*> arrays;
        DeviceArray<int32_t> array_steps;
        DeviceArray<uint32_t> row_start, group_start, passing, n_passing;
        DeviceArray<uint16_t> group_delay, delays;
        DeviceArray<int64_t> last, before, caught_up;
        DeviceArray<double> last_traces, before_traces;
    };
    // Of a projection that learns as the host tells it.
    struct History {
        explicit History(const std::shared_ptr<Device>& device) : values(device) {}
        DeviceArray<double> values;
        bool has_changed = true;
    };
    struct SignalThere {
        explicit SignalThere(const std::shared_ptr<Device>& device) : index(device), rows(device) {}
        DeviceArray<int64_t> index;
        Records<double> rows;
        const void* source = nullptr;
        int64_t start_step = 0, every = 1;
    };
    // What some steps have recorded, on its way to the host: where it will lie, and where it belongs.
    struct Arriving {
        template <class T, class Home>
        struct Part {
            T* first;
            std::size_t n;
            Home* home;
        };
        std::vector<Part<pnn_recorded, RecordedSpikes>> spikes;
        std::vector<Part<double, double>> samples;
    };
    // Routes of one module, and their place among the arguments.
    struct Delivery {
        std::vector<pnn_route> routes;
        std::size_t place = 0;
    };
    // The same of projections that learn by themselves.
    struct Learners {
        std::vector<pnn_learner> learners;
        std::size_t place = 0;
    };
    // What is launched in every step of a run.
    struct Recipe {
        std::map<const pnn_device_module*, Delivery> deliveries;
        std::map<const pnn_device_module*, std::vector<pnn_cells>> updates;
        std::map<const pnn_device_module*, Learners> learning;
        std::vector<std::size_t> resting, axonal;                // numbers of populations
        std::vector<pnn_window> windows;
        std::vector<pnn_spike_record> spikes;
        std::vector<pnn_copy> published, recorded;
        std::size_t rings = 0;                                   // place among the arguments
    };

    void prepare(int64_t n_steps);
    void go_on();
    void prepare_population(std::size_t number, int64_t n_steps);
    void prepare_rates(Population& population, Cells& cells, int64_t n_steps);
    void prepare_projection(const std::shared_ptr<Projection>& projection);
    void prepare_paths(const std::shared_ptr<Projection>& projection);
    void prepare_learning(Projection& projection);
    // Projections that learn by themselves; see on_device_learning.cpp.
    bool is_led(const Projection& projection) const;
    bool may_learn_alone(const Projection& projection) const;
    int64_t reserve_of(const Projection& projection) const;
    int64_t capacity_of(const Projection& projection) const;
    void prepare_learner(const std::shared_ptr<Projection>& projection);
    void put_sources(const Projection& projection, Learner& learner);
    void find_learners();
    pnn_learner learner_of(const Projection& projection, const Learner& learner) const;
    void prepare_learners();
    void learn_due();
    void remember_there();
    int64_t next_due() const;
    void add_due(int64_t n);
    void hand_back_learning(Projection& projection, const Learner& learner);
    void hand_back_sources(Projection& projection, const Learner& learner);
    void forget_learners();
    void prepare_clocked(Projection& projection);
    void prepare_column(Column& column, Use use);
    bool may_go_on() const;
    bool stays() const;
    void find_listed();
    void find_lists_read();
    void check_supported() const;
    int64_t steps_at_once(int64_t left) const;
    void make_room(int64_t n_steps);
    void prepare_recipe();
    void prepare_routes(const std::shared_ptr<Projection>& projection, std::vector<pnn_route>& routes);
    void prepare_cells(std::size_t number);
    void prepare_records();
    int64_t next_by_host(int64_t n) const;
    int64_t next_by_host(const Population& population, int64_t n) const;
    int64_t do_steps(int64_t first, int64_t last);
    void do_alone(int64_t first, int64_t last);
    void keep_steps(int64_t at_once);
    void launch_step();
    void step(int64_t n);
    void step_with_host(int64_t n);
    void deliver();
    void update();
    void end_step();
    void rest(Population& population);
    void deliver_listed(int64_t n);
    void add_listed(Projection& projection, int64_t n, std::vector<pnn_route>& routes);
    pnn_launch launch_at(int64_t n) const;
    void fetch_lists(int64_t n);
    void remember(int64_t n);
    pnn_control seen_control();
    pnn_rows there(const Projection& projection, pnn_rows view);
    pnn_dendrites there(const pnn_dendrites& view, const Projection& projection);
    void* there(const void* host) const;
    // Values that kernels of this step read. Those of the next step may lie at the same place: copies and kernels keep their
    // order.
    template <class T>
    T* lend(const T* values, std::size_t n) {
        if (n_lent_ == loans_.size()) loans_.push_back(std::make_unique<DeviceArray<char>>(device_));
        DeviceArray<char>& loan = *loans_[n_lent_++];
        loan.upload(reinterpret_cast<const char*>(values), n * sizeof(T));
        return reinterpret_cast<T*>(loan.data());
    }
    std::vector<std::vector<pnn_passage>> rounds(const std::vector<pnn_passage>& passages) const;
    pnn_route route_of(const Projection& projection, const Paths& paths) const;
    void update_currents(const pnn_step& present);
    void inject(Population& population);
    void update_by_host(std::size_t number, int64_t n);
    void form_values(int64_t n);
    void emit_given(Population& population, Cells& cells, int64_t n);
    void follow_schedule(Schedule& schedule, int64_t n);
    void show_frame(Population& population, int64_t n);
    void publish();
    Arriving take_records(int64_t first, int64_t last);
    void take_spikes(Arriving& arriving);
    void take_samples(int64_t first, int64_t last, Arriving& arriving);
    void keep(const Arriving& arriving);
    void take_list(std::size_t number, int64_t n, SpikeList& list) const;
    static void take_each(const Cells& cells, std::size_t first, std::size_t n, SpikeList& list);
    void finish();
    void hand_back_spikes();
    void put_under_way(Projection& projection, int64_t first, int64_t last);
    void hand_back_rates(Population& population, Cells& cells, int64_t last);
    int64_t largest_delay(std::size_t population) const;
    template <class Call>
    void call(const char* what, Call launcher) {
        device_->check(launcher(device_->library(), &how_), what);
    }

    Engine& engine_;
    std::shared_ptr<Device> device_;
    Mirrors mirrors_;
    std::vector<std::unique_ptr<Cells>> cells_;                  // by number of the population
    Arguments arguments_;
    Recipe recipe_;
    DeviceArray<uint64_t> n_recorded_;                           // spikes, by number of the population
    std::unique_ptr<Graph> graph_;                               // of a number of steps
    std::map<const Projection*, std::unique_ptr<Paths>> paths_;
    std::vector<std::unique_ptr<SignalThere>> signals_;
    std::map<const Injection*, std::unique_ptr<DeviceArray<int64_t>>> injections_;
    std::vector<std::unique_ptr<DeviceArray<char>>> loans_;      // of one step, and how many there are of it
    std::size_t n_lent_ = 0;
    int64_t first_ = 0;                                          // step of the run
    int64_t known_from_ = 0;                                     // step of emission from which on spikes are on the device
    bool is_prepared_ = false, has_spikes_ = false;              // ... and whether they are there alone
    pnn_control seen_{};                                         // as it was last seen
    int64_t base_ = 0;                                           // from which launches count, as the device has it
    std::map<const Projection*, std::unique_ptr<Learner>> learners_;
    bool has_led_ = false;                                       // whether the host has to know of spikes in every step
    int64_t room_ = 0;                                           // steps that records have room for, twice
    std::map<const Projection*, std::unique_ptr<History>> histories_;
    std::vector<std::size_t> listed_;                            // populations whose spikes the host has to know in each step
    Engine::Due due_;
    bool is_remembering_ = false;
    pnn_launch how_{};
};

}  // namespace pnn

#endif
