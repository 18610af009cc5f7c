#include "rename_filter.hpp"

namespace mailpipe::rename {

RenameFilter::RenameFilter(const Options& options, Host& /*host*/)
    : time_(options.text_or("time_zone", "UTC")),
      mailbox_(options) {
  if (options.has("name")) {
    name_.emplace(options.text("name"));
  }
}

Needs RenameFilter::needs() const {
  return name_ ? name_->needs() : Needs::Metadata;
}

Verdict RenameFilter::judge(const Item& item, const Body* body) {
  FieldValues values(item, body, time_);
  Verdict verdict = Verdict::keep();
  // Without the body that it needs, it is asked for places only.
  if (name_ && (body != nullptr || name_->needs() == Needs::Metadata)) {
    verdict.name = name_->of(values);
  }
  if (!mailbox_.empty()) {
    verdict.places = mailbox_.of(values);
  }
  return verdict;
}

}  // namespace mailpipe::rename
