#include "contract/mbox_fixture.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

// Locks of other programs, and ours.
namespace mailpipe::test {
namespace {

struct MboxLocks : MboxTest {
  const Message one = message("M1", "one");
  const Message two = message("M2", "two");
};

/// Another process that holds the lock which mutt and Dovecot take.
class Holder {
 public:
  explicit Holder(const fs::path& file) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
      throw std::runtime_error("pipe failed");
    }
    child_ = ::fork();
    if (child_ == 0) {
      struct flock what {};

      what.l_type = F_WRLCK;
      const int fd = ::open(file.c_str(), O_RDWR);
      const char locked = ::fcntl(fd, F_SETLK, &what) == 0 ? 'y' : 'n';
      static_cast<void>(!::write(ends[1], &locked, 1));
      ::pause();
      ::_exit(0);
    }
    char locked = 'n';
    holds_ = ::read(ends[0], &locked, 1) == 1 && locked == 'y';
    ::close(ends[0]);
    ::close(ends[1]);
  }

  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  ~Holder() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  bool holds() const { return holds_; }

 private:
  pid_t child_ = -1;
  bool holds_ = false;
};

/// Whether another process could take the lock of fcntl() now.
bool may_lock(const fs::path& file) {
  return Holder(file).holds();
}

TEST_F(MboxLocks, SomebodysDotLockIsWaitedForAndNeverBroken) {
  const auto sink = opened();
  commit(*sink, {one});
  std::ofstream(root / "INBOX.lock") << "0";
  std::string why;
  EXPECT_EQ(error_of([&] { commit(*sink, {two}); }, &why), ErrorClass::Transient);
  EXPECT_NE(why.find("INBOX.lock"), std::string::npos);
  EXPECT_GE(host.waited(), mbox::BoxLock::kPatience);
  EXPECT_EQ(slurp(root / "INBOX.lock"), "0");
  EXPECT_EQ(text("INBOX"), entry_of(one));
  EXPECT_TRUE(may_lock(root / "INBOX")) << "the other lock was given back";
}

TEST_F(MboxLocks, SomebodysFcntlLockIsWaitedFor) {
  {
    const auto sink = opened();
    commit(*sink, {one});
    const Holder holder(root / "INBOX");
    ASSERT_TRUE(holder.holds());
    std::string why;
    EXPECT_EQ(error_of([&] { commit(*sink, {two}); }, &why), ErrorClass::Transient);
    EXPECT_NE(why.find("fcntl"), std::string::npos);
    EXPECT_FALSE(fs::exists(root / "INBOX.lock"));
    EXPECT_EQ(text("INBOX"), entry_of(one));
  }
  const auto sink = opened();
  sink->sweep();
  commit(*sink, {two});
  EXPECT_EQ(text("INBOX"), entry_of(one) + entry_of(two));
}

/// Looks at the locks while the box is written.
class LookingFs final : public ForwardingFs {
 public:
  LookingFs(Fs& inner, fs::path box) : ForwardingFs(inner), box_(std::move(box)) {}

  std::int64_t pwrite(int fd, const void* data, std::size_t n,
                      std::uint64_t offset) noexcept override {
    look();
    return ForwardingFs::pwrite(fd, data, n, offset);
  }

  int fdatasync(int fd) noexcept override {
    look();
    return ForwardingFs::fdatasync(fd);
  }

  int fully_locked = 0, half_locked = 0;

 protected:
  int before(FsCall /*call*/) noexcept override { return 0; }

 private:
  void look() {
    if (fs::exists(box_)) {
      const bool dot = fs::exists(box_.string() + ".lock");
      const bool fcntl = !may_lock(box_);
      (dot && fcntl ? fully_locked : half_locked) += dot || fcntl ? 1 : 0;
    }
  }

  fs::path box_;
};

TEST_F(MboxLocks, BothAreHeldWhileABatchIsAppendedAndNotLonger) {
  LookingFs looking(files, root / "INBOX");
  TestHost looked(looking);
  const auto sink = make(looked);
  sink->open(false);
  commit(*sink, {one, two});
  EXPECT_EQ(looking.fully_locked, 2) << "the write and the sync of the box";
  EXPECT_EQ(looking.half_locked, 0);
  EXPECT_FALSE(fs::exists(root / "INBOX.lock"));
  EXPECT_TRUE(may_lock(root / "INBOX"));
}

TEST_F(MboxLocks, ALockThatAKilledRunLeftIsTakenAway) {
  {
    const auto sink = opened();
    commit(*sink, {one});
  }
  fs::create_hard_link(root / ".mailpipe-mbox/lock", root / "INBOX.lock");
  const auto sink = opened();
  sink->sweep();
  EXPECT_FALSE(fs::exists(root / "INBOX.lock"));
  commit(*sink, {two});
  EXPECT_EQ(text("INBOX"), entry_of(one) + entry_of(two));
}

TEST_F(MboxLocks, TheDotLockOfASingleFileLiesBesideIt) {
  const auto sink = opened("single");
  commit(*sink, {one});
  std::ofstream(root / "all.mbox.lock") << "";
  EXPECT_EQ(error_of([&] { commit(*sink, {two}); }), ErrorClass::Transient);
}

}  // namespace
}  // namespace mailpipe::test
