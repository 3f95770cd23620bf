#include "receive_pump.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "ledger.h"
#include "message_io.h"

namespace ancillary {

bool ReceivePump::run(int socket, Slab& slab, ReadBatch& batch, Ledger& ledger, std::size_t mostSegments) {
  const bool alone = expectsOne();
  const bool more = readSegments(socket, slab, batch, ledger, alone ? 1 : mostSegments);
  // Of what filled all the room there was, more is likely to come, and it is no answer to a question.
  const bool full = slab.used == slab.size || bytes_ == 0;
  if (batch.segmentCount == 1 && !full) ++lone_;
  else if (batch.segmentCount > 0) lone_ = 0;
  const bool shown = batch.segmentCount > 0 && batch.segments[batch.segmentCount - 1].marks == SegmentRecord::kShown;
  return more && (full || shown || !alone);
}

bool ReceivePump::readSegments(int socket, Slab& slab, ReadBatch& batch, Ledger& ledger, std::size_t mostSegments) {
  batch.segmentCount = 0;
  batch.fdCount = 0;
  batch.end = 0;
  while (wantsToRead() && slab.used < slab.size && batch.segmentCount < mostSegments &&
         batch.fdCount < ReadBatch::kFdBudget) {
    const std::size_t room = slab.size - slab.used;
    const std::size_t allowed = static_cast<std::size_t>(std::min<std::uint64_t>(bytes_, room));
    std::size_t shown = 0;
    const ssize_t most = ahead_.most(socket, slab.bytes + slab.used, room, allowed, shown);
    if (shown > 0) {
      batch.segments[batch.segmentCount++] = {static_cast<std::uint32_t>(slab.used), static_cast<std::uint32_t>(shown), 0,
                                              SegmentRecord::kShown};
      return true;
    }
    const std::size_t size = most < 0 ? 0 : static_cast<std::size_t>(most);
    int* const fds = batch.fds + batch.fdCount;
    const Received got =
        most < 0 ? Received{most, 0, 0}
                 : receiveMessage(socket, slab.bytes + slab.used, size, ledger, fds, ReadBatch::kMaxFdsHeld - batch.fdCount);
    if (got.size == -EAGAIN || got.size == -EWOULDBLOCK) return false;
    if (got.size <= 0) {
      // A segment has at least one byte, so these cannot be anybody's; Linux never sends any.
      for (std::size_t i = 0; i < got.fdCount; ++i) ledger.close(fds[i]);
      ended_ = true;
      batch.end = got.size == 0 ? ReadBatch::kEndOfFile : static_cast<int>(got.size);
      return false;
    }

    const std::size_t length = static_cast<std::size_t>(got.size);
    SegmentRecord& record = batch.segments[batch.segmentCount++];
    record.offset = static_cast<std::uint32_t>(slab.used);
    record.length = static_cast<std::uint32_t>(length);
    record.fds = static_cast<std::uint32_t>(got.fdCount);
    const bool truncated = (got.flags & MSG_CTRUNC) != 0;
    const std::size_t rest = ahead_.took(length, size, got.fdCount > 0 || truncated);
    record.marks = (truncated ? SegmentRecord::kTruncated : 0) |
                   (static_cast<std::uint32_t>(rest) << SegmentRecord::kRestShift);
    slab.used += length;
    batch.fdCount += got.fdCount;
    bytes_ -= length;
    fds_ -= std::min<std::uint64_t>(fds_, got.fdCount);
    // Plain bytes are joined, so if there were more the segment would be longer; where it is not so, poll will say.
    if (length < size && got.fdCount == 0) return false;
  }
  return true;
}

}  // namespace ancillary
