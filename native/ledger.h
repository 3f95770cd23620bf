#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "closing_threads.h"
#include "descriptor_set.h"
#include "free_numbers.h"
#include "number_limit.h"
#include "number_owners.h"

namespace ancillary {

/** Where a descriptor comes from, which decides how it is closed. */
enum class Origin : std::uint8_t {
  /** Made here, and nothing that a peer could put anything into: closed at once. */
  made,
  /** A Unix socket made here: closed at once while its queue is empty. */
  socket,
  /** Open already when it was claimed: closed at once, or as a Unix socket if it is one. */
  adopted,
  /** A peer chose it: closed by a thread. */
  received,
};

/**
 * Who must close which descriptor, for one environment: JavaScript, or an open handle that took one over. What is
 * JavaScript's is closed with the ledger, for instance when a worker is terminated.
 *
 * A number that enters while it is in the ledger, here or in another environment, was closed behind its owner's back: it is
 * lost to that one, who must not close what has the number now.
 */
class Ledger {
 public:
  Ledger() = default;
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  ~Ledger() { closeAll(); }

  /** Enters a descriptor that the kernel gave out just now. */
  void adopt(int fd, Origin origin, std::uint32_t source = 0) {
    owners::take(fd, self_, origin == Origin::received);
    enter(fd, origin, source);
  }

  /** Tells sockets apart by which descriptors come, also when one has the number that another had. */
  std::uint32_t sourceOf(int socket) const;

  /** Enters a duplicate that was made just now. It is closed as what it is a duplicate of. */
  void adoptDuplicate(int fd, int of);

  /** Enters one that is open already: -EBADF when it is not, -EEXIST when it has an owner in this process. */
  int own(int fd);

  /** Strikes off: -EBADF when it is not in the ledger, or is another environment's by now. */
  int disown(int fd);

  /** Strikes off and closes, maybe later: -EBADF when it is not JavaScript's here, since somebody else will close it. */
  int close(int fd);

  /** {@link close} for several that belong together, and are closed in this order. */
  void closeEach(const int* fds, std::size_t count);

  bool heldByHandle(int fd) const { return handles_.has(fd); }

  /** Passes the duty to close from JavaScript to a handle. */
  void handOver(int fd);

  /** A socket that was made here got its peer: it is a connected Unix stream socket, and close-on-exec. */
  void setConnected(int fd);
  /** Whether it is known to be one, and is JavaScript's; a duplicate is not. */
  bool isConnected(int fd) const;

  /** What was handed over is a listening socket. */
  void setListening(int fd);

  /** recvmsg came to the end of what was handed over, so nothing is queued, and nothing can be (docs/kernel.md 13, 45). */
  void setEnded(int fd);

  /** The number was told to others, who may have made descriptors of the same socket. */
  void lend(int fd);

  /** Closes what {@link handOver} passed on, maybe later. */
  void closeHandedOver(int fd);

  void closeAll();

  /** Remembers what file a descriptor is of, for {@link closeForgotten}. 0, or a negative errno. */
  int remember(int fd);

  /**
   * {@link close} for one whose owner is gone: -ESTALE, and struck off without being closed, when the number is of another
   * file than it was.
   */
  int closeForgotten(int fd);

  /** Numbers of this environment that were lost, one after the other. */
  const std::vector<int>& lost() const { return lost_; }
  /** Where to keep how many these are. */
  void countLostIn(int* count) { lostCount_ = count; }

  /** Before a recvmsg, which loses what it finds no free number for: waits for those that are about to be free. */
  void makeRoom() {
    if (closing_.pending() > 0 && numbersRunOut()) (void)closing_.hurry();
  }

  /** Before a socket is read: for how many descriptors there are numbers, once those that are about to be free are. */
  FreeNumbers::Room room();

  /** A number that somebody opened and lends. */
  void saw(int fd) { freeNumbers_.saw(fd); }

  /**
   * Whether so many descriptors that came by a socket wait to be closed that it should not be read for now: closing them
   * may take as long as its peer likes, and they keep their numbers (docs/kernel.md 44).
   */
  bool isCongested(int socket) const;

  /** After a system call found no free number. Whether it is worth while to try again. */
  bool waitForNumbers() { return closing_.hurry(); }

  /** What was struck off, and is not closed yet. */
  ClosingThreads& closing() { return closing_; }

 private:
  enum class Holder : std::uint8_t { nobody, javascript, handle };

  struct Entry {
    std::uint32_t source = 0;
    Holder holder = Holder::nobody;
    Origin origin = Origin::made;
    /** Others may have the same open file. */
    bool shared = true;
    bool listening = false;
    bool connected = false;
    bool ended = false;
  };

  struct Identity {
    std::uint64_t device;
    std::uint64_t inode;
  };

  Entry* find(int fd, Holder holder);
  void enter(int fd, Origin origin, std::uint32_t source) {
    const auto number = static_cast<std::size_t>(fd);
    if (number >= entries_.size()) entries_.resize(number + 1 + entries_.size());
    Entry& entry = entries_[number];
    if (entry.holder != Holder::nobody) lose(fd);
    entry = {source, Holder::javascript, origin, origin != Origin::socket, false, false, false};
    last_ = fd;
    freeNumbers_.saw(fd);
  }

  void lose(int fd);
  /** Whether one more message may bring more than there are free numbers. */
  bool numbersRunOut();
  /** Whether closing it may take as long as somebody else likes. */
  static bool maySuspend(int fd, const Entry& entry);
  int closeEntry(int fd, Entry& entry);
  void closeLater(const Closing* closings, std::size_t count);
  /** Of what came by one socket so many may wait. */
  std::size_t mostClosing() const;
  /** Strikes off what can be closed at once, for the caller to close. */
  bool strikeIfQuick(int fd);

  const owners::Owner self_ = owners::make();
  /** By number: the kernel gives out the lowest that is free, so there are few gaps. */
  std::vector<Entry> entries_;
  /** Numbers that open handles poll. */
  DescriptorSet handles_;
  /** Of those that were open for a while. */
  std::unordered_map<int, Identity> identities_;
  std::vector<int> lost_;
  int* lostCount_ = nullptr;
  /** The number that entered last. All below it were in use then, since the kernel gives out the lowest that is free. */
  int last_ = 0;
  FreeNumbers freeNumbers_;
  NumberLimit limit_;
  std::vector<Closing> later_;
  /** Counts what was handed over, so that sockets with the same number differ. */
  std::uint32_t handedOver_ = 0;
  ClosingThreads closing_{self_};
};

}  // namespace ancillary
