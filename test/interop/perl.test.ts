import { handoff } from '../../packages/ancillary';
import { perl } from '../support/children';
import { identity } from '../support/descriptors';
import { Files } from '../support/files';
import { startPeer } from '../support/peer';

const PERL = `
use strict;
use warnings;
use IO::FDPass;
use IO::Handle;
STDOUT->autoflush(1);
open(my $peer, '+<&=', 3) or die "descriptor 3: $!";
$peer->blocking(1);
sub say_file { my ($dev, $ino) = stat($_[0]) or die "stat: $!"; print "$dev:$ino\\n"; }
`;

test('IO::FDPass::send is received with receiveFd(), one after the other, and the end is EPIPE', async () => {
  await using peer = startPeer(
    perl,
    `${PERL}
    for (1 .. 3) {
      pipe(my $reading, my $writing) or die "pipe: $!";
      say_file($reading);
      IO::FDPass::send(fileno($peer), fileno($reading)) or die "send: $!";
    }`,
  );
  for (let i = 0; i < 3; i++) {
    using received = await handoff.receiveFd(peer.socket);
    expect(identity(received.fd)).toBe(await peer.child.line());
  }
  await expect(handoff.receiveFd(peer.socket)).rejects.toMatchObject({ code: 'EPIPE' });
});

test('IO::FDPass::recv takes what sendFd() sends with the byte 0, one after the other', async () => {
  using files = new Files(3);
  await using peer = startPeer(
    perl,
    `${PERL}
    for (1 .. 3) {
      my $fd = IO::FDPass::recv(fileno($peer));
      die "recv: $!" if $fd < 0;
      open(my $file, '+<&=', $fd) or die "descriptor $fd: $!";
      say_file($file);
    }`,
  );
  for (const file of files.owned) await handoff.sendFd(peer.socket, file, { byte: 0 });
  for (const file of files.identities) expect(await peer.child.line()).toBe(file);
  await peer.child.succeeded();
});

test('IO::FDPass::recv refuses any other byte with EDOM, and so the default of sendFd()', async () => {
  using files = new Files(1);
  await using peer = startPeer(
    perl,
    `${PERL} print IO::FDPass::recv(fileno($peer)), ' ', $!{EDOM} ? 'EDOM' : $!, "\\n";`,
  );
  await handoff.sendFd(peer.socket, files.numbers[0] ?? -1);
  expect(await peer.child.line()).toBe('-1 EDOM');
});

test('a descriptor goes to Perl and comes back as the same file', async () => {
  using files = new Files(1, 'content');
  await using peer = startPeer(
    perl,
    `${PERL}
    my $fd = IO::FDPass::recv(fileno($peer));
    die "recv: $!" if $fd < 0;
    IO::FDPass::send(fileno($peer), $fd) or die "send: $!";`,
  );
  await handoff.sendFd(peer.socket, files.numbers[0] ?? -1, { byte: 0 });
  using received = await handoff.receiveFd(peer.socket);
  expect(identity(received.fd)).toBe(files.identities[0]);
});
