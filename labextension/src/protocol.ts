/**
 * What the panel and the kernel say to each other over a comm; `jlambda.notebook.panel` is the other end.
 *
 * The kernel keeps a board: collections of JSON documents by key. It sends all of it once (`BoardMessage`), then what
 * changed (`Changes`), and answers requests by their number. Times are in seconds since the epoch, costs in US dollars.
 */
export const TARGET = 'jlambda.panel';
export const VERSION = 1;

export type Status = 'success' | 'error' | 'timeout' | 'out_of_memory' | 'throttled';
export type Phase = 'starting' | 'busy' | 'idle' | 'frozen';

export interface FunctionRow {
  name: string;
  runtime: string;
  memory_mb: number;
  version: string;
  state: string;
  update: string;
  origin: string;
  last_modified: number;
  /** Grows with each change of the function, its triggers too. */
  revision: number;
  invocations: number;
  errors: number;
  throttles: number;
  cost_usd: number;
}

/** The cell that a function was deployed from, as it was then. */
export interface DeployedCell {
  id: string;
  text: string;
  /** False where the function was deployed from elsewhere since. */
  is_current: boolean;
}

export interface Environment {
  id: string;
  function: string;
  version: string;
  phase: Phase;
  is_provisioned: boolean;
}

export interface InvocationRow {
  request_id: string;
  attempt: number;
  function: string;
  version: string;
  started_at: number;
  duration_ms: number;
  init_ms: number | null;
  status: Status;
  error_type: string | null;
  cold_start: boolean;
  trigger: string;
  environment_id: string;
}

export interface SessionDocument {
  queue: { waiting: number; running: number; retrying: number; dead: number };
  cost_today_usd: number;
  cost_month_usd: number;
  account: string;
  region: string;
  folder: string;
}

/** All collections of the board, each by key. */
export interface Board {
  functions: { [name: string]: FunctionRow };
  cells: { [name: string]: DeployedCell };
  environments: { [id: string]: Environment };
  invocations: { [key: string]: InvocationRow };
  session: { [key: string]: SessionDocument };
}

export interface BoardMessage {
  type: 'board';
  version: number;
  board: Board;
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

export type FromKernel = BoardMessage | Changes | Answer;

/** One of the answer to `triggers`. */
export interface Trigger {
  id: string;
  reference: string;
  trigger: string;
  state: string;
  note: string;
}

/** The answer to `function`. */
export interface FunctionPage {
  name: string;
  arn: string;
  url: string | null;
  runtime: string;
  handler: string;
  architecture: string;
  memory_mb: number;
  timeout_s: number;
  ephemeral_storage_mb: number;
  description: string;
  origin: string;
  code_size: number;
  last_modified: number;
  environment: { [name: string]: string };
  secrets: string[];
  layers: string[];
  versions: string[];
  aliases: { [name: string]: string };
  invocations: InvocationRow[];
}

/** The answer to `invocation`. */
export interface InvocationPage {
  request_id: string;
  function: string;
  version: string;
  status: Status;
  trigger: string;
  attempt: number;
  started_at: number;
  init_ms: number | null;
  restore_ms: number | null;
  duration_ms: number;
  billed_ms: number;
  memory_mb: number;
  max_memory_mb: number;
  environment_id: string;
  cold_start: boolean;
  cost_usd: number;
  event: string | null;
  result: string | null;
  error: string | null;
  logs: { at_ms: number; level: string | null; message: string }[];
}

/** The answer to `events`. */
export interface EventChoices {
  saved: { name: string; text: string }[];
  samples: string[];
}
