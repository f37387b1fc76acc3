/** What the kernel's board is, as far as it was told. Knows no comm and no page. */
import type { Board, Changes, SessionDocument } from '../protocol';

export const EMPTY: Board = {
  functions: {},
  cells: {},
  environments: {},
  invocations: {},
  session: {}
};

/** The board after `changes`; collections and documents that did not change stay the same objects. */
export function changed(board: Board, changes: Changes): Board {
  const after: { [collection: string]: { [key: string]: unknown } } = { ...board };
  for (const [name, documents] of Object.entries(changes.set)) {
    after[name] = { ...after[name], ...documents };
  }
  for (const [name, keys] of Object.entries(changes.gone)) {
    const left = { ...after[name] };
    for (const key of keys) {
      delete left[key];
    }
    after[name] = left;
  }
  return after as unknown as Board;
}

export interface Totals {
  functions: number;
  /** Environments that run something now. */
  running: number;
  /** Asynchronous events that are not over. */
  queued: number;
  dead: number;
  todayUsd: number;
  monthUsd: number;
}

/** What there is in all. */
export function totals(board: Board): Totals {
  const session: SessionDocument | undefined = board.session[''];
  const queue = session?.queue;
  const phases = Object.values(board.environments);
  return {
    functions: Object.keys(board.functions).length,
    running: phases.filter(it => it.phase === 'busy' || it.phase === 'starting').length,
    queued: queue ? queue.waiting + queue.running + queue.retrying : 0,
    dead: queue?.dead ?? 0,
    todayUsd: session?.cost_today_usd ?? 0,
    monthUsd: session?.cost_month_usd ?? 0
  };
}
