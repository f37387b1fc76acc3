/** The status bar's item: how many functions there are, what runs, what today cost. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { type ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import type { Links } from './links';
import { totals } from './model/board';
import { money } from './model/format';

export class LambdaStatus extends ReactWidget {
  constructor(
    private readonly _links: Links,
    private readonly _trans: TranslationBundle,
    private readonly _show: () => void
  ) {
    super();
    this.addClass('jlm-status');
    _links.changed.connect(() => {
      this.update();
      this._activeChanged.emit();
    });
  }

  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  /** Whether there is anything to say of the current notebook. */
  get isActive(): boolean {
    return this._links.current?.state === 'connected';
  }

  protected override render(): React.ReactElement | null {
    const link = this._links.current;
    if (link?.state !== 'connected') {
      return null;
    }
    const sum = totals(link.board);
    const words = [
      this._trans._n('%1 function', '%1 functions', sum.functions),
      this._trans.__('%1 running', sum.running),
      this._trans.__('%1 today', money(sum.todayUsd))
    ];
    return (
      <button type="button" title={this._trans.__('Show Lambda Functions')} onClick={this._show}>
        λ {words.join(' · ')}
      </button>
    );
  }

  private readonly _activeChanged = new Signal<this, void>(this);
}
