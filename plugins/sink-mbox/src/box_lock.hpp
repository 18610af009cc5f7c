#pragma once

#include <mailpipe/file.hpp>
#include <mailpipe/host.hpp>

#include <string>

namespace mailpipe::mbox {

/// What mutt, procmail and Dovecot take before they write to an mbox: a write lock of fcntl() on all of
/// it, and the dot-lock BOX.lock beside it. Both are taken without waiting and given back if one is not
/// to be had, so that nobody's order of the two matters.
///
/// Life cycle   Held from the constructor to the destructor.
/// Threads      One. The fcntl lock is one of the open file (F_OFD_SETLK), which other descriptors of
///              this process cannot lose; it keeps out what POSIX locks of other processes keep out.
/// Dot-lock     A hard link to the file "lock" in our own folder, so it appears at once, also on NFS,
///              and one that a killed run left is known for ours: it is that file. Where there are no
///              hard links, a file of its own, made with O_EXCL.
/// Errors       Transient when somebody else holds it for longer than kPatience; theirs is never
///              broken.
class BoxLock {
 public:
  static constexpr std::chrono::seconds kPatience{30};

  /// `box` is open for writing, `folder` is where its name lies; they outlive the lock.
  BoxLock(Host& host, const File& own, const File& folder, std::string name, const File& box);
  BoxLock(const BoxLock&) = delete;
  BoxLock& operator=(const BoxLock&) = delete;
  ~BoxLock();

  /// The file to which dot-locks are links. It must be durable before the first of them, or a power cut leaves one that
  /// nobody knows for ours.
  static void make_lock_file(Fs& fs, const File& own);

  /// Removes the dot-lock of a box if it is ours, left by a run that was killed. There is no other run
  /// of the pipeline: the ledger has a lock, too.
  static void clear(Fs& fs, const File& own, const File& folder, const std::string& name) noexcept;

 private:
  bool try_both();
  bool try_fcntl(bool lock) noexcept;
  bool try_dot_lock();
  static bool is_ours(Fs& fs, const File& own, const File& folder, const std::string& dot_lock);
  void unlock() noexcept;
  [[noreturn]] void throw_held() const;

  Fs& fs_;
  const File& own_;
  const File& folder_;
  std::string dot_lock_;
  const File& box_;
  bool dot_locked_ = false;
  bool held_by_dot_lock_ = false;  ///< what the last try met
};

}  // namespace mailpipe::mbox
