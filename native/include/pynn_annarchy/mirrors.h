// mirrors.h: what a device has of the host's: copies of arrays, and what kernels are told about them.
#ifndef PYNN_ANNARCHY_MIRRORS_H
#define PYNN_ANNARCHY_MIRRORS_H

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "pynn_annarchy/device.h"

namespace pnn {

// What becomes of an array while a device runs steps.
enum class Use {
    constant,                      // they read it; the host may have changed it between two runs
    working,                       // they change it; if the host has anything to do with it, it is handed back after the run
    state                          // they change it; it stays on the device until somebody asks for it
};

// Copies of the host's arrays, found by any address within them. Of states each copy knows whether it is newer than the
// host's, or older; of all others the host's is the truth between runs.
class Mirrors {
public:
    explicit Mirrors(std::shared_ptr<Device> device) : device_(std::move(device)) {}

    // Before a run: all that is not asked for in it goes.
    void begin();
    void end_of_asking();
    // The copy of what lies at an address of the host, made where there is none, with its present values.
    void* of(const void* host, std::size_t bytes, Use use);
    // Of one that has been asked for.
    void* known(const void* host) const;
    // After a run: everything that it has changed.
    void hand_back();
    // After a run: states have changed, and stay where they are.
    void note_changes();
    // Where the device has the newer values of a state, the host gets them.
    void fetch(const void* host);
    void fetch_all();
    // The host changes a state, which it has fetched.
    void touch(const void* host);
    // Hands over the states that the host has changed.
    void push();

private:
    struct Copy {
        std::size_t bytes = 0;
        bool is_asked_for = false, is_newer_there = false, is_newer_here = false;
        Use use = Use::constant;
        DeviceArray<char> there;
    };
    using Copies = std::map<const char*, Copy>;
    Copies::iterator find(const void* host);
    static void fetch(Copies::value_type& copy);

    std::shared_ptr<Device> device_;
    Copies copies_;
};

// Small things that kernels read, one behind the other, handed over together.
class Arguments {
public:
    explicit Arguments(const std::shared_ptr<Device>& device) : there_(device) {}

    void clear() { here_.clear(); }
    // Returns the place.
    template <class T>
    std::size_t add(const T* values, std::size_t n) {
        const std::size_t place = (here_.size() + alignment - 1) / alignment * alignment;
        const char* const bytes = reinterpret_cast<const char*>(values);
        here_.resize(place);
        here_.insert(here_.end(), bytes, bytes + n * sizeof(T));
        return place;
    }
    template <class T>
    std::size_t add(const std::vector<T>& values) {
        return add(values.data(), values.size());
    }
    void hand_over() { there_.upload(here_); }
    // Other values for what lies at a place.
    template <class T>
    void replace(std::size_t place, const std::vector<T>& values) {
        there_.put(reinterpret_cast<const char*>(values.data()), place, values.size() * sizeof(T));
    }
    template <class T>
    T* at(std::size_t place) const {
        return reinterpret_cast<T*>(there_.data() + place);
    }

private:
    static constexpr std::size_t alignment = 16;
    std::vector<char> here_;
    DeviceArray<char> there_;
};

}  // namespace pnn

#endif
