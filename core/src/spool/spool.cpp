#include "spool/spool.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace mailpipe::spool {

namespace {

/// An unnamed file; on file systems without O_TMPFILE a named one whose name goes at once.
File unnamed_file(Fs& fs, const File& dir) {
  int fd = fs.openat(dir.fd(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -EINVAL) {
    static std::atomic<std::uint64_t> counter{0};
    const std::string name = "body." + std::to_string(counter++);
    fs.unlinkat(dir.fd(), name.c_str(), 0);
    fd =
        fs.openat(dir.fd(), name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    fs.unlinkat(dir.fd(), name.c_str(), 0);
  }
  if (fd < 0) {
    throw_errno(fd, "cannot make a spool file in", dir.path());
  }
  return {fs, fd, dir.path()};
}

}  // namespace

SpooledBody::~SpooledBody() {
  if (memory_used_ != nullptr) {
    memory_used_->fetch_sub(memory_.size());
  }
}

Body SpooledBody::view() const noexcept {
  mp_body view{.struct_size = sizeof(mp_body),
               .header_only = 0,
               .data = file_.is_open() ? nullptr : memory_.data(),
               .fd = file_.fd(),
               .reserved = 0,
               .offset = 0,
               .size = size_,
               .sha256 = {}};
  std::copy(digest_.begin(), digest_.end(), view.sha256);
  return Body(view);
}

Writer::Writer(Spool& spool, std::optional<std::uint64_t> announced) : spool_(spool) {
  body_.reset(
      new SpooledBody());  // NOLINT(cppcoreguidelines-owning-memory): its constructor is private
  body_->memory_used_ = spool_.memory_used_;
  if (announced && *announced > Spool::kLargest) {
    move_to_file();
  } else if (announced && fits(static_cast<std::size_t>(*announced))) {
    body_->memory_.reserve(static_cast<std::size_t>(*announced));
  }
}

bool Writer::fits(std::size_t more) const noexcept {
  return body_->memory_.size() + more <= Spool::kLargest &&
         spool_.memory_used_->load() + more <= spool_.budget_;
}

void Writer::move_to_file() {
  body_->file_ = unnamed_file(spool_.fs_, spool_.dir_);
  body_->file_.write_all(body_->memory_);
  spool_.memory_used_->fetch_sub(body_->memory_.size());
  std::string().swap(body_->memory_);
}

void Writer::write(std::string_view octets) {
  if (!body_->file_.is_open() && !fits(octets.size())) {
    move_to_file();
  }
  if (body_->file_.is_open()) {
    body_->file_.write_all(octets);
  } else {
    body_->memory_.append(octets);
    spool_.memory_used_->fetch_add(octets.size());
  }
  body_->size_ += octets.size();
  hash_.update(octets);
  hash_header(octets);
}

// Line by line, until one is empty; a line's end is LF, with or without CR before it (mail in the wild has both).
void Writer::hash_header(std::string_view octets) {
  while (!header_done_ && !octets.empty()) {
    const std::size_t end = octets.find('\n');
    const std::string_view part = octets.substr(0, end);
    line_empty_ = line_empty_ && (part.empty() || (part == "\r" && line_.empty()));
    line_.append(part);
    if (end == std::string_view::npos) {
      if (!line_empty_) {  // nothing to hold back: it is part of the header
        take_header(line_);
        line_.clear();
      }
      return;
    }
    header_done_ = line_empty_;
    if (!header_done_) {
      line_ += '\n';
      take_header(line_);
    }
    line_.clear();
    line_empty_ = true;
    octets.remove_prefix(end + 1);
  }
}

void Writer::take_header(std::string_view octets) {
  header_hash_.update(octets);
  message_id_.add(octets);
}

std::shared_ptr<const SpooledBody> Writer::finish() {
  body_->digest_ = hash_.finish();
  body_->header_digest_ = header_hash_.finish();
  body_->message_id_ = message_id_.hash();
  return std::exchange(body_, nullptr);
}

std::unique_ptr<Writer> Spool::open(std::optional<std::uint64_t> announced) {
  return std::unique_ptr<Writer>(new Writer(*this, announced));
}

}  // namespace mailpipe::spool
