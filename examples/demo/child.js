'use strict';

// The receiving process of the demo, started by parent.js with the path to listen at.

const { once } = require('node:events');
const fs = require('node:fs');
const { fds, listen, OwnedFd } = require('ancillary');
const { lengthPrefixed } = require('ancillary/codec');
const { differencesFrom, openDescriptors, openWhatNodeKeeps } = require('./descriptors');
const { heading, preview, table } = require('./text');

const LIMIT_MS = 12_000;
const HEADER = 6; // Of lengthPrefixed(): 4 bytes for the length, 2 for the number of descriptors.

process.exitCode = 1; // Until everything was seen to be right.
main(process.argv[2] ?? '').catch((error) => {
  console.error(error);
  process.exit();
});

/** @param {string} address */
async function main(address) {
  const watchdog = setTimeout(() => process.exit(), LIMIT_MS);
  await openWhatNodeKeeps();
  const before = openDescriptors();

  const server = await listen(address);
  const connections = server[Symbol.asyncIterator]();
  const first = await accept(connections);
  // The parent opens the second connection after it sent everything on the first, so all of that waits in the kernel.
  const second = await accept(connections);
  await server.close();

  const segments = await readSegments(first);
  const { frames, listener } = await readFrames(second);
  showSegments(segments, frames);
  showFrames(frames);
  await talk(listener);

  console.log(heading('What is left'));
  const differences = await differencesFrom(before);
  if (differences.length > 0) throw new Error(`the child's descriptors have changed:\n${differences.join('\n')}`);
  console.log(`The child holds the same ${before.size} descriptors as at the start.`);
  clearTimeout(watchdog);
  process.exitCode = 0;
}

/**
 * @param {AsyncIterator<import('ancillary').FdSocket>} connections
 * @returns {Promise<import('ancillary').FdSocket>}
 */
async function accept(connections) {
  const { value } = await connections.next();
  return value;
}

/**
 * Without a codec a frame is what one recvmsg returned.
 * @param {import('ancillary').FdSocket} socket
 */
async function readSegments(socket) {
  const segments = [];
  for await (const segment of socket.frames()) {
    segments.push({ range: segment.range, fds: segment.fds.length });
    segment.close();
  }
  return segments;
}

/**
 * With a codec it is what the sender meant.
 * @param {import('ancillary').FdSocket} socket
 */
async function readFrames(socket) {
  const frames = [];
  let listener;
  for await (const frame of socket.frames(lengthPrefixed())) {
    const descriptors = [];
    for (const fd of frame.fds) {
      const info = fds.describeFd(fd);
      descriptors.push({ what: describe(info), read: use(fd, info) });
      // Kept for later: take it out of the frame, whose close() closes the rest.
      if (info.listening) listener = OwnedFd.adopt(fd.take());
    }
    frames.push({ range: frame.range, payload: frame.bytes.subarray(HEADER), descriptors });
    frame.close();
  }
  if (listener === undefined) throw new Error('no listening socket came');
  return { frames, listener };
}

/** @param {import('ancillary').fds.FdInfo} info */
function describe(info) {
  if (info.kind === 'file') return `file, at byte ${info.position} of ${info.size}`;
  if (info.kind === 'memfd') return `memfd of ${info.size} bytes, sealed: ${info.seals?.join(', ')}`;
  if (info.listening) return `${info.kind}, listening at ${info.address}`;
  return `${info.kind}, to ${info.access}`;
}

/**
 * Reads all that a descriptor gives.
 * @param {OwnedFd} fd
 * @param {import('ancillary').fds.FdInfo} info
 */
function use(fd, info) {
  return info.listening ? 'accepts a connection, see below' : `reads ${preview(fs.readFileSync(fd.fd), 40)}`;
}

/**
 * @param {Awaited<ReturnType<typeof readSegments>>} segments
 * @param {Awaited<ReturnType<typeof readFrames>>['frames']} frames
 */
function showSegments(segments, frames) {
  console.log(heading('What the kernel delivers'));
  console.log(`Process ${process.pid} reads the first connection as it comes: one row for each recvmsg. Frames sent`);
  console.log('one after the other are coalesced, and a large one is split.\n');
  const rows = segments.map(({ range, fds }, index) => {
    const held = framesIn(range, frames);
    return [index + 1, `${range.start} to ${range.end}`, range.end - range.start, fds, held.join(', '), remark(held)];
  });
  console.log(table(['segment', 'range', 'bytes', 'descriptors', 'frames', 'what the kernel did'], rows));
}

/**
 * The numbers of the frames that a stretch of the stream holds, or "part of" them.
 * @param {import('ancillary').ByteRange} stretch
 * @param {{ range: import('ancillary').ByteRange }[]} frames
 */
function framesIn({ start, end }, frames) {
  return frames.flatMap(({ range }, index) => {
    if (range.end <= start || range.start >= end) return [];
    const whole = range.start >= start && range.end <= end;
    return [whole ? `${index + 1}` : `part of ${index + 1}`];
  });
}

/** @param {string[]} held */
function remark(held) {
  const remarks = [];
  if (held.length > 1) remarks.push(`${held.length} frames coalesced`);
  if (held.some((frame) => frame.startsWith('part'))) remarks.push('a frame split');
  return remarks.join(', ');
}

/** @param {Awaited<ReturnType<typeof readFrames>>['frames']} frames */
function showFrames(frames) {
  console.log(heading('What the child gets'));
  console.log('It reads the second connection with frames(lengthPrefixed()): each frame whole, with the descriptors');
  console.log('that it was sent with.\n');
  const rows = frames.flatMap(({ range, payload, descriptors }, index) => {
    const [first = '', ...others] = descriptors.flatMap(({ what, read }) => [what, `  ${read}`]);
    return [
      [index + 1, `${range.start} to ${range.end}`, payload.length, preview(payload), first],
      ...others.map((line) => ['', '', '', '', line]),
    ];
  });
  console.log(table(['frame', 'range', 'bytes', 'payload', 'its descriptors, and what they give'], rows));
}

/**
 * Accepts the connection that the parent made to the address of the socket it passed.
 * @param {OwnedFd} listener
 */
async function talk(listener) {
  const server = fds.toServer(listener);
  const [connection] = await once(server, 'connection');
  const [question] = await once(connection, 'data');
  const answer = `process ${process.pid}`;
  connection.end(answer);
  server.close();
  await once(server, 'close');

  console.log(heading('Over the TCP socket that was passed'));
  console.log(`  parent: ${question}`);
  console.log(`  child:  ${answer}`);
}
