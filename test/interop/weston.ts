import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type WaylandProtocol, waylandProtocol } from '../../packages/codec';
import { type Child, start } from '../support/children';

const EXTENSIONS = '/usr/share/wayland-protocols';

/** All protocols that Debian has, without the drafts of xdg-shell, whose interfaces have the names of the final ones. */
export function allProtocols(): WaylandProtocol {
  const files = readdirSync(EXTENSIONS, { encoding: 'utf8', recursive: true })
    .filter((file) => file.endsWith('.xml') && !file.startsWith('unstable/xdg-shell'))
    .map((file) => path.join(EXTENSIONS, file));
  return waylandProtocol(...['/usr/share/wayland/wayland.xml', ...files].map((file) => readFileSync(file)));
}

/** A compositor, with a directory of its own for its sockets. */
export interface Weston extends AsyncDisposable {
  /** What clients have as XDG_RUNTIME_DIR. */
  readonly directory: string;
  /** Where it listens. */
  readonly path: string;
  readonly pid: number;
}

/** @param args such as the backend; `env` such as the display of X11 */
export async function startWeston(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Weston> {
  // Short: with a name behind it, it is the path of a socket.
  const directory = mkdtempSync(path.join(os.tmpdir(), 'weston-'));
  const options = ['--no-config', '--idle-time=0', '--socket=wayland'];
  // It logs on standard error.
  const command = ['-c', 'exec weston "$@" 2>&1', 'weston'];
  const child = start('sh', [...command, ...args, ...options], { env: { ...env, XDG_RUNTIME_DIR: directory } });
  try {
    // Its shell is a client, which it starts when all else is ready.
    await lineWith(child, 'weston-desktop-shell');
  } catch (error) {
    await child[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
    throw error;
  }
  return {
    directory,
    path: path.join(directory, 'wayland'),
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    },
  };
}

async function lineWith(child: Child, text: string): Promise<void> {
  while (!(await child.line()).includes(text));
}
