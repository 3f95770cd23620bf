import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FdSocket, fds, OwnedFd } from '../../packages/ancillary';
import { give, type Rpc, rpc } from '../../packages/rpc';
import type { Stage } from './stage';

const MORE_THAN_A_SOCKET_TAKES = 700_000;

interface Taking {
  readonly file: OwnedFd;
  readonly others: readonly OwnedFd[];
}

type Handlers = ReturnType<typeof handlersOf>;

/** Calls of rpc() with descriptors both ways: what runs at either end is a hook. */
export async function byCalls(stage: Stage): Promise<void> {
  const [left, right] = stage.pair();
  const handlers = handlersOf(stage, right, left);
  const serving = rpc(right, handlers, {
    onNotificationError: () => stage.reach('rpc notification error', right, left),
  });
  const client: Rpc<Handlers> = rpc(left);
  for (const { closed } of [serving, client]) stage.run(closed);
  const { signal } = stage;
  stage.run(cancelled(stage, client, left, right));
  const [file, other] = stage.files;
  if (file === undefined || other === undefined) throw new Error('there are two files');
  const whole = client.call('take', { file, others: [other] }, { signal });
  const large = client.call('large', undefined, { signal });
  for (const answer of [whole, large]) stage.run(closeAnswer(answer));
  stage.reach('rpc call made', left, right);
  await whole;
  stage.reach('rpc call settled', left, right);
  await large;
  const items = await client.call('items', file, { signal });
  for await (const item of items) {
    using received = item;
    if (!received.closed) stage.reach('rpc iterator body', left, right);
  }
  await client.notify('tell', file);
  await client.notify('refuse', file);
}

function handlersOf(stage: Stage, socket: FdSocket, peer: FdSocket) {
  return {
    async take({ file, others }: Taking) {
      stage.reach('rpc handler', socket, peer);
      using taken = OwnedFd.adopt(file.take());
      await nextTurn();
      stage.reach('rpc handler later', socket, peer);
      return {
        file: give(fds.memfd('answer')),
        given: give(taken.dup()),
        count: others.length,
        last: {
          toJSON: () => {
            stage.reach('rpc answer written', socket, peer);
            return 'last';
          },
        },
      };
    },

    large() {
      void nextTurn()
        .then(() => stage.reach('rpc answer under way', socket, peer))
        .catch(rethrow);
      return { file: give(fds.memfd('answer')), text: 'x'.repeat(MORE_THAN_A_SOCKET_TAKES) };
    },

    async *items(file: OwnedFd) {
      try {
        for (let item = 0; item < 3; item++) {
          stage.reach('rpc iterator item', socket, peer);
          yield file;
          await nextTurn();
        }
      } finally {
        stage.reach('rpc iterator end', socket, peer);
      }
    },

    tell(file: OwnedFd) {
      if (!file.closed) stage.reach('rpc notification', socket, peer);
    },

    refuse(file: OwnedFd) {
      throw new Error(file.closed ? 'closed' : 'refused');
    },

    /** Never answers by itself. */
    wait(_file: OwnedFd, { signal }: { readonly signal: AbortSignal }) {
      return new Promise<string>((resolve) => {
        signal.addEventListener('abort', () => {
          resolve('aborted');
          stage.reach('rpc handler aborted', socket, peer);
        });
      });
    },
  };
}

async function cancelled(stage: Stage, client: Rpc<Handlers>, left: FdSocket, right: FdSocket): Promise<void> {
  const cancelling = new AbortController();
  const [file] = stage.files;
  if (file === undefined) throw new Error('there are two files');
  const waiting = client.call('wait', file, { signal: cancelling.signal });
  stage.run(waiting);
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  cancelling.abort();
  await waiting.catch(() => stage.reach('rpc call cancelled', left, right));
}

async function closeAnswer(answer: Promise<{ readonly file: OwnedFd; readonly given?: OwnedFd }>): Promise<void> {
  const { file, given } = await answer;
  file.close();
  given?.close();
}

/** Out of a promise that nobody has, as what a program throws in a callback. */
function rethrow(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
