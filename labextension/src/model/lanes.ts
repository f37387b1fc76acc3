/** Environments as lanes: what each of them ran within a span of time, and what it does now. */
import type { Board, Environment, InvocationRow, Status } from '../protocol';

export interface Bar {
  /** From 0, the beginning of the span, to 1, its end. */
  from: number;
  to: number;
  status: Status | 'init';
  title: string;
}

export interface Lane {
  environment: Environment;
  bars: Bar[];
}

/** The lanes of all environments, those of a function together, over the `seconds` before `now`. */
export function lanes(
  board: Board,
  now: number,
  seconds: number,
  isShown = (_: string) => true
): Lane[] {
  const begin = now - seconds;
  const bars = new Map<string, Bar[]>();
  for (const it of Object.values(board.invocations)) {
    const drawn = drawnOf(it, begin, seconds);
    if (drawn.length > 0) {
      const known = bars.get(it.environment_id) ?? [];
      bars.set(it.environment_id, [...known, ...drawn]);
    }
  }
  return Object.values(board.environments)
    .filter(it => isShown(it.function))
    .sort((a, b) =>
      a.function < b.function ? -1 : a.function > b.function ? 1 : a.id < b.id ? -1 : 1
    )
    .map(environment => ({ environment, bars: bars.get(environment.id) ?? [] }));
}

function drawnOf(it: InvocationRow, begin: number, seconds: number): Bar[] {
  const init = (it.init_ms ?? 0) / 1_000;
  const began = it.started_at;
  const invoked = began + init;
  const ended = invoked + it.duration_ms / 1_000;
  const part = (at: number) => Math.min(1, Math.max(0, (at - begin) / seconds));
  if (ended < begin || began > begin + seconds) {
    return [];
  }
  const bars: Bar[] = [];
  if (init > 0) {
    bars.push({
      from: part(began),
      to: part(invoked),
      status: 'init',
      title: `init ${it.init_ms} ms`
    });
  }
  bars.push({
    from: part(invoked),
    to: part(ended),
    status: it.status,
    title: `${it.status} ${it.duration_ms} ms`
  });
  return bars;
}
