import { setImmediate as nextTurn } from 'node:timers/promises';
import { OwnedFd } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import type { Stage } from './stage';

/** Two files a message: one waits for the acknowledgement of the one before. */
const WINDOW = 2;
const MESSAGES = 4;

/** Messages whose descriptors are kept until the peer has them. */
export async function byAcknowledgedMessages(stage: Stage): Promise<void> {
  const [left, right] = stage.pair();
  const codec = lengthPrefixed({ acknowledge: { window: WINDOW } });
  const sending = framed(left, codec);
  const receiving = framed(right, codec);
  const { signal } = stage;
  const sent = Array.from({ length: MESSAGES }, () =>
    sending.send({ bytes: Buffer.from('message'), fds: stage.files }, { signal }),
  );
  for (const each of sent) stage.run(each.then(() => stage.reach('acknowledged send settled', left, right)));
  stage.reach('acknowledged sends wait', left, right);
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  stage.reach('acknowledged send unread', left, right);
  stage.run(
    Promise.all(sent).then(async () => {
      stage.reach('acknowledged end', left, right);
      await sending.close();
    }),
  );
  for await (const { fds } of receiving) {
    try {
      stage.reach('acknowledged body', right, left);
    } finally {
      OwnedFd.closeAll(fds);
    }
  }
  await receiving.close();
}
