// device.h: a device that runs a network's steps, and its memory, as the engine sees them.
#ifndef PYNN_ANNARCHY_DEVICE_H
#define PYNN_ANNARCHY_DEVICE_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "pynn_annarchy/cuda/abi.h"

namespace pnn {

// The launchers of a loaded module; null where it was not compiled for a device.
const pnn_device_module* device_module_of(const pnn_module* module);
void remember_device_module(const pnn_module* module, const pnn_device_module* launchers);

// What a device or its library could not do; `code` is the runtime's, 0 where the library itself could not be loaded.
class DeviceError : public std::runtime_error {
public:
    DeviceError(const std::string& text, int32_t code_) : std::runtime_error(text), code(code_) {}
    const int32_t code;
};

// What has been asked of a device since it was opened.
struct Requests {
    int64_t launches = 0;          // of kernels, once where they are kept
    int64_t repetitions = 0;       // of what is kept
    int64_t uploaded = 0, downloaded = 0;  // bytes
    int64_t alongside = 0;                 // bytes of those that were downloaded while there were launches
};

class Device {
public:
    Device() = default;
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    ~Device();

    // `order`: in which an emulation takes its lanes.
    static std::shared_ptr<Device> open(const char* path, int device, int order);

    // As it was when it was opened.
    const pnn_device_properties& properties() const { return properties_; }
    const pnn_device_library& library() const { return *library_; }
    bool is_emulated() const { return library_->guard != nullptr; }
    // Of what is for no step in particular.
    pnn_launch how() const { return how_; }
    // Of kernels for the step that lies so far behind the base.
    pnn_launch how(int64_t offset, const pnn_step& common) const;
    void check(int32_t code, const char* what) const;
    void* allocate(std::size_t bytes);
    void release(void* memory, std::size_t bytes);
    std::size_t allocated() const { return allocated_; }
    void upload(void* there, const void* here, std::size_t bytes);
    void download(void* here, const void* there, std::size_t bytes);
    // Memory of the host to which copies are made while kernels run; null where the system has no more of it.
    void* lock(std::size_t bytes);
    void unlock(void* memory);
    // What is copied must be there already, and must stay as it is until all these copies have ended, for which the host waits.
    void begin_download(void* locked, const void* there, std::size_t bytes);
    void end_downloads();
    const Requests& requests() const { return requests_; }
    void note_repetition() { ++requests_.repetitions; }

    pnn_control* d_control = nullptr;

private:
    const pnn_device_library* library_ = nullptr;
    pnn_device_properties properties_{};
    pnn_launch how_{};
    std::size_t allocated_ = 0;
    Requests requests_;
    int64_t under_way_ = 0, launched_before_ = 0;  // bytes that are being downloaded, and launches before that
    int64_t launched() const { return requests_.launches + requests_.repetitions; }
};

// Launches that are done again and again as a whole.
class Graph {
public:
    // Whatever `launch_all(launch)` launches.
    template <class LaunchAll>
    Graph(std::shared_ptr<Device> device, const LaunchAll& launch_all) : device_(std::move(device)) {
        pnn_launch how = device_->how();
        device_->check(device_->library().begin_keeping(&how), "keep launches");
        try {
            launch_all(how);
        } catch (...) {
            device_->library().end_keeping(&graph_, &how);
            forget();
            throw;
        }
        device_->check(device_->library().end_keeping(&graph_, &how), "keep launches");
    }
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;
    ~Graph() { forget(); }
    void repeat() const {
        const pnn_launch how = device_->how();
        device_->check(device_->library().repeat(graph_, &how), "repeat launches");
        device_->note_repetition();
    }

private:
    void forget() {
        const pnn_launch how = device_->how();
        if (graph_ != nullptr) device_->library().forget(graph_, &how);
    }
    std::shared_ptr<Device> device_;
    void* graph_ = nullptr;
};

// An array in a device's memory.
template <class T>
class DeviceArray {
public:
    DeviceArray() = default;
    explicit DeviceArray(std::shared_ptr<Device> device) : device_(std::move(device)) {}
    DeviceArray(DeviceArray&& other) noexcept { swap(other); }
    DeviceArray& operator=(DeviceArray&& other) noexcept {
        swap(other);
        return *this;
    }
    DeviceArray(const DeviceArray&) = delete;
    DeviceArray& operator=(const DeviceArray&) = delete;
    ~DeviceArray() {
        if (data_ != nullptr) device_->release(data_, capacity_ * sizeof(T));
    }

    T* data() const { return data_; }
    std::size_t size() const { return n_; }
    // Room for n elements; what was there is lost where there was less.
    void resize(std::size_t n) {
        if (n > capacity_) {
            DeviceArray fresh(device_);
            fresh.data_ = static_cast<T*>(device_->allocate(n * sizeof(T)));
            fresh.capacity_ = n;
            swap(fresh);
        }
        n_ = n;
    }
    void upload(const T* host, std::size_t n) {
        resize(n);
        put(host, 0, n);
    }
    template <class Container>
    void upload(const Container& host) {
        upload(host.data(), host.size());
    }
    void put(const T* host, std::size_t at, std::size_t n) {
        if (n > 0) device_->upload(data_ + at, host, n * sizeof(T));
    }
    void download(T* host, std::size_t at, std::size_t n) const {
        if (n > 0) device_->download(host, data_ + at, n * sizeof(T));
    }
    void fill_zero() {
        const pnn_launch how = device_->how();
        if (n_ > 0) device_->check(device_->library().fill(data_, 0, n_ * sizeof(T), &how), "clear memory");
    }
    void swap(DeviceArray& other) noexcept {
        std::swap(device_, other.device_);
        std::swap(data_, other.data_);
        std::swap(n_, other.n_);
        std::swap(capacity_, other.capacity_);
    }

private:
    std::shared_ptr<Device> device_;
    T* data_ = nullptr;
    std::size_t n_ = 0, capacity_ = 0;
};

}  // namespace pnn

#endif
