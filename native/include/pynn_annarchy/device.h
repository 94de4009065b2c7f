// device.h: a device that runs a network's steps, and its memory, as the engine sees them.
//
// Between runs the host's arrays are the truth: whatever is read, set, saved or rebuilt then knows of no device. A run
// takes over what has changed and hands back what it has written.
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
    // Of kernels for a step.
    pnn_launch for_step(int64_t step) const;
    void check(int32_t code, const char* what) const;
    void* allocate(std::size_t bytes);
    void release(void* memory, std::size_t bytes);
    std::size_t allocated() const { return allocated_; }

    pnn_control* d_control = nullptr;

private:
    const pnn_device_library* library_ = nullptr;
    pnn_device_properties properties_{};
    pnn_launch how_{};
    std::size_t allocated_ = 0;
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
        const pnn_launch how = device_->for_step(0);
        if (n > 0) device_->check(device_->library().upload(data_ + at, host, n * sizeof(T), &how), "take data over");
    }
    void download(T* host, std::size_t at, std::size_t n) const {
        const pnn_launch how = device_->for_step(0);
        if (n > 0) device_->check(device_->library().download(host, data_ + at, n * sizeof(T), &how), "hand data back");
    }
    void fill_zero() {
        const pnn_launch how = device_->for_step(0);
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
