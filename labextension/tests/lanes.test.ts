import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EMPTY } from '../src/model/board';
import { lanes } from '../src/model/lanes';
import type { Board, Environment, InvocationRow } from '../src/protocol';

const environment = (id: string, name: string): Environment => ({
  id,
  function: name,
  version: '$LATEST',
  phase: 'idle',
  is_provisioned: false
});
const invocation = (
  started_at: number,
  duration_ms: number,
  init_ms: number | null
): InvocationRow =>
  ({ started_at, duration_ms, init_ms, status: 'success', environment_id: 'e1' }) as InvocationRow;
const BOARD: Board = {
  ...EMPTY,
  environments: { e1: environment('e1', 'b'), e2: environment('e2', 'a') },
  invocations: {
    old: invocation(0, 1_000, null),
    cold: invocation(960, 10_000, 10_000),
    now: invocation(999, 5_000, null)
  }
};

test('an environment is a lane, those of a function together, with what it ran within the span', () => {
  const [a, b] = lanes(BOARD, 1_000, 100);
  assert.deepEqual([a.environment.id, a.bars], ['e2', []]);
  assert.deepEqual(
    b.bars.map(it => [it.status, it.from, it.to]),
    [
      ['init', 0.6, 0.7],
      ['success', 0.7, 0.8],
      ['success', 0.99, 1]
    ]
  );
});

test('only those of one function, where one is asked for', () => {
  assert.deepEqual(
    lanes(BOARD, 1_000, 100, it => it === 'a').map(it => it.environment.id),
    ['e2']
  );
});
