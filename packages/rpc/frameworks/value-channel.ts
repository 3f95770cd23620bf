import { describeValue, OwnedFd, requireMethods } from '../../binding';
import { asError, type FdFrame, type FdSocket, type FrameCodec, takeOver, type TakenOver } from '../../stream';
import { closedError } from '../closed-error';
import { orForeign } from '../foreign-peer';
import { discard } from '../discard';
import { type Framed, messagesOf } from '../framed';
import { type Arrival, Intake } from '../intake';
import { ofCall } from '../of-call';
import { cancelledError } from '../rpc-error';
import { sendMeasured } from '../send-measured';
import { closeGiven } from '../values/given';
import type { ReceivedValue } from '../values/json-values';
import { refuseMessage } from '../values/unpack';
import { areWithin } from '../values/within';
import { OwnCalls } from './own-calls';
import type { Kind, Message, Receiver } from './receiver';

/** The most that the framework has not dealt with. */
const MOST_RUNNING = { calls: 4096, fds: 256 };

/**
 * The messages of a framework that has calls and answers of its own, over a socket. It knows which calls are open in both
 * directions, so that descriptors are closed which nobody took: those of a call with its answer, those of an answer to nobody
 * at once.
 */
export class ValueChannel {
  readonly socket: FdSocket;
  readonly #reading: TakenOver;
  readonly #codec: FrameCodec<ReceivedValue, unknown>;
  readonly #messages: Framed<ReceivedValue, unknown>;
  readonly #receiver: Receiver;
  readonly #intake: Intake;
  readonly #own = new OwnCalls();
  /** The peer's calls that are not answered, by its ids. */
  readonly #calls = new Map<unknown, Message>();
  /** The descriptors of messages, for as long as they are ours to close. */
  readonly #held = new Map<Message, readonly OwnedFd[]>();
  /** Those messages that the intake counts, or has waiting. */
  readonly #arrivals = new Map<Message, Arrival>();
  /** Why no answer can come any more. */
  #over: Error | undefined;

  /** @throws TypeError for what is no FdSocket */
  constructor(socket: FdSocket, codec: FrameCodec<ReceivedValue, unknown>, receiver: Receiver) {
    requireMethods('socket', 'an FdSocket, which adopt() makes of a net.Socket', socket, ['forEachFrame', 'send']);
    this.socket = socket;
    this.#reading = socket[takeOver](receiver.name);
    this.#codec = codec;
    this.#receiver = receiver;
    this.#messages = messagesOf(this.#reading, socket, codec);
    const ownCallsWait = receiver.inOrder?.ownCallsWait ?? (() => this.#own.size > 0);
    this.#intake = new Intake(socket, MOST_RUNNING, ownCallsWait, receiver.queue);
    // Whoever waits is told by the framework, and a peer must not end the process of somebody who does not listen.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#intake.close();
      const waits = receiver.closed?.();
      if (waits === undefined) this.#closeUntaken();
      else void waits.then(() => this.#closeUntaken());
    });
  }

  /**
   * Rejects as `FdSocket.send()` would, or with why the message has no JSON; what was given away in it is closed either way. In
   * place of an answer that cannot be sent an error goes, since the caller waits for one.
   * @param isAnswer where {@link Receiver.kindOf} does not know
   */
  send(message: Message, isAnswer = false): Promise<void> {
    const kind = this.#receiver.kindOf(message);
    if (kind === undefined) return isAnswer ? this.#answer(message) : this.#messages.send(message);
    if ('answer' in kind) {
      this.#settleWith(kind.answer);
      const call = this.#calls.get(kind.answer);
      const sent = this.#answer(message);
      this.#answered(kind.answer);
      return sent.catch((error: unknown) => this.#fail(kind, this.#naming('result', call, error, message)));
    }
    this.#own.begin(kind.call);
    this.#intake.reconsider();
    const sent = (this.#over === undefined ? this.#messages.send(message) : Promise.reject(this.#over)).catch(
      (error: unknown) => {
        throw this.#naming('call', message, error, message);
      },
    );
    if (this.#over !== undefined) closeGiven(message);
    sent.then(
      () => this.#own.sent(kind.call),
      (error: unknown) => this.#fail(kind, asError(error)),
    );
    return sent;
  }

  /** A message is not sent at all, for a reason that the framework knows. */
  refuse(message: Message, error: Error): void {
    const kind = this.#receiver.kindOf(message);
    closeGiven(message);
    if (kind === undefined) return;
    if ('call' in kind) this.#own.begin(kind.call);
    else this.#answered(kind.answer);
    this.#fail(kind, error).catch(() => undefined);
  }

  /** Sends what is queued, then closes the socket. */
  close(): Promise<void> {
    return this.#messages.close();
  }

  /** Begins to read. */
  listen(): void {
    this.#reading
      .forEachFrame((frame) => this.#receive(this.#codec.decode(frame), frame), this.#codec)
      .then(
        () => this.#end(undefined),
        (error: unknown) => {
          this.socket.destroy(asError(error));
          this.#end(asError(error));
        },
      );
  }

  /** The message has reached somebody who owns its descriptors now. */
  claim(message: Message): void {
    const fds = this.#held.get(message);
    this.#held.delete(message);
    if (fds !== undefined && this.#receiver.inOrder !== undefined) this.#intake.hold(-fds.length);
    const arrival = this.#arrivals.get(message);
    this.#arrivals.delete(message);
    if (arrival === undefined) return;
    this.#intake.done(arrival);
    this.#endIfIdle();
  }

  /** Nobody needs the message any more: closes what was not taken of it. */
  release(message: Message): void {
    const fds = this.#held.get(message);
    if (fds !== undefined) OwnedFd.closeAll(fds);
    this.claim(message);
  }

  /** As {@link release}, where nobody answers the message any more, if it was not answered. */
  finish(message: Message): void {
    const kind = this.#receiver.kindOf(message);
    // The peer may have used the id again.
    if (kind !== undefined && 'call' in kind && this.#calls.get(kind.call) === message) this.#calls.delete(kind.call);
    this.release(message);
    this.#endIfIdle();
  }

  /** Descriptors are held, or with a number below zero no more, that the peer may have us hold only so many of. */
  hold(fds: number): void {
    this.#intake.hold(fds);
  }

  /** The framework has come to a message that it had waiting. */
  begun(): void {
    this.#intake.reconsider();
  }

  /** Nobody waits for the answer to a call of ours any more. */
  abandon(id: unknown): void {
    this.#own.abandon(id);
  }

  #receive({ value, fds }: ReceivedValue, frame: FdFrame): void | Promise<void> {
    const invalid = (what: string): never => refuseMessage(frame, fds, what);
    if (typeof value !== 'object' || value === null) return invalid('it is no object');
    const message = value as Message;
    const refused = this.#receiver.refuses?.(message);
    if (refused !== undefined) invalid(refused);
    const kind = this.#receiver.kindOf(message);
    if (kind !== undefined && 'answer' in kind) {
      const id = kind.answer;
      if (!this.#own.has(id))
        invalid(`it answers call ${describeValue(id)}, which was not made, or is answered already`);
      if (!areWithin(fds, kind.gets)) invalid('a descriptor of it is not in what it answers');
      if (this.#own.isAbandoned(id)) discard(this.socket, fds, frame.range);
      else this.#handOver(message, fds, kind, frame);
      // Where it throws, the call still waits, and is told with the end of the connection.
      this.#own.end(id);
      return;
    }
    if (kind !== undefined) {
      if (this.#calls.has(kind.call))
        invalid(`the id of call ${describeValue(kind.call)}, which is not answered, is used again`);
      this.#calls.set(kind.call, message);
    }
    if (this.#receiver.inOrder !== undefined) {
      this.#handOver(message, fds, kind, frame);
      return this.#intake.pace();
    }
    const isUrgent = fds.length === 0 && this.#receiver.isUrgent?.(message) === true;
    if (isUrgent && this.#withdraw(this.#receiver.cancels?.(message))) return this.#intake.pace();
    const arrival = this.#arrivalOf(message, fds, kind, frame);
    return isUrgent ? this.#intake.takeAtOnce(arrival) : this.#intake.take(arrival);
  }

  /** @param kind none for a notification */
  #arrivalOf(
    message: Message,
    fds: readonly OwnedFd[],
    kind: { readonly call: unknown } | undefined,
    frame: FdFrame,
  ): Arrival {
    const { bytes, range } = frame;
    const refuse = (error: Error): void => {
      discard(this.socket, fds, range, error);
      if (kind === undefined) return;
      this.#calls.delete(kind.call);
      this.#answer(this.#receiver.failure(kind.call, error)).catch(() => undefined);
    };
    const arrival: Arrival = {
      fds: fds.length,
      bytes: bytes.length,
      isCall: kind !== undefined,
      start: () => {
        const declined = this.#receiver.declines?.(message);
        try {
          if (declined === undefined) this.#handOver(message, fds, kind, frame);
          else {
            refuse(declined);
            this.claim(message);
          }
        } catch (error) {
          this.socket.destroy(asError(error));
        }
      },
      refuse: (error) => {
        this.#arrivals.delete(message);
        refuse(error);
        this.#endIfIdle();
      },
    };
    this.#arrivals.set(message, arrival);
    return arrival;
  }

  /** @returns whether the call had not been started, and never will be */
  #withdraw(id: unknown): boolean {
    const message = this.#calls.get(id);
    const arrival = message && this.#arrivals.get(message);
    if (arrival === undefined || !this.#intake.withdraw(arrival)) return false;
    arrival.refuse(cancelledError());
    return true;
  }

  /** @throws ERR_FRAME_INVALID where the framework throws, which expects nothing that breaks its protocol */
  #handOver(message: Message, fds: readonly OwnedFd[], kind: Kind, frame: FdFrame): void {
    if (fds.length > 0) {
      this.#held.set(message, fds);
      if (this.#receiver.inOrder !== undefined) this.#intake.hold(fds.length);
    }
    try {
      this.#receiver.receive(message, kind);
    } catch (error) {
      this.release(message);
      refuseMessage(frame, fds, 'the framework cannot read it', error);
    }
  }

  async #fail(kind: NonNullable<Kind>, error: Error): Promise<void> {
    if ('call' in kind) {
      if (this.#own.end(kind.call) === 'awaited') this.#receiver.unsent?.(kind.call, error);
    } else if (this.socket.destroyed) throw error;
    else await this.#answer(this.#receiver.failure(kind.answer, error));
  }

  #naming(part: 'call' | 'result', call: Message | undefined, error: unknown, sent: Message): Error {
    return ofCall(part, call && this.#receiver.nameOf?.(call), error, sent);
  }

  /** Async, so that it rejects with what cannot be encoded. */
  async #answer(message: Message): Promise<void> {
    return this.#intake.answering(sendMeasured(this.socket, this.#codec, message));
  }

  /** An answer is sent next, and what it has is counted then. */
  #settleWith(id: unknown): void {
    const call = this.#calls.get(id);
    const arrival = call && this.#arrivals.get(call);
    if (arrival !== undefined) this.#intake.answered(arrival);
  }

  #answered(id: unknown): void {
    const message = this.#calls.get(id);
    if (message === undefined) return;
    this.#calls.delete(id);
    // Whoever sent an answer that lends them has sent them, or has copies of them.
    this.release(message);
    this.#endIfIdle();
  }

  #end(error: Error | undefined): void {
    const reason = error === undefined ? closedError() : orForeign(error, this.socket);
    this.#over = reason;
    // Of the others, it is told that they are not sent.
    for (const id of this.#own.allSent()) if (this.#own.end(id) === 'awaited') this.#receiver.lost?.(id, reason);
    if (error === undefined) this.#intake.peerEnded();
    this.#endIfIdle();
    this.#receiver.ended?.(error && reason);
  }

  /** Whoever goes on without the connection has taken what it needs. */
  #closeUntaken(): void {
    for (const id of this.#calls.keys()) this.#receiver.lostInterest?.(id);
    for (const message of [...this.#held.keys()]) this.release(message);
  }

  /** Nothing more comes, and nothing more has to go. */
  #endIfIdle(): void {
    if (this.#over !== undefined && this.#calls.size === 0 && this.#arrivals.size === 0) this.socket.end();
  }
}
