/**
 * README's RPC server, in a process of its own. Arguments: the modules `rpc` and `ancillary`, the path, and `quota` or
 * `no quota`.
 */
export const SERVER = `
const fs = require('node:fs/promises');
const [rpcModule, ancillaryModule, path, quota] = process.argv.slice(1);
const { give, rpc } = require(rpcModule);
const { listen } = require(ancillaryModule);

const handlers = {
  async open(name) {
    return { name, file: give(await fs.open('/etc/passwd')) };
  },
};
void listen({ path, mode: 0o666 }, quota === 'quota' ? {} : { quota: false }).then((server) => {
  server.on('error', () => undefined);
  server.on('connection', (socket) => rpc(socket, handlers).closed.catch(() => undefined));
  console.log('listening');
});
`;

/**
 * Clients that read what they ask for. Arguments: the modules, the path, how many, the user, and how many milliseconds to wait
 * for an answer. A line at descriptor 3 begins a
 * round, in which each makes so many calls one after the other, on the connection that it has or, with `fresh`, on a new one; a
 * line of output says what became of them.
 */
export const HONEST = `
const fs = require('node:fs');
const readline = require('node:readline');
const { performance } = require('node:perf_hooks');
const [rpcModule, ancillaryModule, path, clients, user, patience] = process.argv.slice(1);
const { rpc } = require(rpcModule);
const { connect } = require(ancillaryModule);
process.setgroups([]);
process.setgid(Number(user));
process.setuid(Number(user));
// So that an answer that never comes is told, and not waited for.
const NEVER_MS = Number(patience);

async function open() {
  const all = [];
  for (let index = 0; index < Number(clients); index++) all.push(rpc(await connect(path, { timeout: NEVER_MS })));
  return all;
}

async function ask(client, calls, times) {
  for (let call = 0; call < calls; call++) {
    const start = performance.now();
    const { file } = await client.call('open', 'users', { signal: AbortSignal.timeout(NEVER_MS) });
    fs.fstatSync(file.fd);
    file.close();
    times.push(performance.now() - start);
  }
}

async function round(old, { calls, fresh }) {
  const times = [];
  const failures = [];
  try {
    const used = fresh ? await open() : old;
    const asked = await Promise.allSettled(used.map((client) => ask(client, calls, times)));
    for (const { reason } of asked) if (reason !== undefined) failures.push(String(reason));
    if (fresh) for (const client of used) await client.close();
  } catch (error) {
    failures.push(String(error));
  }
  times.sort((a, b) => a - b);
  return { answered: times.length, failures, median: times[times.length >> 1] };
}

async function main() {
  const old = await open();
  console.log('connected');
  const lines = readline.createInterface({ input: fs.createReadStream('', { fd: 3 }) });
  for await (const line of lines) console.log(JSON.stringify(await round(old, JSON.parse(line))));
  process.exit();
}
main();
`;

/**
 * Connections that ask as often as they can, and never read. Arguments: the path, how many, and the user. It says when it is
 * ready, and begins when descriptor 3 ends; it says when it cannot send anything more, and goes on trying.
 */
export const HOSTILE = `
import json, os, select, socket, struct, sys

path, count, user = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.setgroups([])
os.setgid(user)
os.setuid(user)
print('ready', flush=True)
os.read(3, 1)

class Peer:
    def __init__(self):
        self.calls = 0
        self.rest = b''
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.setblocking(False)

    def ask(self):
        if not self.rest:
            for _ in range(64):
                self.calls += 1
                call = json.dumps({'id': self.calls, 'method': 'open', 'params': 'users'}).encode()
                self.rest += struct.pack('>IH', len(call), 0) + call
        try:
            self.rest = self.rest[self.socket.send(self.rest):]
        except BlockingIOError:
            pass

peers = {}
for _ in range(count):
    peer = Peer()
    peers[peer.socket] = peer
told = False
while True:
    _, writable, _ = select.select([], list(peers), [], 0.1)
    if not writable and not told:
        told = True
        print('stalled', flush=True)
    for each in writable:
        try:
            peers[each].ask()
        except OSError:
            # The server closed it.
            del peers[each]
`;
