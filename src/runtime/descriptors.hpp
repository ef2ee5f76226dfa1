#pragma once

#include <cstddef>

namespace tickspan::runtime {

/// How many descriptors (files, sockets) this process may have open now.
std::size_t descriptor_limit();
/// Asks for as many as the system allows it. A refusal leaves what there was.
void raise_descriptor_limit();

}  // namespace tickspan::runtime
