#pragma once

#include <cstdint>

namespace tickspan::runtime {

/// Memory of this process that is in RAM, in bytes; 0 where the system does not tell.
std::uint64_t resident_bytes();
/// Memory in use by the allocator's account, in bytes; 0 under a sanitizer, which has an allocator of its own.
std::uint64_t allocated_bytes();
/// Has blocks of a megabyte and more come from the system and go back to it. Called once, before threads are. By itself
/// glibc's allocator raises that bound with every large block that is freed, and keeps in each thread's arena what a
/// rare giant took there.
void settle_allocator();

}  // namespace tickspan::runtime
