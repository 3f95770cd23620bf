import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Child, runDirectory, start } from '../support/children';

/** A message bus of the test's own, which any peer may use without limits that matter. */
export interface PrivateBus extends AsyncDisposable {
  /** The socket that it listens at. */
  readonly path: string;
  /** The same as a D-Bus address. */
  readonly address: string;
  readonly daemon: Child;
}

const LIMITS = {
  max_incoming_bytes: 1e9,
  max_outgoing_bytes: 1e9,
  max_incoming_unix_fds: 1e6,
  max_outgoing_unix_fds: 1e6,
  max_message_unix_fds: 16,
  max_replies_per_connection: 50_000,
};

/**
 * Starts dbus-daemon with a configuration of its own, and waits until it listens.
 * @param home where it makes a directory for itself
 */
export async function privateBus(home: string = runDirectory()): Promise<PrivateBus> {
  const directory = mkdtempSync(path.join(home, 'bus-'));
  const socket = path.join(directory, 'bus');
  const limits = Object.entries(LIMITS).map(([name, value]) => `<limit name="${name}">${value}</limit>`);
  const configuration = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
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
  ${limits.join('\n  ')}
</busconfig>`;
  const file = path.join(directory, 'bus.conf');
  writeFileSync(file, configuration);
  const daemon = start('dbus-daemon', [`--config-file=${file}`, '--nofork', '--nopidfile', '--print-address=1']);
  await daemon.line();
  return {
    path: socket,
    address: `unix:path=${socket}`,
    daemon,
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    },
  };
}
