#include "runtime/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

namespace tickspan::runtime {
namespace {

struct Series {
  Labels labels;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::weak_ptr<std::function<double()>> observed;
  bool is_observed = false;
};

struct Family {
  std::string help;
  bool is_counter = false;
  std::vector<std::unique_ptr<Series>> series;
};

}  // namespace

struct Metrics::Impl {
  mutable std::mutex mutex;
  std::map<std::string, Family> families;  // guarded by mutex

  Series& find(const std::string& name, const std::string& help, const Labels& labels, bool is_counter) {
    Family& family = families[name];
    family.help = help;
    family.is_counter = is_counter;
    std::erase_if(family.series, [](const auto& s) { return s->is_observed && s->observed.expired(); });
    for (const auto& s : family.series) {
      if (s->labels == labels && !s->is_observed) return *s;
    }
    family.series.push_back(std::make_unique<Series>());
    family.series.back()->labels = labels;
    return *family.series.back();
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  Series& series = impl_->find(name, help, labels, true);
  if (!series.counter) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  Series& series = impl_->find(name, help, labels, false);
  if (!series.gauge) series.gauge = std::make_unique<Gauge>();
  return *series.gauge;
}

std::shared_ptr<void> Metrics::observe(const std::string& name, const std::string& help, const Labels& labels,
                                       bool counter, std::function<double()> read) {
  auto shared = std::make_shared<std::function<double()>>(std::move(read));
  const std::lock_guard lock(impl_->mutex);
  Family& family = impl_->families[name];
  family.help = help;
  family.is_counter = counter;
  auto series = std::make_unique<Series>();
  series->labels = labels;
  series->observed = shared;
  series->is_observed = true;
  family.series.push_back(std::move(series));
  return shared;
}

std::string Metrics::serialize() const {
  std::vector<prometheus::MetricFamily> out;
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [name, family] : impl_->families) {
    prometheus::MetricFamily mf{
        name, family.help, family.is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge, {}};
    for (const auto& series : family.series) {
      double value = 0;
      if (series->is_observed) {
        const auto read = series->observed.lock();
        if (!read) continue;
        value = (*read)();
      } else {
        value = series->counter ? static_cast<double>(series->counter->value()) : series->gauge->value();
      }
      prometheus::ClientMetric metric;
      for (const auto& [k, v] : series->labels) metric.label.push_back({k, v});
      (family.is_counter ? metric.counter.value : metric.gauge.value) = value;
      mf.metric.push_back(std::move(metric));
    }
    if (!mf.metric.empty()) out.push_back(std::move(mf));
  }
  return prometheus::TextSerializer{}.Serialize(out);
}

}  // namespace tickspan::runtime
