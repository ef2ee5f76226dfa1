#pragma once

#include "net/send_batch.hpp"

namespace tickspan::net {

/// What make_send_batch() gives for SendMethod::io_uring, where the build has it.
core::Result<std::unique_ptr<SendBatch>> make_uring_send_batch();

}  // namespace tickspan::net
