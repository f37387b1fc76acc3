/** Which functions the list shows, and in which order. */
import type { FunctionRow } from '../protocol';

export const ORDERS = [
  'name',
  'invocations',
  'errors',
  'cost_usd',
  'memory_mb',
  'last_modified'
] as const;
export type Order = (typeof ORDERS)[number];

export interface Listing {
  search: string;
  order: Order;
  isDescending: boolean;
}

export const BY_NAME: Listing = { search: '', order: 'name', isDescending: false };

/** The functions that have every word of the search in their name, runtime or state, in order; equal ones by name. */
export function listed(functions: readonly FunctionRow[], listing: Listing): FunctionRow[] {
  const words = listing.search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = functions.filter(it => {
    const text = `${it.name} ${it.runtime} ${it.state}`.toLowerCase();
    return words.every(word => text.includes(word));
  });
  const direction = listing.isDescending ? -1 : 1;
  return found.sort((a, b) => direction * compared(a, b, listing.order) || compared(a, b, 'name'));
}

function compared(a: FunctionRow, b: FunctionRow, order: Order): number {
  const [one, other] = [a[order], b[order]];
  return one < other ? -1 : one > other ? 1 : 0;
}
