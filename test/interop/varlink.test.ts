import path from 'node:path';
import { connect, fds, OwnedFd } from '../../packages/ancillary';
import { nativeBinding } from '../../packages/binding-native';
import { type VarlinkBody, type VarlinkMessage, varlinkMessages } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { python, runDirectory, start } from '../support/children';
import { identity, openDescriptors } from '../support/descriptors';
import { identitiesOf } from '../support/files';
import { closed, startPeer } from '../support/peer';
import { PYTHON_VARLINK } from './python-varlink';
import { leftOpen, reportRow } from './report';

const COUNT = 1000;
/** So many are sent without waiting for one another. */
const BURST = 100;

/** What came with a message, beside what it says came with it. */
function isWrong({ body, fds }: VarlinkMessage): boolean {
  const expected = body.parameters?.['file'];
  return identitiesOf(fds).join(' ') !== (typeof expected === 'string' ? expected : '');
}

it.each([
  ['a sendmsg for each message', 'False'],
  ['messages without joined in front of one with, as sd-varlink sends them', 'True'],
])(
  'a Python peer and we send 1,000 descriptors each in bursts, and as many messages without: %s',
  async (_how, joining) => {
    await using peer = startPeer(python, `${PYTHON_VARLINK}\nexchange(${COUNT}, ${joining})`);
    const before = openDescriptors();
    const codec = varlinkMessages();
    const connection = framed(peer.socket, codec);

    const sendAll = async (): Promise<void> => {
      for (let first = 0; first < COUNT; first += BURST) {
        const sending: Promise<void>[] = [];
        for (let number = first; number < first + BURST; number++) {
          using file = fds.memfd(`file ${number}`);
          const parameters = { number, file: identity(file.fd) };
          sending.push(connection.send({ body: { method: 'test.Check', parameters }, fds: [file] }));
          sending.push(connection.send({ body: { method: 'test.Check', parameters: { number, file: null } } }));
        }
        await Promise.all(sending);
      }
      await connection.send({ body: { method: 'test.Done' } });
    };

    let messages = 0;
    let wrong = 0;
    let ambiguous = 0;
    let told: VarlinkBody['parameters'];
    const receiveAll = async (): Promise<void> => {
      for await (const frame of peer.socket.frames(codec)) {
        const message = codec.decode(frame);
        if (message.body.continues !== true) {
          told = message.body.parameters;
          break;
        }
        messages++;
        if (isWrong(message)) wrong++;
        if (message.ambiguous === true) ambiguous++;
        OwnedFd.closeAll(message.fds);
      }
    };
    await Promise.all([sendAll(), receiveAll()]);

    const theirs = told as { messages: number; wrong: number; leftOver: number };
    const { fdsSent, fdsReceived } = peer.socket.stats;
    reportRow(
      {
        peer: `Varlink: Python, ${joining === 'True' ? 'joined as by sd-varlink' : 'one by one'}`,
        messages: messages + theirs.messages,
        fdsSent,
        fdsReceived,
        wrong: wrong + theirs.wrong,
        leftOver: leftOpen(before) + theirs.leftOver,
      },
      { messages: 4 * COUNT, fdsSent: COUNT, fdsReceived: COUNT },
    );
    // Where a sendmsg holds two messages, nobody can tell whose its descriptor is; where it holds one, there is no doubt.
    expect(ambiguous).toBe(joining === 'True' ? 2 * COUNT : 0);
    await peer.child.succeeded();
  },
);

/** systemd-userdbd on a socket of its own, as systemd would start it. */
function startUserdbd(address: string): ReturnType<typeof start> {
  using listening = nativeBinding.socket();
  nativeBinding.bind(listening, { path: address });
  nativeBinding.listen(listening, 20);
  // It takes over descriptor 3, and finds out by its process id that it is meant.
  const command = 'LISTEN_PID=$$ LISTEN_FDS=1 exec /lib/systemd/systemd-userdbd';
  return start('sh', ['-c', command], { descriptors: [listening.fd] });
}

it('systemd-userdbd answers calls one after the other, with several replies, and with errors', async () => {
  const address = path.join(runDirectory(), `userdbd-${process.pid}`);
  await using daemon = startUserdbd(address);
  const socket = await connect(address);
  const before = openDescriptors();
  const connection = framed(socket, varlinkMessages());
  const replies = connection[Symbol.asyncIterator]();
  let messages = 0;
  const call = async (body: VarlinkBody): Promise<VarlinkBody[]> => {
    const answers: VarlinkBody[] = [];
    await connection.send({ body });
    messages++;
    for (let more = true; more; messages++) {
      const { value } = (await replies.next()) as IteratorResult<VarlinkMessage, never>;
      answers.push(value.body);
      more = value.body.continues === true;
    }
    return answers;
  };

  const method = 'io.systemd.UserDatabase.GetUserRecord';
  const service = 'io.systemd.NameServiceSwitch';
  const [root] = await call({ method, parameters: { userName: 'root', service } });
  expect(root?.parameters?.['record']).toMatchObject({ userName: 'root', uid: 0, gid: 0 });
  const all = await call({ method, parameters: { service }, more: true });
  const names = all.map(({ parameters }) => (parameters?.['record'] as { userName: string }).userName);
  expect(names).toEqual(expect.arrayContaining(['root', 'daemon', 'nobody']));
  const [nobody] = await call({ method, parameters: { userName: 'is-not-there', service } });
  expect(nobody?.error).toBe('io.systemd.UserDatabase.NoRecordFound');
  const [unknown] = await call({ method: 'org.example.Unknown' });
  expect(unknown?.error).toMatch(/^org\.varlink\.service\.(MethodNotFound|InterfaceNotFound)$/);
  // Each call is answered on its own, so that 100 of them take their turn.
  for (let number = 0; number < 100; number++) {
    const [record] = await call({ method, parameters: { uid: 0, service } });
    expect(record?.parameters?.['record']).toMatchObject({ userName: 'root' });
  }
  const leftOver = leftOpen(before);
  reportRow(
    { peer: 'Varlink: systemd-userdbd', messages, fdsSent: 0, fdsReceived: 0, wrong: 0, leftOver },
    { messages: 208 },
  );
  await closed(socket);
  daemon.kill('SIGTERM');
  await daemon.finished;
});
