'use strict';

// Starts child.js, connects to it, and sends it frames with descriptors. Run it with `npm run demo`.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { connect, fds } = require('ancillary');
const { lengthPrefixed } = require('ancillary/codec');
const { framed } = require('ancillary/rpc');
const { differencesFrom, openDescriptors, openWhatNodeKeeps } = require('./descriptors');
const { heading, preview, table } = require('./text');

const LIMIT_MS = 15_000;
// Larger than one segment of the kernel's queue (36,544 bytes where a page has 4 KiB), so it arrives in parts.
const LARGE = 60_000;

process.exitCode = 1; // Until everything was seen to be right.
main().catch((error) => {
  console.error(error);
  process.exit();
});

async function main() {
  await openWhatNodeKeeps();
  const before = openDescriptors();
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ancillary-demo-'));
  try {
    await demonstrate(directory);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
  const differences = await differencesFrom(before);
  if (differences.length > 0) throw new Error(`the parent's descriptors have changed:\n${differences.join('\n')}`);
  console.log(`The parent holds the same ${before.size} descriptors as at the start.`);
  console.log('\nBoth processes hold the same descriptors as at the start.');
  process.exitCode = 0;
}

/** @param {string} directory */
async function demonstrate(directory) {
  const file = openPoem(directory);
  const settings = fds.memfd('settings', Buffer.from('colour=blue\n'), { seal: true });
  const [pipe, pipeEnd] = fds.pipe();
  fs.writeSync(pipeEnd.fd, 'through the pipe\n');
  pipeEnd.close();
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());

  /** @type {{ text: string, fds: import('ancillary').FdLike[], what: string }[]} */
  const messages = [
    { text: 'hello', fds: [], what: '' },
    { text: 'no descriptors here either', fds: [], what: '' },
    { text: 'a file, go on reading it', fds: [file], what: 'a file, read up to its second line' },
    { text: 'some memory, and a pipe', fds: [settings, pipe], what: 'a sealed memfd; the reading end of a pipe' },
    { text: 'a server. '.repeat(LARGE / 10), fds: [server], what: `a TCP socket listening at 127.0.0.1:${port}` },
    { text: 'good bye', fds: [], what: '' },
  ];

  console.log('Two processes, a Unix socket between them, and file descriptors on their way from one to the other.');
  console.log(heading('What the parent sends'));
  console.log(
    `Process ${process.pid} sends these frames, each with one send(): 4 bytes for the length, 2 for the number of`,
  );
  console.log('descriptors, then the payload. It sends all of them twice, on two connections to its child.\n');
  const rows = messages.map(({ text, what }, index) => [index + 1, text.length, preview(text), what]);
  console.log(table(['frame', 'bytes', 'payload', 'descriptors'], rows));

  const address = path.join(directory, 'socket');
  const child = spawn(process.execPath, [path.join(__dirname, 'child.js'), address], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(child, 'exit');
  const watchdog = setTimeout(() => {
    child.kill('SIGKILL');
    console.error(`The demo took longer than ${LIMIT_MS} ms.`);
    process.exit();
  }, LIMIT_MS);

  await sendAll(address, messages, false);
  // The second time each descriptor is closed here once it is sent; the child has the only one then.
  await sendAll(address, messages, true);

  // The server's socket is the child's now: a connection to the same address ends up there.
  const connection = net.connect(port, '127.0.0.1');
  connection.write('Who is there?');
  let answer = '';
  for await (const chunk of connection) answer += chunk;

  const [code] = await ended;
  clearTimeout(watchdog);
  if (code !== 0) throw new Error(`the child ended with ${code}`);
  if (answer !== `process ${child.pid}`) throw new Error(`"${answer}" answered at the TCP socket, not the child`);
}

/**
 * @param {string} address
 * @param {{ text: string, fds: import('ancillary').FdLike[] }[]} messages
 * @param {boolean} transfer
 */
async function sendAll(address, messages, transfer) {
  const codec = lengthPrefixed();
  const encode = (/** @type {import('ancillary/codec').LengthPrefixedPayload} */ message) => ({
    ...codec.encode(message),
    transfer,
  });
  // The child may not be listening yet: try until it is.
  const connection = framed(await connect(address, { retry: true }), { ...codec, encode });
  await Promise.all(messages.map(({ text, fds }) => connection.send({ bytes: Buffer.from(text), fds })));
  await connection.close();
}

/** @param {string} directory */
function openPoem(directory) {
  const name = path.join(directory, 'poem.txt');
  fs.writeFileSync(name, 'the first line\nthe second line\nthe third line\n');
  const fd = fs.openSync(name, 'r');
  fs.readSync(fd, Buffer.alloc('the first line\n'.length));
  return fd;
}
