#include "ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "close_run.h"
#include "file_status.h"
#include "pending_rights.h"
#include "poll_once.h"
#include "receive_pump.h"

namespace ancillary {
namespace {

/** Of what came by one socket so many may wait to be closed: more than ever do where closing does not get stuck. */
constexpr std::size_t kMostClosing = 4096;
/** And that part of the numbers that there are, but for so many. */
constexpr std::size_t kShareOfNumbers = 8;
constexpr std::size_t kFewClosing = 32;

}  // namespace

std::uint32_t Ledger::sourceOf(int socket) const {
  const auto number = static_cast<std::size_t>(socket);
  // Of a handle; JavaScript may receive by any socket that it knows the number of.
  return handles_.has(socket) ? entries_[number].source : ~static_cast<std::uint32_t>(socket);
}

void Ledger::adoptDuplicate(int fd, int of) {
  const auto number = static_cast<std::size_t>(of);
  if (number < entries_.size() && entries_[number].holder != Holder::nobody) {
    lend(of);
    adopt(fd, entries_[number].origin, entries_[number].source);
  } else {
    adopt(fd, owners::received(of) ? Origin::received : Origin::adopted);
  }
  lend(fd);
}

int Ledger::own(int fd) {
  if (fcntl(fd, F_GETFD) < 0) return -errno;
  const owners::Claimed claimed = owners::claim(fd, self_);
  if (claimed.error != 0) return claimed.error;
  // A number that came from a peer, and was taken, maybe in another thread, is still what the peer chose.
  enter(fd, claimed.received ? Origin::received : Origin::adopted, 0);
  return 0;
}

int Ledger::disown(int fd) {
  Entry* const entry = find(fd, Holder::javascript);
  // A handle that has it took it over from whoever lets go now.
  if (entry == nullptr) return find(fd, Holder::handle) == nullptr ? -EBADF : 0;
  entry->holder = Holder::nobody;
  return owners::pass(fd, self_) ? 0 : -EBADF;
}

int Ledger::close(int fd) {
  Entry* const entry = find(fd, Holder::javascript);
  return entry == nullptr ? -EBADF : closeEntry(fd, *entry);
}

void Ledger::closeEach(const int* fds, std::size_t count) {
  later_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    Entry* const entry = find(fds[i], Holder::javascript);
    if (entry == nullptr) continue;
    // Those behind one that waits wait as well: who sent them may rely on the order.
    if (later_.empty()) {
      // The kernel gives out the lowest free numbers, so what was made together mostly is a run. Each is asked once whether it
      // may suspend: its peer may have sent something by the next time.
      std::size_t run = 0;
      while (i + run < count && fds[i + run] == fds[i] + static_cast<int>(run) && strikeIfQuick(fds[i + run])) ++run;
      if (run > 0) {
        closeRun(fds[i], run);
        i += run - 1;
        continue;
      }
    }
    entry->holder = Holder::nobody;
    if (owners::releaseToWait(fds[i], self_)) later_.push_back({fds[i], entry->source});
  }
  closeLater(later_.data(), later_.size());
}

bool Ledger::strikeIfQuick(int fd) {
  Entry* const entry = find(fd, Holder::javascript);
  if (entry == nullptr || maySuspend(fd, *entry)) return false;
  entry->holder = Holder::nobody;
  return owners::release(fd, self_);
}

void Ledger::handOver(int fd) {
  // What somebody opened by the number alone is not here yet.
  if (find(fd, Holder::javascript) == nullptr) (void)own(fd);
  if (Entry* const entry = find(fd, Holder::javascript)) {
    entry->holder = Holder::handle;
    entry->source = ++handedOver_;
  }
  handles_.insert(fd);
}

void Ledger::setConnected(int fd) {
  Entry* const entry = find(fd, Holder::javascript);
  if (entry != nullptr && entry->origin == Origin::socket) entry->connected = true;
}

bool Ledger::isConnected(int fd) const {
  const auto number = static_cast<std::size_t>(fd);
  if (fd < 0 || number >= entries_.size()) return false;
  const Entry& entry = entries_[number];
  return entry.holder == Holder::javascript && entry.connected;
}

void Ledger::setEnded(int fd) {
  if (Entry* const entry = find(fd, Holder::handle)) entry->ended = true;
}

void Ledger::setListening(int fd) {
  if (Entry* const entry = find(fd, Holder::handle)) entry->listening = true;
}

void Ledger::lend(int fd) {
  if (fd >= 0 && static_cast<std::size_t>(fd) < entries_.size()) entries_[static_cast<std::size_t>(fd)].shared = true;
}

void Ledger::closeHandedOver(int fd) {
  if (!handles_.erase(fd)) return;
  Entry* const entry = find(fd, Holder::handle);
  // Otherwise somebody closed it behind the handle's back, and the number is another owner's.
  if (entry != nullptr) closeEntry(fd, *entry);
}

void Ledger::closeAll() {
  for (std::size_t number = 0; number < entries_.size(); ++number) {
    Entry& entry = entries_[number];
    if (entry.holder == Holder::javascript) closeEntry(static_cast<int>(number), entry);
  }
}

int Ledger::remember(int fd) {
  if (find(fd, Holder::javascript) == nullptr) return -EBADF;
  FileStatus status;
  const int error = readStatus(fd, status);
  if (error == 0) identities_[fd] = {status.device, status.inode};
  return error;
}

int Ledger::closeForgotten(int fd) {
  const auto known = identities_.find(fd);
  if (known == identities_.end()) return close(fd);
  const Identity was = known->second;
  identities_.erase(known);
  FileStatus is;
  const int error = readStatus(fd, is);
  if (error == 0 && is.device == was.device && is.inode == was.inode) return close(fd);
  (void)disown(fd);
  return -ESTALE;
}

bool Ledger::maySuspend(int fd, const Entry& entry) {
  if (entry.origin == Origin::made) return false;
  if (entry.listening) return isReadable(fd);
  if (entry.ended) return false;
  if (entry.holder == Holder::handle || entry.connected) {
    // What others have must not be shut down, and a peer that goes on sending could have its descriptors closed here.
    return entry.shared || holdsRights(fd, Sharing::alone);
  }
  switch (entry.origin) {
    case Origin::adopted:
      return isUnixSocket(fd);
    case Origin::socket:
      return entry.shared || holdsRights(fd, Sharing::maybe);
    case Origin::made:
    case Origin::received:
      break;
  }
  return true;
}

int Ledger::closeEntry(int fd, Entry& entry) {
  const bool later = maySuspend(fd, entry);
  entry.holder = Holder::nobody;
  if (later) {
    if (!owners::releaseToWait(fd, self_)) return -EBADF;
    const Closing closing{fd, entry.source};
    closeLater(&closing, 1);
    return 0;
  }
  if (!owners::release(fd, self_)) return -EBADF;
  // EINTR is no failure: Linux has freed the number all the same.
  return ::close(fd) < 0 && errno != EINTR ? -errno : 0;
}

bool Ledger::isCongested(int socket) const {
  const std::size_t pending = closing_.pending();
  if (pending < kFewClosing) return false;
  const std::size_t most = mostClosing();
  return pending >= most && closing_.pendingOf(sourceOf(socket)) >= most;
}

std::size_t Ledger::mostClosing() const {
  const rlim_t share = std::min<rlim_t>(limit_.last() / kShareOfNumbers, kMostClosing);
  return std::max(kFewClosing, static_cast<std::size_t>(share));
}

void Ledger::closeLater(const Closing* closings, std::size_t count) {
  closing_.close(closings, count);
  // Where few may wait, sockets would stop being read while a thread naps.
  const std::size_t pending = closing_.pending();
  if (pending >= kFewClosing / 2 && pending >= mostClosing() / 2) closing_.endNap();
}

FreeNumbers::Room Ledger::room() {
  const FreeNumbers::Room room = freeNumbers_.room(limit_.current());
  return room != FreeNumbers::Room::plenty && waitForNumbers() ? freeNumbers_.room(limit_.current()) : room;
}

bool Ledger::numbersRunOut() {
  // As many as one batch may bring.
  return limit_.current() <= static_cast<rlim_t>(last_) + ReadBatch::kMaxFdsHeld;
}

void Ledger::lose(int fd) {
  lost_.push_back(fd);
  if (lostCount_ != nullptr) *lostCount_ = static_cast<int>(lost_.size());
}

Ledger::Entry* Ledger::find(int fd, Holder holder) {
  const auto number = static_cast<std::size_t>(fd);
  if (fd < 0 || number >= entries_.size() || entries_[number].holder != holder) return nullptr;
  return &entries_[number];
}

}  // namespace ancillary
