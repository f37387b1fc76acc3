/**
 * What the panel and the kernel say to each other over a comm; `jlambda.notebook.panel` is the other end.
 *
 * The kernel keeps a board: collections of JSON documents by key. It sends all of it once (`Board`), then what changed
 * (`Changes`), and answers requests by their number.
 */
export const TARGET = 'jlambda.panel';
export const VERSION = 1;

export interface FunctionRow {
  name: string;
  runtime: string;
  memory_mb: number;
  version: string;
  state: string;
  calls: number;
  errors: number;
  cost_usd: number;
}

/** All collections of the board, each by key. */
export interface Collections {
  functions: { [name: string]: FunctionRow };
}

export interface Board {
  type: 'board';
  version: number;
  board: Collections;
}

export interface Changes {
  type: 'changes';
  set: { [collection: string]: { [key: string]: unknown } };
  gone: { [collection: string]: string[] };
}

export interface Answer {
  type: 'answer';
  number: number;
  value?: unknown;
  /** Why the request was refused; no `value` then. */
  refusal?: string;
}

export type FromKernel = Board | Changes | Answer;

export interface Request {
  type: 'request';
  number: number;
  act: string;
  [argument: string]: unknown;
}
