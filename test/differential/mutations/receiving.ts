import type { Mutation } from './mutation';

const BARRIER = `if (socket.rules.barrier === 'after' && files !== undefined) return;`;

/** docs/kernel.md 1 to 13, and 34. */
export const RECEIVING: readonly Mutation[] = [
  {
    rule: 2,
    broken: 'No barrier: a read goes on behind descriptors, and returns those of the last segment',
    file: 'stream-receive.ts',
    from: BARRIER,
    to: '',
  },
  {
    rule: 2,
    broken: 'A read stops in front of a segment with descriptors',
    file: 'kernel-rules.ts',
    from: `barrier: 'after',`,
    to: `barrier: 'before',`,
  },
  {
    rule: 2,
    broken: 'A read ends with each segment',
    file: 'stream-receive.ts',
    from: BARRIER,
    to: 'return;',
  },
  {
    rule: 4,
    broken: 'Descriptors come with the last part of their segment',
    file: 'stream-receive.ts',
    from: 'const files = segment.takeFiles();',
    to: 'const files = segment.unread > 0 ? undefined : segment.takeFiles();',
  },
  {
    rule: 4,
    broken: 'The rest of a segment is a barrier too',
    file: 'stream-receive.ts',
    from: BARRIER,
    to: `if (files !== undefined || count < segment.bytes.length) return;`,
  },
  {
    rule: 7,
    broken: 'One byte less than CMSG_LEN is enough',
    file: 'control-buffer.ts',
    from: '(this.#room - this.#rules.control.header) / FD_LENGTH',
    to: '(this.#room - this.#rules.control.header + 1) / FD_LENGTH',
  },
  {
    rule: 7,
    broken: 'One byte more than CMSG_LEN is needed',
    file: 'control-buffer.ts',
    from: '(this.#room - this.#rules.control.header) / FD_LENGTH',
    to: '(this.#room - this.#rules.control.header - 1) / FD_LENGTH',
  },
  {
    rule: 7,
    broken: 'CMSG_SPACE(4) lets one descriptor through, not two',
    file: 'control-buffer.ts',
    from: 'Math.max(0, Math.floor((this.#room - this.#rules.control.header) / FD_LENGTH))',
    to: 'Math.max(0, Math.ceil((this.#room - this.#rules.control.header) / FD_LENGTH / 2))',
  },
  {
    rule: 7,
    broken: 'A control message is followed by no padding',
    file: 'control-buffer.ts',
    from: 'Math.ceil(payload / alignment) * alignment',
    to: 'payload',
  },
  {
    rule: 7,
    broken: 'All descriptors fit, or none is delivered',
    file: 'kernel-rules.ts',
    from: 'Math.min(count, fits)',
    to: 'count <= fits ? count : 0',
  },
  {
    rule: 7,
    broken: 'Descriptors that did not fit are lost without MSG_CTRUNC',
    file: 'control-buffer.ts',
    from: 'if (this.#delivered.fds.length < files.length) this.#delivered.truncated = true;',
    to: '',
  },
  {
    rule: 7,
    broken: 'Without a control buffer descriptors are lost without MSG_CTRUNC',
    file: 'control-buffer.ts',
    from: 'socket.tellsWriters || files !== undefined;',
    to: 'socket.tellsWriters;',
  },
  {
    rule: 7,
    broken: 'Without a control buffer credentials are lost without MSG_CTRUNC',
    file: 'control-buffer.ts',
    from: 'socket.tellsWriters || files !== undefined;',
    to: 'files !== undefined;',
  },
  {
    rule: 7,
    broken: 'Descriptors that did not fit stay open, in nobody’s table',
    file: 'control-buffer.ts',
    from: '    dropAll(files);\n    this.#delivered.fds =',
    to: '    dropAll(files.slice(0, fits));\n    this.#delivered.fds =',
  },
  {
    rule: 8,
    broken: 'Where not all find a number none is delivered',
    file: 'control-buffer.ts',
    from: 'if (fd === undefined) break;',
    to: 'if (fd === undefined) {\n for (const each of fds.splice(0)) this.#table.remove(each)?.drop();\n break;\n }',
  },
  {
    rule: 8,
    broken: 'The limit itself is a number too',
    file: 'descriptor-table.ts',
    from: 'if (fd >= this.#firstNumber + this.limit) return undefined;',
    to: 'if (fd > this.#firstNumber + this.limit) return undefined;',
  },
  {
    rule: 8,
    broken: 'Without numbers recvmsg fails',
    file: 'kernel-rules.ts',
    from: `failsWithoutNumbers: false`,
    to: `failsWithoutNumbers: true`,
  },
  {
    rule: 9,
    broken: 'The lists of one sendmsg arrive in reverse',
    file: 'outgoing-message.ts',
    from: 'for (const list of message.fds ?? []) {',
    to: 'for (const list of [...(message.fds ?? [])].reverse()) {',
  },
  {
    rule: 9,
    broken: 'Only the first list of a sendmsg arrives',
    file: 'outgoing-message.ts',
    from: 'for (const fd of list) files.push(',
    to: 'if (files.length === 0) for (const fd of list) files.push(',
  },
  {
    rule: 9,
    broken: 'Credentials come behind descriptors',
    file: 'control-buffer.ts',
    from: `    if (socket.passCredentials) this.#putCredentials(writer);
    if (files !== undefined) this.#putFiles(files);
`,
    to: `    if (files !== undefined) this.#putFiles(files);
    if (socket.passCredentials) this.#putCredentials(writer);
`,
  },
  {
    rule: 9,
    broken: 'Credentials need no room',
    file: 'control-buffer.ts',
    from: 'if (this.#room >= header) this.#use(CREDENTIALS_LENGTH);',
    to: '',
  },
  {
    rule: 9,
    broken: 'Credentials that did not fit leave their room to descriptors',
    file: 'control-buffer.ts',
    from: 'if (this.#room >= header) this.#use(CREDENTIALS_LENGTH);',
    to: 'if (this.#room >= header + CREDENTIALS_LENGTH) this.#use(CREDENTIALS_LENGTH);',
  },
  {
    rule: 9,
    broken: 'Bytes of different writers are joined',
    file: 'stream-receive.ts',
    from: `if (this.#writer !== 'nobody') return sameWriter(this.#writer, segment.writer);`,
    to: '',
  },
  {
    rule: 9,
    broken: 'Bytes of different users are joined where the process is the same',
    file: 'stream-receive.ts',
    from: ' && a?.uid === b?.uid && a?.gid === b?.gid',
    to: '',
  },
  {
    rule: 9,
    broken: 'Writers are told apart though no option was set',
    file: 'stream-receive.ts',
    from: 'if (socket.tellsWriters) this.#writer = segment.writer;',
    to: 'this.#writer = segment.writer;',
  },
  {
    rule: 9,
    broken: 'The sender’s own SO_PASSCRED does not note it as the writer',
    file: 'outgoing-message.ts',
    from: 'from.tellsWriters || to.tellsWriters',
    to: 'to.tellsWriters',
  },
  {
    rule: 9,
    broken: 'A pidfd comes in front of the descriptors',
    file: 'control-buffer.ts',
    from: `    if (files !== undefined) this.#putFiles(files);
    if (socket.passPidfd) this.#putPidfd(writer, pidfd);
`,
    to: `    if (socket.passPidfd) this.#putPidfd(writer, pidfd);
    if (files !== undefined) this.#putFiles(files);
`,
  },
  {
    rule: 9,
    broken: 'A pidfd that finds no number is left out',
    file: 'control-buffer.ts',
    from: 'this.#delivered.pidfd = this.#table.install(pidfd(writer.pid)) ?? NO_FREE_NUMBER;',
    to: 'const fd = this.#table.install(pidfd(writer.pid));\n if (fd === undefined) return;\n this.#delivered.pidfd = fd;',
  },
  {
    rule: 11,
    broken: 'A peek installs no descriptors',
    file: 'stream-receive.ts',
    from: 'read.files = segment.files.map((file) => file.hold());',
    to: '',
  },
  {
    rule: 11,
    broken: 'A peek that has no more room stops',
    file: 'stream-receive.ts',
    from: 'while (at !== undefined);',
    to: 'while (at !== undefined && !read.full);',
  },
  {
    rule: 11,
    broken: 'A peek stops in front of descriptors when it has bytes',
    file: 'stream-receive.ts',
    from: `    if (segment.files !== undefined && socket.rules.barrier === 'after') {
      read.files`,
    to: `    if (segment.files !== undefined && segment !== socket.queue[0]) return;
    if (segment.files !== undefined && socket.rules.barrier === 'after') {
      read.files`,
  },
  {
    rule: 11,
    broken: 'A peek goes on behind descriptors',
    file: 'stream-receive.ts',
    from: `      read.files = segment.files.map((file) => file.hold());
      return;
`,
    to: `      for (const file of read.files ?? []) file.drop();
      read.files = segment.files.map((file) => file.hold());
`,
  },
  {
    rule: 13,
    broken: 'What waits is dropped when its sender closes',
    file: 'model-socket.ts',
    from: '      peer.readShutdown = peer.writeShutdown = true;\n',
    to: '      peer.readShutdown = peer.writeShutdown = true;\n      peer.purge();\n',
  },
  {
    rule: 13,
    broken: 'The end is EAGAIN',
    file: 'stream-receive.ts',
    from: `socket.takeError() ?? (socket.readShutdown ? undefined : 'EAGAIN');`,
    to: `socket.takeError() ?? 'EAGAIN';`,
  },
  {
    rule: 13,
    broken: 'A peer that closes leaves no ECONNRESET, whatever it has not read',
    file: 'model-socket.ts',
    from: `if (this.#hasUnread()) peer.error = 'ECONNRESET';`,
    to: '',
  },
  {
    rule: 13,
    broken: 'A peer that closes leaves ECONNRESET also when it has read everything',
    file: 'model-socket.ts',
    from: `if (this.#hasUnread()) peer.error = 'ECONNRESET';`,
    to: `peer.error = 'ECONNRESET';`,
  },
  {
    rule: 13,
    broken: 'ECONNRESET comes each time',
    file: 'model-socket.ts',
    from: '    this.error = undefined;\n',
    to: '',
  },
  {
    rule: 13,
    broken: 'ECONNRESET comes before what the peer sent',
    file: 'stream-receive.ts',
    from: '  const read = new StreamRead(request.size);\n',
    to: `  const read = new StreamRead(request.size);
  read.error = socket.takeError();
  if (read.error !== undefined) return read.taken();
`,
  },
  {
    rule: 13,
    broken: 'ECONNRESET is lost when it comes behind bytes in one read',
    file: 'stream-receive.ts',
    from: '  if (read.copied > 0 || read.files !== undefined) return;\n',
    to: '  if (read.copied > 0 || read.files !== undefined) {\n    socket.takeError();\n    return;\n  }\n',
  },
  {
    rule: 34,
    broken: 'A recvmsg of 0 bytes leaves descriptors where they are',
    file: 'stream-receive.ts',
    from: 'const files = segment.takeFiles();',
    to: 'const files = read.copied === 0 && read.full ? undefined : segment.takeFiles();',
  },
];
