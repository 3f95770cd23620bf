import type { Mutation } from './mutation';

/** docs/kernel.md 36, and who may say that it is somebody else (unix(7)). */
export const CREDENTIALS: readonly Mutation[] = [
  {
    rule: 36,
    broken: 'Who was not noted is user 0',
    file: 'limits.ts',
    from: 'NOBODY = 65_534',
    to: 'NOBODY = 0',
  },
  {
    rule: 36,
    broken: 'With the end come the credentials of who was not noted',
    file: 'control-buffer.ts',
    from: `  if (writer === 'nobody') return { pid: 0, uid: 0, gid: 0 };
  return writer ?? {`,
    to: `  return (writer === 'nobody' ? undefined : writer) ?? {`,
  },
  {
    rule: 36,
    broken: 'With the end come no credentials',
    file: 'stream-receive.ts',
    from: 'ancillary: { files: this.files, writer: this.#writer },',
    to: `...((this.copied > 0 || this.#writer !== 'nobody') && { ancillary: { files: this.files, writer: this.#writer } }),`,
  },
  {
    rule: 36,
    broken: 'What was sent before SO_PASSCRED was set is joined with what was sent after',
    file: 'stream-receive.ts',
    from: '  return a?.pid === b?.pid',
    to: '  return a === undefined || b === undefined || a?.pid === b?.pid',
  },
  {
    rule: 36,
    broken: 'Each sendmsg notes its writer, though no option was set',
    file: 'outgoing-message.ts',
    from: 'return from.tellsWriters || to.tellsWriters ? message.sender.credentials : undefined;',
    to: 'return message.sender.credentials;',
  },
  {
    rule: 'unix(7)',
    broken: 'Anybody may say that it is somebody else',
    file: 'model-process.ts',
    from: 'own.uid !== 0 && (pid !== own.pid',
    to: 'own.uid < 0 && (pid !== own.pid',
  },
  {
    rule: 'unix(7)',
    broken: 'Not even root may say that it is somebody else',
    file: 'model-process.ts',
    from: 'own.uid !== 0 && (pid !== own.pid',
    to: '(pid !== own.pid',
  },
  {
    rule: 'unix(7)',
    broken: 'Anybody may name another process',
    file: 'model-process.ts',
    from: '(pid !== own.pid || uid !== own.uid',
    to: '(uid !== own.uid',
  },
  {
    rule: 'unix(7)',
    broken: 'A process that there is not may be named',
    file: 'model-process.ts',
    from: `    if (!this.#kernel.hasProcess(pid)) throw new KernelError('ESRCH', 'sendmsg');\n`,
    to: '',
  },
  {
    rule: 'unix(7)',
    broken: 'The user -1 may be named',
    file: 'model-process.ts',
    from: `    if (uid === NO_ID || gid === NO_ID) throw new KernelError('EINVAL', 'sendmsg');\n`,
    to: '',
  },
  {
    rule: 'unix(7)',
    broken: 'A claim is not believed: the writer is the sender itself',
    file: 'outgoing-message.ts',
    from: 'if (message.credentials !== undefined) return message.credentials;',
    to: 'if (message.credentials !== undefined) return message.sender.credentials;',
  },
];
