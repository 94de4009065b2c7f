// records.h: what kernels record, and its way to the host while they record more.
#ifndef PYNN_ANNARCHY_RECORDS_H
#define PYNN_ANNARCHY_RECORDS_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "pynn_annarchy/device.h"

namespace pnn {

// Where copies from a device arrive: memory that is locked for them, so that kernels run meanwhile. Where the system locks no
// more it is memory like any other, and the host waits for each copy.
class Landing {
public:
    explicit Landing(std::shared_ptr<Device> device) : device_(std::move(device)) {}
    Landing(const Landing&) = delete;
    Landing& operator=(const Landing&) = delete;
    ~Landing() { release(); }

    char* data() const { return locked_ != nullptr ? locked_ : other_.get(); }
    // What was there is lost where there was less.
    void make_room(std::size_t bytes) {
        if (bytes <= capacity_) return;
        const std::size_t wanted = std::max(bytes, 2 * capacity_);
        release();
        locked_ = static_cast<char*>(device_->lock(wanted));
        if (locked_ == nullptr) other_ = std::make_unique<char[]>(wanted);
        capacity_ = wanted;
    }
    void begin_download(std::size_t at, const void* there, std::size_t bytes) {
        if (locked_ != nullptr) device_->begin_download(locked_ + at, there, bytes);
        else device_->download(other_.get() + at, there, bytes);
    }

private:
    void release() {
        if (locked_ != nullptr) device_->unlock(locked_);
        locked_ = nullptr;
        other_ = nullptr;
        capacity_ = 0;
    }
    std::shared_ptr<Device> device_;
    char* locked_ = nullptr;
    std::unique_ptr<char[]> other_;
    std::size_t capacity_ = 0;
};

// A ring in the device's memory. Kernels go on in it while the host takes what they have written before: so it has room for
// both.
template <class T>
class Records {
public:
    explicit Records(const std::shared_ptr<Device>& device) : device_(device), ring_(device), landing_(device) {}

    T* data() const { return ring_.data(); }
    std::size_t size() const { return ring_.size(); }
    void resize(std::size_t n) {
        device_->end_downloads();
        ring_.resize(n);
    }
    // Begins to copy the records from one to another, by their numbers since the first one. Returns where they will lie when
    // the device's downloads have ended, until the next ones are wanted.
    T* begin_download(uint64_t begin, uint64_t end) {
        landing_.make_room((end - begin) * sizeof(T));
        for (uint64_t k = begin; k < end;) {  // in two stretches, where they go past the end of the ring
            const uint64_t place = k % ring_.size(), n = std::min<uint64_t>(end - k, ring_.size() - place);
            landing_.begin_download((k - begin) * sizeof(T), ring_.data() + place, n * sizeof(T));
            k += n;
        }
        return reinterpret_cast<T*>(landing_.data());
    }

private:
    std::shared_ptr<Device> device_;
    DeviceArray<T> ring_;
    Landing landing_;
};

}  // namespace pnn

#endif
