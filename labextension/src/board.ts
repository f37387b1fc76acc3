/** What the kernel's board is, as far as it was told. Knows no comm and no page. */
import type { Changes, Collections } from './protocol';

export const EMPTY: Collections = { functions: {} };

/** The board after `changes`; collections and documents that did not change stay the same objects. */
export function changed(board: Collections, changes: Changes): Collections {
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
  return after as unknown as Collections;
}
