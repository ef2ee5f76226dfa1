#pragma once

#include <string>

#include "core/write_batch.hpp"
#include "storage/batch_rows.hpp"

namespace tickspan::history {

/// One series, and the few names that rows of it need to be written.
struct Series {
  storage::SeriesName name;      ///< venue empty: the composite
  core::CataloguePtr catalogue;  ///< its two assets and its venue, nothing else
  core::SeriesKey key;
  core::InstrumentId instrument;  ///< not valid for the composite
  bool is_new = false;            ///< an asset of it was known nowhere yet

  std::string pair() const { return name.base + "/" + name.quote; }
};

/// `pair` is `base/quote`, each an asset id or a symbol as people write it (`btc/usd`, `XBT/USDT`); `venue` may be
/// empty. `known` are the store's assets; what neither they nor the program's own list have is made up from the symbol.
/// invalid_argument: not a pair, not a name, or a composite that is not in usd.
core::Result<Series> find_series(const std::vector<core::Asset>& known, const std::string& venue,
                                 const std::string& pair);

}  // namespace tickspan::history
