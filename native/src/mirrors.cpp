// mirrors.cpp: copies of the host's arrays; see mirrors.h.
#include "pynn_annarchy/mirrors.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <stdexcept>

namespace pnn {

void Mirrors::begin() {
    for (auto& copy : copies_) copy.second.is_asked_for = false;
}

void Mirrors::end_of_asking() {
    for (auto copy = copies_.begin(); copy != copies_.end();) copy = copy->second.is_asked_for ? std::next(copy) : copies_.erase(copy);
}

void* Mirrors::of(const void* host, std::size_t bytes, Use use) {
    if (host == nullptr) return nullptr;
    const char* const first = static_cast<const char*>(host);
    const auto before = find(host);
    if (before != copies_.end()) {
        Copy& copy = before->second;
        if (copy.is_asked_for && first + bytes <= before->first + copy.bytes) {
            copy.use = std::max(copy.use, use);
            return copy.there.data() + (first - before->first);
        }
        // Of an earlier run: it serves again where it is the very same.
        if (before->first != first || copy.bytes != bytes) copies_.erase(before);
    }
    for (auto next = copies_.upper_bound(first); next != copies_.end() && next->first < first + bytes;) next = copies_.erase(next);
    const auto [place, is_new] = copies_.try_emplace(first);
    Copy& copy = place->second;
    if (is_new) copy.there = DeviceArray<char>(device_);
    const bool is_kept = !is_new && use == Use::state && copy.use == use && !copy.is_newer_here;
    copy.bytes = bytes;
    copy.use = use;
    copy.is_asked_for = true;
    if (is_kept) return copy.there.data();
    copy.is_newer_there = copy.is_newer_here = false;
    copy.there.upload(first, bytes);
    return copy.there.data();
}

// That which an address lies in, or an empty one that begins there.
Mirrors::Copies::iterator Mirrors::find(const void* host) {
    const char* const first = static_cast<const char*>(host);
    const auto next = copies_.upper_bound(first);
    if (next == copies_.begin()) return copies_.end();
    const auto before = std::prev(next);
    return first == before->first || first < before->first + before->second.bytes ? before : copies_.end();
}

void* Mirrors::known(const void* host) const {
    const auto found = const_cast<Mirrors*>(this)->find(host);
    if (found == copies_.end()) throw std::logic_error("an array that the device has no copy of");
    return found->second.there.data() + (static_cast<const char*>(host) - found->first);
}

void Mirrors::hand_back() {
    for (auto& copy : copies_) {
        if (copy.second.use == Use::constant) continue;
        copy.second.is_newer_there = true;
        fetch(copy);
        copy.second.is_newer_here = true;
    }
}

// Where a device is emulated, what the host has of a state is lost: who reads it without asking finds nothing.
void Mirrors::note_changes() {
    for (auto& [host, copy] : copies_) {
        if (copy.use != Use::state) continue;
        copy.is_newer_there = true;
        if (device_->is_emulated()) std::memset(const_cast<char*>(host), 0xa5, copy.bytes);
    }
}

void Mirrors::fetch(Copies::value_type& copy) {
    if (!copy.second.is_newer_there) return;
    copy.second.there.download(const_cast<char*>(copy.first), 0, copy.second.bytes);
    copy.second.is_newer_there = false;
}

void Mirrors::fetch(const void* host) {
    const auto found = find(host);
    if (found != copies_.end()) fetch(*found);
}

void Mirrors::fetch_all() {
    for (auto& copy : copies_) fetch(copy);
}

void Mirrors::touch(const void* host) {
    const auto found = find(host);
    if (found == copies_.end()) return;
    fetch(*found);
    found->second.is_newer_here = true;
}

void Mirrors::push() {
    for (auto& [host, copy] : copies_) {
        if (!copy.is_newer_here) continue;
        copy.there.put(host, 0, copy.bytes);
        copy.is_newer_here = false;
    }
}

}  // namespace pnn
