#pragma once

#include <optional>

#include "core/result.hpp"
#include "core/write_batch.hpp"
#include "storage/history_store.hpp"

namespace tickspan::storage {

/// invalid_argument when a row names an id that the batch's catalogue does not have, or is no row at all (a negative
/// start, a gap that ends before it starts). Writers ask first, so that a bad batch costs no transaction.
core::Status validate(const core::WriteBatch& batch);

SeriesName series_name(const core::Catalogue& catalogue, const core::SeriesKey& key);
/// Of a row of a batch that validate() has not seen yet; nothing where it would refuse it.
std::optional<SeriesName> find_series_name(const core::WriteBatch& batch, const core::SeriesKey& key);
SeriesName series_name(const core::Catalogue& catalogue, const core::Instrument& instrument);

/// See core/trade_time.hpp.
core::Timestamp trade_time(const core::Tick& trade);
/// What makes a trade unique in its series: the venue's id, or a hash of time, price, amount and side where it has
/// none.
std::int64_t trade_key(const core::Tick& trade);

}  // namespace tickspan::storage
