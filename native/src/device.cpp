// device.cpp: the library of a device, loaded when one is asked for.
#include "pynn_annarchy/device.h"

#include <dlfcn.h>

#include <map>
#include <mutex>

namespace pnn {

namespace {

std::map<const pnn_module*, const pnn_device_module*>& launchers() {
    static std::map<const pnn_module*, const pnn_device_module*> known;
    return known;
}

}  // namespace

const pnn_device_module* device_module_of(const pnn_module* module) {
    const auto found = launchers().find(module);
    return found == launchers().end() ? nullptr : found->second;
}

void remember_device_module(const pnn_module* module, const pnn_device_module* given) { launchers()[module] = given; }

std::shared_ptr<Device> Device::open(const char* path, int device, int order) {
    void* const loaded = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (loaded == nullptr) throw DeviceError(dlerror(), 0);
    const auto entry = reinterpret_cast<pnn_device_library_entry_fn>(dlsym(loaded, "pnn_device_library_entry"));
    if (entry == nullptr) throw DeviceError("no symbol 'pnn_device_library_entry'", 0);
    auto opened = std::make_shared<Device>();
    opened->library_ = entry();
    if (opened->library_->version != PNN_DEVICE_VERSION) throw DeviceError("the device's library is of another version", 0);
    const int32_t failed = opened->library_->open(device, &opened->properties_, &opened->how_);
    if (failed != 0) {
        const std::string n = std::to_string(opened->properties_.n_devices);
        throw DeviceError(std::string(opened->library_->describe(failed)) + " (devices found: " + n + ")", failed);
    }
    opened->how_.offset = PNN_ANY_STEP;
    opened->how_.n_launches = &opened->requests_.launches;
    opened->how_.device = device;
    opened->how_.order = order;
    opened->how_.guard = opened->library_->guard;
    opened->d_control = static_cast<pnn_control*>(opened->allocate(sizeof(pnn_control)));
    opened->how_.d_control = opened->d_control;
    return opened;
}

pnn_launch Device::how(int64_t offset, const pnn_step& common) const {
    pnn_launch how = how_;
    how.offset = offset;
    how.common = common;
    return how;
}

void Device::check(int32_t code, const char* what) const {
    if (code == 0) return;
    throw DeviceError(std::string("the device '") + properties_.name + "' could not " + what + ": " + library_->describe(code), code);
}

void* Device::allocate(std::size_t bytes) {
    void* memory = nullptr;
    const int32_t failed = library_->allocate(&memory, bytes > 0 ? bytes : 1, &how_);
    if (failed != 0)
        throw DeviceError("the network does not fit into the memory of the device '" + std::string(properties_.name) + "': " +
                              std::to_string(allocated_ >> 20) + " MiB were taken, " + std::to_string((bytes >> 20) + 1) +
                              " MiB more were asked for, and " + std::to_string(properties_.free_memory >> 20) + " of " +
                              std::to_string(properties_.memory >> 20) + " MiB were free at first",
                          failed);
    allocated_ += bytes;
    return memory;
}

void Device::release(void* memory, std::size_t bytes) {
    library_->release(memory, &how_);
    allocated_ -= bytes;
}

void Device::upload(void* there, const void* here, std::size_t bytes) {
    check(library_->upload(there, here, bytes, &how_), "take data over");
    requests_.uploaded += int64_t(bytes);
}

void Device::download(void* here, const void* there, std::size_t bytes) {
    check(library_->download(here, there, bytes, &how_), "hand data back");
    requests_.downloaded += int64_t(bytes);
}

void* Device::lock(std::size_t bytes) {
    void* memory = nullptr;
    return library_->lock(&memory, bytes, &how_) == 0 ? memory : nullptr;
}

// Called where nothing may be thrown: a device that has failed says so in the next call.
void Device::unlock(void* memory) {
    library_->end_downloads(&how_);
    library_->unlock(memory, &how_);
}

void Device::begin_download(void* locked, const void* there, std::size_t bytes) {
    if (under_way_ == 0) launched_before_ = launched();
    check(library_->begin_download(locked, there, bytes, &how_), "hand data back");
    under_way_ += int64_t(bytes);
    requests_.downloaded += int64_t(bytes);
}

void Device::end_downloads() {
    if (under_way_ == 0) return;
    check(library_->end_downloads(&how_), "hand data back");
    if (launched() > launched_before_) requests_.alongside += under_way_;
    under_way_ = 0;
}

Device::~Device() {
    if (d_control != nullptr) release(d_control, sizeof(pnn_control));
}

}  // namespace pnn
