import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, type FdSocket } from '../../packages/ancillary';
import { type DBusHandshake, dbusHandshake } from '../../packages/codec/dbus';
import { runDirectory, start } from '../support/children';

/** A dbus-daemon of our own. */
export interface Bus extends AsyncDisposable {
  /** Where it listens. */
  readonly path: string;
  /** A directory for other sockets; it goes with the bus. */
  readonly directory: string;
  readonly pid: number;
}

/** @param limits of its configuration, such as `{ max_message_unix_fds: 4 }` */
export async function startBus(limits: Readonly<Record<string, number>> = {}): Promise<Bus> {
  const directory = mkdtempSync(path.join(runDirectory(), 'bus-'));
  const socket = path.join(directory, 'bus');
  const file = path.join(directory, 'bus.conf');
  const limitLines = Object.entries(limits).map(([name, value]) => `<limit name="${name}">${value}</limit>`);
  writeFileSync(
    file,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
      "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
    <busconfig>
      <type>session</type>
      <listen>unix:path=${socket}</listen>
      <auth>EXTERNAL</auth>
      <policy context="default">
        <allow send_destination="*" eavesdrop="true"/>
        <allow eavesdrop="true"/>
        <allow own="*"/>
      </policy>
      ${limitLines.join('\n')}
    </busconfig>`,
  );
  const child = start('dbus-daemon', ['--nofork', '--nopidfile', '--print-address', `--config-file=${file}`]);
  try {
    await child.line(); // It listens now.
  } catch (error) {
    rmSync(directory, { recursive: true });
    throw error;
  }
  return {
    path: socket,
    directory,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    },
  };
}

/** A connection on which the handshake is over. */
export async function connectToBus(at: string): Promise<FdSocket & DBusHandshake> {
  const socket = await connect(at);
  return Object.assign(socket, await dbusHandshake(socket));
}
