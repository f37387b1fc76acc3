import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ago, duration, money, size } from '../src/model/format';

test('durations are as exact as people need', () => {
  assert.deepEqual([0.421, 12.4, 1_340, 125_000].map(duration), [
    '0.42 ms',
    '12 ms',
    '1.3 s',
    '2 min 5 s'
  ]);
});

test('small amounts keep the digits that say something', () => {
  assert.deepEqual([0, 0.00000208, 0.0123, 1.256].map(money), [
    '$0',
    '$0.0000021',
    '$0.012',
    '$1.26'
  ]);
});

test('sizes and times past are in the largest unit', () => {
  assert.deepEqual([12, 1_200, 3_400_000].map(size), ['12 B', '1.2 KB', '3.4 MB']);
  assert.deepEqual(
    [0, 12, 300, 7_200, 200_000].map(past => ago(1_000_000 - past, 1_000_000)),
    ['now', '12s', '5m', '2h', '2d']
  );
  assert.equal(ago(1_000_005, 1_000_000), 'now');
});
