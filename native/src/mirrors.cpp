// mirrors.cpp: copies of the host's arrays; see mirrors.h.
#include "pynn_annarchy/mirrors.h"

#include <iterator>
#include <stdexcept>

namespace pnn {

void Mirrors::begin() {
    for (auto& copy : copies_) copy.second.is_asked_for = copy.second.is_written = false;
}

void Mirrors::end_of_asking() {
    for (auto copy = copies_.begin(); copy != copies_.end();) copy = copy->second.is_asked_for ? std::next(copy) : copies_.erase(copy);
}

void* Mirrors::of(const void* host, std::size_t bytes, bool is_written) {
    if (host == nullptr) return nullptr;
    const char* const first = static_cast<const char*>(host);
    auto next = copies_.upper_bound(first);
    if (next != copies_.begin()) {
        const auto before = std::prev(next);
        Copy& copy = before->second;
        const bool contains = first + bytes <= before->first + copy.bytes;
        if (contains && copy.is_asked_for) {
            copy.is_written = copy.is_written || is_written;
            return copy.there.data() + (first - before->first);
        }
        // Of an earlier run: it serves again where it is the very same.
        if (before->first != first || copy.bytes != bytes) {
            if (before->first + copy.bytes > first) copies_.erase(before);
        }
    }
    for (next = copies_.upper_bound(first); next != copies_.end() && next->first < first + bytes;) next = copies_.erase(next);
    const auto [place, is_new] = copies_.try_emplace(first);
    Copy& copy = place->second;
    if (is_new || copy.bytes != bytes) copy.there = DeviceArray<char>(device_);
    copy.bytes = bytes;
    copy.is_asked_for = true;
    copy.is_written = is_written;
    copy.there.upload(first, bytes);
    return copy.there.data();
}

void* Mirrors::known(const void* host) const {
    const char* const first = static_cast<const char*>(host);
    const auto next = copies_.upper_bound(first);
    if (next != copies_.begin()) {
        const auto before = std::prev(next);
        if (first == before->first || first < before->first + before->second.bytes) return before->second.there.data() + (first - before->first);
    }
    throw std::logic_error("an array that the device has no copy of");
}

void Mirrors::hand_back() {
    for (auto& copy : copies_)
        if (copy.second.is_written) copy.second.there.download(const_cast<char*>(copy.first), 0, copy.second.bytes);
}

}  // namespace pnn
