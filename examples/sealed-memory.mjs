// A process that parses what others send needs to open no file itself: it gets documents as descriptors of memory. It
// takes only sealed memory, since the sender could change or shorten any other while it is read.
// Run: node examples/sealed-memory.mjs

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { adopt, fds, socketpair } from 'ancillary';
import { lengthPrefixed } from 'ancillary/codec';
import { framed } from 'ancillary/rpc';

await (process.argv[2] === 'parser' ? parse() : main());

async function main() {
  const [socket, theirs] = socketpair({ child: true });
  const self = fileURLToPath(import.meta.url);
  spawn(process.execPath, [self, 'parser'], { stdio: ['ignore', 'inherit', 'inherit', theirs.fd] });
  theirs.close();

  const document = Buffer.from(JSON.stringify({ title: 'a document', pages: [1, 2, 3] }));
  const documents = [
    { name: 'sealed', fd: fds.memfd('document', document, { seal: true }) },
    { name: 'not sealed', fd: fds.memfd('document', document) },
  ];
  const parser = framed(socket, lengthPrefixed());
  for (const { name, fd } of documents) {
    await parser.send({ bytes: Buffer.from(name), fds: [fd] });
    fd.close();
  }
  let answers = 0;
  for await (const { bytes } of parser) {
    console.log(bytes.toString());
    if (++answers === documents.length) break;
  }
  await parser.close();
}

/** @param {NodeJS.ErrnoException} error */
function whyRefused({ code }) {
  return code === 'ERR_FD_KIND' ? 'refused, it may change' : 'refused, it is no document';
}

async function parse() {
  const connection = framed(adopt(3), lengthPrefixed({ maxLength: 1024 }));
  for await (const { bytes, fds: passed } of connection) {
    const answering = passed.map(async (fd) => {
      const { size = 0n } = fds.expectFd(fd, { kind: 'memfd', sealed: ['shrink', 'write'] });
      if (size > 1_000_000n) return 'refused, it is too long';
      const { title, pages } = JSON.parse(await text(fds.toReadStream(fd)));
      return `"${title}" has ${pages.length} pages`;
    });
    // Whatever is in it, it is not the end of the parser.
    const answers = await Promise.all(answering.map((answer) => answer.catch(whyRefused)));
    for (const fd of passed) fd.close();
    await connection.send({ bytes: Buffer.from(`${bytes}: ${answers.join('; ')}`) });
  }
  await connection.close();
}
