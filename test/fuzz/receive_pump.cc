// A peer that sends, ends and closes as the input says, and a reader whose allowance, memory and way of looking ahead the input
// changes all the time, over a real socket: bytes come in order, descriptors with the last byte of their segment or before it,
// each once and the right one, never more than was allowed; and nothing stays open.
#include "receive_pump.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <vector>

#include "ledger.h"
#include "message_io.h"

namespace {

using ancillary::LookAhead;
using ancillary::ReadBatch;

constexpr std::size_t kFiles = 8;
constexpr std::size_t kMostBytes = 5'000;

void require(bool condition) {
  if (!condition) std::abort();
}

ino_t inodeOf(int fd) {
  struct stat found{};
  require(fstat(fd, &found) == 0);
  return found.st_ino;
}

struct Files {
  Files() {
    for (int& fd : fds) {
      fd = memfd_create("fuzzed", MFD_CLOEXEC);
      require(fd >= 0);
    }
  }
  int fds[kFiles];
};

/** Bytes of the input, and 0 once there are none. */
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool done() const { return at_ >= size_; }
  std::uint8_t next() { return done() ? 0 : data_[at_++]; }
  std::size_t upTo(std::size_t most) { return (next() << 8 | next()) % (most + 1); }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

/** What one sendmsg with descriptors was: they may come with no byte but its own. */
struct Sent {
  std::uint64_t start;
  std::uint64_t end;
  std::vector<ino_t> files;
};

class World {
 public:
  explicit World(const Files& files) : files_(files) {
    int pair[2];
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    ours_ = pair[0];
    theirs_ = pair[1];
  }

  ~World() {
    for (const int fd : held_) require(ledger_.close(fd) == 0);
    if (theirs_ >= 0) close(theirs_);
    close(ours_);
    require(ledger_.closing().settleAll(1'000'000));
    // Its threads would go on waiting for more.
    ledger_.closing().end();
  }

  void send(std::size_t size, std::size_t fdCount, std::size_t first) {
    if (theirs_ < 0 || size == 0) return;
    std::vector<unsigned char> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(sent_ + i);
    std::vector<int> fds;
    Sent record{sent_, 0, {}};
    for (std::size_t i = 0; i < fdCount; ++i) {
      fds.push_back(files_.fds[(first + i) % kFiles]);
      record.files.push_back(inodeOf(fds.back()));
    }
    iovec part{bytes.data(), size};
    const ssize_t accepted = ancillary::sendMessage(theirs_, &part, 1, fds.data(), fdCount);
    if (accepted <= 0) return;
    sent_ += static_cast<std::uint64_t>(accepted);
    record.end = sent_;
    if (fdCount > 0) bundles_.push_back(record);
  }

  void allow(std::uint64_t bytes, std::uint64_t fds, LookAhead::Extent extent) {
    allowedBytes_ = bytes;
    allowedFds_ = fds;
    pump_.allow(bytes, fds, extent);
  }

  void read(std::size_t room, std::size_t most) {
    std::vector<unsigned char> memory(room);
    ancillary::Slab slab{memory.data(), room, 0};
    std::vector<ancillary::SegmentRecord> segments(ReadBatch::kMaxSegments);
    std::vector<int> fds(ReadBatch::kMaxFdsHeld);
    ReadBatch batch{segments.data(), fds.data(), 0, 0, 0};
    pump_.run(ours_, slab, batch, ledger_, most);
    std::size_t at = 0;
    for (std::size_t i = 0; i < batch.segmentCount; ++i) {
      const ancillary::SegmentRecord& segment = segments[i];
      require(segment.length > 0 && segment.offset + segment.length <= room);
      check(memory.data() + segment.offset, segment, fds.data() + at);
      at += segment.fds;
    }
    require(at == batch.fdCount);
    held_.insert(held_.end(), fds.begin(), fds.begin() + static_cast<std::ptrdiff_t>(batch.fdCount));
    // Everything was read before the end is told.
    if (batch.end == ReadBatch::kEndOfFile) require(theirs_ < 0 || ended_), require(received_ == sent_ && bundles_.empty());
    else require(batch.end == 0);
  }

  void end() {
    if (theirs_ < 0) return;
    shutdown(theirs_, SHUT_WR);
    ended_ = true;
  }

  void leave() {
    if (theirs_ >= 0) close(theirs_);
    theirs_ = -1;
  }

  void setOption(int option, int value) { setsockopt(ours_, SOL_SOCKET, option, &value, sizeof value); }

 private:
  void check(const unsigned char* bytes, const ancillary::SegmentRecord& segment, const int* fds) {
    const std::uint64_t end = received_ + segment.length;
    for (std::uint64_t i = 0; i < segment.length; ++i) require(bytes[i] == static_cast<unsigned char>(received_ + i));
    // What is shown was not read yet.
    if (segment.marks == ancillary::SegmentRecord::kShown) return;
    require((segment.marks & ancillary::SegmentRecord::kTruncated) == 0);
    require(segment.length <= allowedBytes_ && allowedFds_ > 0);
    allowedBytes_ -= segment.length;
    allowedFds_ -= std::min<std::uint64_t>(allowedFds_, segment.fds);
    received_ = end;
    if (segment.fds == 0) {
      // None may be left behind.
      require(bundles_.empty() || bundles_.front().start >= end);
      return;
    }
    require(!bundles_.empty());
    const Sent bundle = bundles_.front();
    bundles_.pop_front();
    require(bundle.start < end && end <= bundle.end && bundle.files.size() == segment.fds);
    for (std::size_t i = 0; i < segment.fds; ++i) {
      require(inodeOf(fds[i]) == bundle.files[i]);
      require((fcntl(fds[i], F_GETFD) & FD_CLOEXEC) != 0);
    }
  }

  const Files& files_;
  ancillary::Ledger ledger_;
  ancillary::ReceivePump pump_;
  int ours_ = -1;
  int theirs_ = -1;
  bool ended_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t allowedBytes_ = 0;
  std::uint64_t allowedFds_ = 0;
  std::deque<Sent> bundles_;
  std::vector<int> held_;
};

/** The lowest number that is free: more are open than before if it rose. */
int lowestFree() {
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(fd);
  return fd;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Files files;
  const int before = lowestFree();
  {
    World world(files);
    Input input(data, size);
    while (!input.done()) {
      switch (input.next() % 8) {
        case 0:
        case 1: {
          const std::size_t bytes = input.upTo(kMostBytes);
          world.send(bytes, 0, 0);
          break;
        }
        case 2:
        case 3: {
          const std::size_t bytes = input.upTo(kMostBytes);
          const std::size_t count = input.next() % 20;
          world.send(bytes, count, input.next());
          break;
        }
        case 4: {
          constexpr LookAhead::Extent kExtents[] = {LookAhead::Extent::nothing, LookAhead::Extent::ends,
                                                    LookAhead::Extent::contents};
          const std::size_t bytes = input.upTo(20'000);
          const std::size_t fds = input.next();
          world.allow(bytes, fds, kExtents[input.next() % 3]);
          break;
        }
        case 5:
        case 6: {
          const std::size_t room = input.upTo(10'000) + 1;
          world.read(room, 1 + input.next() % ReadBatch::kMaxSegments);
          break;
        }
        default:
          switch (input.next() % 8) {
            case 0:
              world.end();
              break;
            case 1:
              world.leave();
              break;
            case 2:
              world.setOption(SO_PASSCRED, input.next() % 2);
              break;
            default:
              break;
          }
      }
    }
  }
  require(lowestFree() == before);
  return 0;
}
