import { CREDENTIALS } from './credentials';
import { DESCRIPTORS } from './descriptors';
import { MEMORY } from './memory';
import { MESSAGES } from './messages';
import type { Mutation } from './mutation';
import { OTHER_KERNELS } from './other-kernels';
import { OUT_OF_BAND } from './out-of-band';
import { RECEIVING } from './receiving';
import { SENDING } from './sending';

/** All of them, by what they are about. */
export const MUTATIONS: ReadonlyMap<string, readonly Mutation[]> = new Map([
  ['Receiving', RECEIVING],
  ['Sending', SENDING],
  ['SOCK_SEQPACKET and SOCK_DGRAM', MESSAGES],
  ['Out of band', OUT_OF_BAND],
  ['Room', MEMORY],
  ['Credentials', CREDENTIALS],
  ['Descriptors, options, shutdown, poll', DESCRIPTORS],
  ['Other kernels', OTHER_KERNELS],
]);
