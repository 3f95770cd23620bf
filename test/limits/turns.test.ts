import { type Loop, Turns } from '../../packages/stream/limits/turns';

/** An event loop that turns when it is told to. */
class SteppedLoop implements Loop {
  readonly #later: (() => void)[] = [];
  readonly #afterMicrotasks: (() => void)[] = [];

  later(callback: () => void): void {
    this.#later.push(callback);
  }

  afterMicrotasks(callback: () => void): void {
    this.#afterMicrotasks.push(callback);
  }

  get idle(): boolean {
    return this.#later.length === 0;
  }

  /** What was to happen in this turn, and what follows from each of it. */
  turn(): void {
    for (const callback of this.#later.splice(0)) {
      callback();
      for (let next = this.#afterMicrotasks.shift(); next !== undefined; next = this.#afterMicrotasks.shift()) next();
    }
  }
}

/** A socket with so many frames: hands out what it may, and waits for its turn with the rest. */
class Flooded {
  handedOut = 0;
  readonly #turns: Turns;
  #turn = -1;
  #inTurn = 0;

  constructor(
    turns: Turns,
    readonly amount = 1,
  ) {
    this.#turns = turns;
  }

  goOn(): void {
    if (this.#turn !== this.#turns.turn) this.#inTurn = 0;
    this.#turn = this.#turns.turn;
    while (this.#turns.mayHandOut(this.#inTurn)) {
      this.handedOut++;
      this.#inTurn += this.amount;
      this.#turns.count(this.amount);
    }
    this.#turns.wait(this);
  }
}

const IN_ONE_TURN = 8192;
const LEAST = 16;

let loop: SteppedLoop;
let turns: Turns;

beforeEach(() => {
  loop = new SteppedLoop();
  turns = new Turns(loop);
});

it('lets one socket hand out so many in a turn, and so many again in the next', () => {
  const only = new Flooded(turns);
  only.goOn();
  expect(only.handedOut).toBe(IN_ONE_TURN);
  loop.turn();
  loop.turn();
  expect(only.handedOut).toBe(3 * IN_ONE_TURN);
});

it('gives each its least, however much others hand out', () => {
  const sockets = Array.from({ length: 20 }, () => new Flooded(turns));
  for (const socket of sockets) socket.goOn();
  expect(sockets.map(({ handedOut }) => handedOut)).toEqual([IN_ONE_TURN, ...Array<number>(19).fill(LEAST)]);
});

it('serves those that wait one after the other, and leaves none out', () => {
  const sockets = Array.from({ length: 20 }, () => new Flooded(turns));
  for (const socket of sockets) socket.goOn();
  const before = sockets.map(({ handedOut }) => handedOut);
  for (let count = 0; count < 20; count++) loop.turn();
  const got = sockets.map(({ handedOut }, index) => handedOut - (before[index] ?? 0));
  expect(got).toEqual(Array<number>(20).fill(IN_ONE_TURN));
});

it('counts descriptors as it counts frames', () => {
  const socket = new Flooded(turns, 254);
  socket.goOn();
  expect(socket.handedOut).toBe(Math.ceil(IN_ONE_TURN / 254));
});

it('goes on with the next in the same turn where one takes less than it may', () => {
  const called: string[] = [];
  turns.wait({ goOn: () => void called.push('first') });
  turns.wait({ goOn: () => void called.push('second') });
  loop.turn();
  expect(called).toEqual(['first', 'second']);
  expect(loop.idle).toBe(true);
});

it('leaves the loop alone where hardly anything is handed out', () => {
  turns.count(LEAST - 1);
  expect(loop.idle).toBe(true);
  turns.count(1);
  expect(loop.idle).toBe(false);
});

it('goes on with the others where one throws', () => {
  const called: string[] = [];
  turns.wait({
    goOn: () => {
      throw new Error('of a listener');
    },
  });
  turns.wait({ goOn: () => void called.push('second') });
  expect(() => loop.turn()).toThrow('of a listener');
  turns.wait({ goOn: () => void called.push('third') });
  loop.turn();
  loop.turn();
  expect(called).toEqual(['second', 'third']);
});
