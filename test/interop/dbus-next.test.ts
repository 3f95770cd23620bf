import { withDbusNext } from './dbus-next';
import { dbusNextService, pythonService, SERVICE, SERVICE_PATH } from './dbus-service';
import { privateBus } from './private-bus';
import { reportRow } from './report';

const COUNT = 1000;

/** Calls Swap and Ping in turn, all at once, and prints how many answers were wrong. */
const CLIENT = `
  const call = (member, signature, body) =>
    bus.call(new dbus.Message({ destination: '${SERVICE}', path: '${SERVICE_PATH}', interface: '${SERVICE}', member, signature, body }));
  await new Promise((resolve) => bus.once('connect', resolve));
  let wrong = 0;
  async function swap() {
    const memory = fds.memfd('question');
    const { ino } = fs.fstatSync(memory.fd);
    const answered = call('Swap', 'h', [memory.fd]);
    memory.close();
    const [fd, made, got] = (await answered).body;
    if (typeof fd !== 'number' || BigInt(fs.fstatSync(fd).ino) !== made || BigInt(ino) !== got) wrong++;
    if (typeof fd === 'number') fs.closeSync(fd);
  }
  async function ping(text) {
    const { body } = await call('Ping', 's', [text]);
    if (body[0] !== text) wrong++;
  }
  const calls = Array.from({ length: ${2 * COUNT} }, (_, index) => (index % 2 === 0 ? swap() : ping('text ' + index)));
  await Promise.all(calls);
  const { body } = await call('Open', '', []);
  console.log(JSON.stringify({ wrong, left: openMemories(), leftAtService: body[0] }));
  bus.disconnect();
`;

test.each([
  ['libdbus', pythonService],
  ['dbus-next', dbusNextService],
])(
  `dbus-next through ancillary-usocket: ${COUNT} descriptors each way in one burst, a service of %s`,
  async (peer, serve) => {
    await using bus = await privateBus();
    await using service = await serve(bus);
    const { stdout } = await withDbusNext(bus.address, CLIENT).succeeded();
    const { wrong, left, leftAtService } = JSON.parse(stdout) as { wrong: number; left: number; leftAtService: number };
    service.kill();
    reportRow(
      {
        peer: `dbus-next through ancillary-usocket, a service of ${peer}`,
        messages: 4 * COUNT,
        fdsSent: COUNT,
        fdsReceived: COUNT,
        wrong,
        leftOver: left + leftAtService,
      },
      { messages: 2 * COUNT, fdsSent: COUNT, fdsReceived: COUNT },
    );
  },
);
