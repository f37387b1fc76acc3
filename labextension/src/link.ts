/**
 * The connection of the panel to one kernel: a comm, what came over it, and what is wrong where there is none.
 *
 * Follows a session context through restarts and changes of its kernel. Knows nothing of how it is shown.
 */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { changed, EMPTY } from './model/board';
import { type Board, type FromKernel, TARGET, VERSION } from './protocol';

/**
 * - `none`: there is no kernel, or it speaks another language than Python
 * - `connecting`: asked, and not answered yet
 * - `missing`: the kernel has not loaded jlambda
 * - `connected`
 * - `other`: jlambda in the kernel speaks another version of the protocol
 * - `restarting`, `dead`: what the kernel is
 */
export type LinkState =
  | 'none'
  | 'connecting'
  | 'missing'
  | 'connected'
  | 'other'
  | 'restarting'
  | 'dead';

export class Link implements IDisposable {
  constructor(private readonly _context: ISessionContext) {
    _context.kernelChanged.connect(this._follow, this);
    _context.statusChanged.connect(this._onStatus, this);
    this._follow();
  }

  /** Emitted when anything of it changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get state(): LinkState {
    return this._state;
  }

  /** Whether a cell is running. */
  get isBusy(): boolean {
    return this._kernel?.status === 'busy';
  }

  get board(): Board {
    return this._board;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Ask the kernel for something; rejects with the reason where it is refused. */
  ask<T>(act: string, about: JSONObject = {}): Promise<T> {
    const comm = this._comm;
    if (this._state !== 'connected' || !comm) {
      return Promise.reject(new Error('the kernel is not connected'));
    }
    const number = ++this._asked;
    return new Promise<T>((resolve, reject) => {
      this._waiting.set(number, { resolve: value => resolve(value as T), reject });
      comm.send({ type: 'request', number, act, ...about });
    });
  }

  /** Load jlambda in the kernel; its announcement connects. */
  async load(): Promise<void> {
    const kernel = this._kernel;
    if (kernel) {
      this._become('connecting');
      const done = await kernel.requestExecute({
        code: '%load_ext jlambda',
        silent: true,
        store_history: false
      }).done;
      if (done.content.status !== 'ok') {
        this._become('missing');
      } else if (!this._comm) {
        // loaded before, so that nothing was announced
        this._open(kernel);
      }
    }
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._kernel?.removeCommTarget(TARGET, this._onAnnounced);
      this.leave();
      Signal.clearData(this);
    }
  }

  /** Tell the kernel that nobody looks any more: it would go on telling what changes. */
  leave(): void {
    const comm = this._comm;
    // a comm cannot be closed where the connection is gone already
    if (comm && !comm.isDisposed && this._kernel && !this._kernel.isDisposed) {
      comm.onClose = () => {};
      comm.close();
    }
    this._drop();
  }

  private _follow(): void {
    this._kernel?.removeCommTarget(TARGET, this._onAnnounced);
    this._drop();
    const kernel = this._context.session?.kernel ?? null;
    this._kernel = kernel;
    if (!kernel?.handleComms) {
      this._become('none');
      return;
    }
    kernel.registerCommTarget(TARGET, this._onAnnounced);
    this._become('connecting');
    void this._look(kernel);
  }

  /** Connect if the kernel has loaded jlambda: it then holds a comm of its own open, for us to find. */
  private async _look(kernel: Kernel.IKernelConnection): Promise<void> {
    const spec = await kernel.spec;
    if (spec && spec.language !== 'python') {
      this._becomeOf(kernel, 'none');
      return;
    }
    const found = await kernel.requestCommInfo({ target_name: TARGET });
    if (this._kernel !== kernel || this._comm) {
      return;
    }
    if (found.content.status === 'ok' && Object.keys(found.content.comms).length > 0) {
      this._open(kernel);
    } else {
      this._become('missing');
    }
  }

  private _open(kernel: Kernel.IKernelConnection): void {
    this._drop();
    const comm = kernel.createComm(TARGET);
    this._comm = comm;
    comm.onMsg = message => {
      if (this._comm === comm) {
        this._onMessage(message.content.data as unknown as FromKernel);
      }
    };
    comm.onClose = () => {
      if (this._comm === comm) {
        this._comm = null;
        this._drop();
        this._become('missing');
      }
    };
    this._become('connecting');
    void this._start(kernel, comm);
  }

  /** Open a comm once it has its subshell: what the kernel sends goes the way of the opening, and so do our requests. */
  private async _start(kernel: Kernel.IKernelConnection, comm: Kernel.IComm): Promise<void> {
    await kernel.info;
    if (kernel.supportsSubshells) {
      // not of the interface, and not there in every JupyterLab
      const { subshellStarted } = comm as { subshellStarted?: Promise<void> };
      await subshellStarted?.catch(() => null);
    }
    if (this._comm === comm) {
      comm.open({ version: VERSION });
    }
  }

  private readonly _onAnnounced = (comm: Kernel.IComm, _: KernelMessage.ICommOpenMsg): void => {
    // the kernel's own comm: that it is there is all it says
    comm.onClose = () => this._become('missing');
    if (this._kernel) {
      this._open(this._kernel);
    }
  };

  private _onMessage(message: FromKernel): void {
    if (message.type === 'board') {
      this._board = message.board;
      this._become(message.version === VERSION ? 'connected' : 'other');
    } else if (message.type === 'changes') {
      this._board = changed(this._board, message);
      this._changed.emit();
    } else {
      const waiting = this._waiting.get(message.number);
      this._waiting.delete(message.number);
      if (message.refusal === undefined) {
        waiting?.resolve(message.value);
      } else {
        waiting?.reject(new Error(message.refusal));
      }
    }
  }

  private _onStatus(_: ISessionContext, status: KernelMessage.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this._drop();
      this._become('restarting');
    } else if (status === 'dead' || status === 'terminating') {
      this._drop();
      this._become('dead');
    } else if (this._kernel && (this._state === 'restarting' || this._state === 'dead')) {
      this._become('connecting');
      void this._look(this._kernel);
    } else {
      this._changed.emit();
    }
  }

  private _drop(): void {
    const comm = this._comm;
    this._comm = null;
    if (comm && !comm.isDisposed) {
      comm.dispose();
    }
    this._board = EMPTY;
    for (const { reject } of this._waiting.values()) {
      reject(new Error('the kernel is gone'));
    }
    this._waiting.clear();
  }

  private _becomeOf(kernel: Kernel.IKernelConnection, state: LinkState): void {
    if (this._kernel === kernel) {
      this._become(state);
    }
  }

  private _become(state: LinkState): void {
    this._state = state;
    this._changed.emit();
  }

  private _asked = 0;
  private _board: Board = EMPTY;
  private readonly _changed = new Signal<this, void>(this);
  private _comm: Kernel.IComm | null = null;
  private _isDisposed = false;
  private _kernel: Kernel.IKernelConnection | null = null;
  private _state: LinkState = 'none';
  private readonly _waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
}
