import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { ISessionContext } from '@jupyterlab/apputils';
import { Signal } from '@lumino/signaling';

import { Link } from '../src/link';
import { EMPTY } from '../src/model/board';
import { VERSION } from '../src/protocol';

class FakeComm {
  isDisposed = false;
  isClosed = false;
  isOpen = false;
  onMsg: (message: unknown) => void = () => {};
  onClose: () => void = () => {};
  sent: { [key: string]: unknown }[] = [];

  open(): void {
    this.isOpen = true;
  }

  send(data: { [key: string]: unknown }): void {
    this.sent.push(data);
  }

  close(): void {
    this.isClosed = true;
    this.onClose();
    this.dispose();
  }

  dispose(): void {
    this.isDisposed = true;
  }

  /** The kernel says something. */
  say(data: unknown): void {
    this.onMsg({ content: { data } });
  }
}

class FakeKernel {
  handleComms = true;
  isDisposed = false;
  supportsSubshells = false;
  status = 'idle';
  info = Promise.resolve({});
  comms: FakeComm[] = [];
  announce: ((comm: FakeComm) => void) | null = null;

  constructor(
    public isLoaded: boolean,
    language = 'python'
  ) {
    this.spec = Promise.resolve({ language });
  }

  readonly spec: Promise<{ language: string }>;

  get comm(): FakeComm {
    return this.comms[this.comms.length - 1];
  }

  createComm(): FakeComm {
    this.comms.push(new FakeComm());
    return this.comm;
  }

  registerCommTarget(_: string, announced: (comm: FakeComm) => void): void {
    this.announce = announced;
  }

  removeCommTarget(): void {
    this.announce = null;
  }

  async requestCommInfo(): Promise<unknown> {
    return { content: { status: 'ok', comms: this.isLoaded ? { sign: {} } : {} } };
  }

  requestExecute(): { done: Promise<unknown> } {
    this.isLoaded = true;
    return { done: Promise.resolve({ content: { status: 'ok' } }) };
  }
}

class FakeContext {
  kernelChanged = new Signal<this, unknown>(this);
  statusChanged = new Signal<this, string>(this);
  session: { kernel: FakeKernel | null };

  constructor(kernel: FakeKernel | null) {
    this.session = { kernel };
  }
}

const settled = () => new Promise(resolve => setImmediate(resolve));
const BOARD = {
  type: 'board',
  version: VERSION,
  board: { ...EMPTY, functions: { f: { name: 'f' } } }
};

let kernel: FakeKernel;
let context: FakeContext;

async function linked(to: FakeKernel | null): Promise<Link> {
  context = new FakeContext(to);
  const link = new Link(context as unknown as ISessionContext);
  await settled();
  return link;
}

beforeEach(() => {
  kernel = new FakeKernel(true);
});

test('a kernel that has loaded jlambda is connected, and followed by what it tells', async () => {
  const link = await linked(kernel);
  assert.equal(link.state, 'connecting');
  assert.equal(kernel.comm.isOpen, true);
  kernel.comm.say(BOARD);
  assert.equal(link.state, 'connected');
  kernel.comm.say({
    type: 'changes',
    set: { functions: { g: { name: 'g' } } },
    gone: { functions: ['f'] }
  });
  assert.deepEqual(Object.keys(link.board.functions), ['g']);
});

test('one that has not is connected when it announces that it has', async () => {
  kernel.isLoaded = false;
  const link = await linked(kernel);
  assert.deepEqual([link.state, kernel.comms.length], ['missing', 0]);
  kernel.announce?.(new FakeComm());
  await settled();
  kernel.comm.say(BOARD);
  assert.equal(link.state, 'connected');
});

test('loading it connects, with one comm', async () => {
  kernel.isLoaded = false;
  const link = await linked(kernel);
  await link.load();
  await settled();
  kernel.comm.say(BOARD);
  assert.deepEqual([link.state, kernel.comms.length], ['connected', 1]);
});

test('no kernel, another language and another version of the protocol are told apart', async () => {
  assert.equal((await linked(null)).state, 'none');
  assert.equal((await linked(new FakeKernel(false, 'R'))).state, 'none');
  const link = await linked(kernel);
  kernel.comm.say({ ...BOARD, version: VERSION + 1 });
  assert.equal(link.state, 'other');
});

test('an answer goes to who asked, a refusal is an error', async () => {
  const link = await linked(kernel);
  await assert.rejects(link.ask('delete'), /not connected/);
  kernel.comm.say(BOARD);
  const [one, other] = [link.ask('function', { name: 'f' }), link.ask('invoke')];
  assert.deepEqual(
    kernel.comm.sent.map(it => [it.number, it.act]),
    [
      [1, 'function'],
      [2, 'invoke']
    ]
  );
  kernel.comm.say({ type: 'answer', number: 2, refusal: 'the event is not JSON' });
  kernel.comm.say({ type: 'answer', number: 1, value: { name: 'f' } });
  await assert.rejects(other, /not JSON/);
  assert.deepEqual(await one, { name: 'f' });
});

test('a restart empties the board, refuses what was asked, and looks again', async () => {
  const link = await linked(kernel);
  kernel.comm.say(BOARD);
  const asked = assert.rejects(link.ask('function'), /gone/);
  context.statusChanged.emit('restarting');
  assert.deepEqual([link.state, link.board], ['restarting', EMPTY]);
  await asked;
  kernel.isLoaded = false;
  context.statusChanged.emit('idle');
  await settled();
  assert.equal(link.state, 'missing');
});

test('a dead kernel is told, and a closed comm means that jlambda was unloaded', async () => {
  const link = await linked(kernel);
  kernel.comm.say(BOARD);
  kernel.comm.onClose();
  assert.equal(link.state, 'missing');
  context.statusChanged.emit('dead');
  assert.equal(link.state, 'dead');
});

test('another kernel takes the place of the one before', async () => {
  const link = await linked(kernel);
  const old = kernel.comm;
  const other = new FakeKernel(true);
  context.session.kernel = other;
  context.kernelChanged.emit(null);
  await settled();
  assert.equal(old.isDisposed, true);
  old.say(BOARD);
  assert.equal(link.state, 'connecting');
  other.comm.say(BOARD);
  assert.equal(link.state, 'connected');
  link.dispose();
  assert.deepEqual([other.comm.isDisposed, other.announce], [true, null]);
});

test('who goes closes the comm, unless the connection has gone before', async () => {
  const link = await linked(kernel);
  kernel.comm.say(BOARD);
  link.dispose();
  assert.deepEqual([kernel.comm.isClosed, link.board], [true, EMPTY]);
  const other = new FakeKernel(true);
  const left = await linked(other);
  other.isDisposed = true;
  left.dispose();
  assert.deepEqual([other.comm.isClosed, other.comm.isDisposed], [false, true]);
});
