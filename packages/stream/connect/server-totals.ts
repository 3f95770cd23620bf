import type { SocketStats } from '../stats';

/** Of all connections that a server let in, those that are closed included. */
export interface ServerStats {
  /** Connections that were let in. */
  readonly accepted: number;
  /** Of these, those that are open. */
  readonly open: number;
  /** Connections that were refused, each reported by the event 'refused'. */
  readonly refused: number;
  /** Connections that were closed as there were `maxConnections`, each reported by the event 'drop'. */
  readonly dropped: number;
  /** The totals of their sockets, see {@link SocketStats}. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly fdsReceived: number;
  readonly fdsSent: number;
  readonly fdsClosed: number;
  readonly framesReceived: number;
  readonly framesSent: number;
}

const TRAFFIC = [
  'bytesRead',
  'bytesWritten',
  'fdsReceived',
  'fdsSent',
  'fdsClosed',
  'framesReceived',
  'framesSent',
] as const satisfies readonly (keyof SocketStats)[];

type Traffic = Record<(typeof TRAFFIC)[number], number>;

/** Counts for {@link ServerStats}. What open sockets count is added up when somebody asks. */
export class ServerTotals {
  refused = 0;
  dropped = 0;
  #accepted = 0;
  readonly #open = new Set<SocketStats>();
  readonly #closed = noTraffic();

  opened(stats: SocketStats): void {
    this.#accepted++;
    this.#open.add(stats);
  }

  closed(stats: SocketStats): void {
    if (this.#open.delete(stats)) add(this.#closed, stats);
  }

  get(): ServerStats {
    const traffic = { ...this.#closed };
    for (const stats of this.#open) add(traffic, stats);
    return {
      accepted: this.#accepted,
      open: this.#open.size,
      refused: this.refused,
      dropped: this.dropped,
      ...traffic,
    };
  }
}

function noTraffic(): Traffic {
  return Object.fromEntries(TRAFFIC.map((name) => [name, 0])) as Traffic;
}

function add(to: Traffic, stats: SocketStats): void {
  for (const name of TRAFFIC) to[name] += stats[name];
}
