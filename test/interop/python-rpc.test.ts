import { fds, type OwnedFd } from '../../packages/ancillary';
import { type CallContext, give, rpc, type Rpc } from '../../packages/rpc';
import { python } from '../support/children';
import { identity } from '../support/descriptors';
import { Files } from '../support/files';
import { type Peer, startPeer } from '../support/peer';
import { PYTHON_FRAMES } from './python-frames';
import { reportRow } from './report';

/** Python that speaks the protocol of `rpc()` as docs/rpc.md has it, with nothing but `json` and `socket`. */
const PYTHON_RPC = `${PYTHON_FRAMES}
import json

def take(value, files):
    """Puts descriptors in the place of placeholders."""
    if isinstance(value, list):
        return [take(each, files) for each in value]
    if isinstance(value, dict):
        if "$fd" in value:
            assert set(value) == {"$fd"}
            return File(files[value["$fd"]])
        return {(name[1:] if is_reserved(name) else name): take(each, files) for name, each in value.items()}
    return value

def put(value, files):
    """The other way round."""
    if isinstance(value, File):
        files.append(value.fd)
        return {"$fd": len(files) - 1}
    if isinstance(value, list):
        return [put(each, files) for each in value]
    if isinstance(value, dict):
        return {("$" + name if is_reserved(name) else name): put(each, files) for name, each in value.items()}
    return value

def is_reserved(name):
    return name.startswith("$") and name.lstrip("$") == "fd"

class File:
    def __init__(self, fd):
        self.fd = fd

def send_message(message):
    """Closes the descriptors that it sends."""
    files = []
    payload = json.dumps({name: put(value, files) for name, value in message.items()}).encode()
    send_frame(payload, files)

def receive_message():
    got = receive_frame()
    if got is None:
        return None
    payload, files = got
    message = take(json.loads(payload), files)
    message["fds"] = files
    return message

def made(text):
    return File(new_file(text.encode()))
`;

async function talk<T>(
  program: string,
  handlers: object,
  act: (connection: Rpc, peer: Peer) => Promise<T>,
): Promise<T> {
  await using peer = startPeer(python, PYTHON_RPC + program);
  const connection = rpc(peer.socket, handlers as Record<string, () => unknown>);
  const result = await act(connection, peer);
  await connection.close();
  await peer.child.succeeded();
  return result;
}

test('a Python peer is called, and calls, with descriptors both ways', async () => {
  const COUNT = 500;
  let wrong = 0;
  using files = new Files(COUNT);
  const { stats, leftOver } = await talk(
    `
# Answers calls, and makes one of its own for each; every other one has a descriptor.
before = len(os.listdir("/proc/self/fd"))
wrong = 0
for number in range(2 * ${COUNT} * 2):
    message = receive_message()
    if "method" in message:
        index = message["params"]["index"]
        file = message["params"].get("file")
        if (file is None) != (index % 2 == 1) or (file and identity(file.fd) != message["params"]["identity"]):
            wrong += 1
        for fd in message["fds"]:
            os.close(fd)
        own = made("own") if index % 2 == 0 else None
        params = {"index": index, "identity": identity(own.fd), "file": own} if own else {"index": index}
        send_message({"id": index, "method": "check", "params": params})
        answer = made("answer") if index % 2 == 0 else None
        send_message({"id": message["id"], "result": {"file": answer, "identity": answer and identity(answer.fd)}})
    else:
        if message["result"] != {"index": message["id"], "data": {"$fd": 0}}:
            wrong += 1
say(wrong, len(os.listdir("/proc/self/fd")) - before)
while receive_message() is not None:
    pass`,
    {
      check({ index, file, identity: there }: { index: number; file?: OwnedFd; identity?: string }) {
        if ((file === undefined) !== (index % 2 === 1) || (file && identity(file.fd) !== there)) wrong++;
        return { index, data: { $fd: 0 } };
      },
    },
    async (connection, peer) => {
      const calls = Array.from({ length: 2 * COUNT }, async (_, index) => {
        const file = index % 2 === 0 ? files.owned[index / 2] : undefined;
        const params = { index, file, identity: file && identity(file.fd) };
        const result = (await connection.call('call', params)) as { file: OwnedFd | null; identity: string | null };
        if ((result.file === null) !== (index % 2 === 1)) wrong++;
        if (result.file !== null && identity(result.file.fd) !== result.identity) wrong++;
        result.file?.close();
      });
      await Promise.all(calls);
      const [theirs = NaN, leftOver = NaN] = (await peer.child.line()).split(' ').map(Number);
      wrong += theirs;
      return { stats: connection.socket.stats, leftOver };
    },
  );
  const { framesSent, framesReceived, fdsSent, fdsReceived } = stats;
  reportRow(
    { peer: 'rpc(), Python', messages: framesSent + framesReceived, fdsSent, fdsReceived, wrong, leftOver },
    { messages: 8 * COUNT, fdsSent: COUNT, fdsReceived: 2 * COUNT },
  );
});

test('a Python peer cancels, gets errors, and goes through an iterator', async () => {
  let cancelled = false;
  await talk(
    `
send_message({"id": 1, "method": "wait"})
send_message({"cancel": 1})
say(receive_message()["error"]["code"])
send_message({"id": 2, "method": "missing"})
say(receive_message()["error"]["code"])
send_message({"id": 3, "method": "files", "params": {"$fd": "data", "$$fd": 1}})
say(receive_message()["iterator"])
for number in range(3):
    send_message({"pull": 3, "count": 1})
    item = receive_message()["item"]
    say(os.read(item["file"].fd, 100).decode())
    os.close(item["file"].fd)
send_message({"cancel": 3})
say(receive_message()["id"])
while receive_message() is not None:
    pass`,
    {
      async wait(_params: unknown, { signal }: CallContext) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        cancelled = true;
        throw Object.assign(new Error('stopped'), { code: 'ESTOPPED' });
      },
      async *files(params: unknown) {
        for (let number = 1; ; number++) {
          const content = JSON.stringify([number, params]);
          yield await Promise.resolve({ file: give(fds.memfd('file', Buffer.from(content))) });
        }
      },
    },
    async (_connection, { child }) => {
      await expect(child.line()).resolves.toBe('ESTOPPED');
      await expect(child.line()).resolves.toBe('ERR_RPC_METHOD');
      await expect(child.line()).resolves.toBe('True');
      for (const number of [1, 2, 3]) await expect(child.line()).resolves.toBe(`[${number},{"$fd":"data","$$fd":1}]`);
      await expect(child.line()).resolves.toBe('3');
    },
  );
  expect(cancelled).toBe(true);
});
