#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/write_batch.hpp"

namespace tickspan::storage {

/// A write batch as bytes that mean the same in another process: rows name what they are of by places in a table of
/// text ids that stands in front, so no catalogue is needed to read them. Whole numbers are variable-length, signed
/// ones zigzag; text is its length and its bytes. Exact: what comes out is what went in, but for the ids, which are of
/// a catalogue made from the bytes.
void encode_batch(std::string& out, const core::WriteBatch& batch);

/// parse_error where the bytes are no batch. Takes nothing on trust: a wrong length cannot ask for more than there is.
core::Result<core::WriteBatch> decode_batch(std::string_view bytes);

}  // namespace tickspan::storage
