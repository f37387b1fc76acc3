/** The side panel: what the kernel of the current notebook has, or why there is nothing to see. */
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { lambdaIcon } from '../icons';
import type { Link } from '../link';
import type { Links } from '../links';
import type { Settings } from '../settings';
import { type Actions, BoardProvider, type Place, type Scene, SceneProvider } from './context';
import { FunctionPage } from './function';
import { FunctionsPage } from './functions';
import { InvocationPage } from './invocation';
import { ActionButton } from './parts';

const FIRST: Place = { page: 'functions' };

export class LambdaPanel extends ReactWidget {
  constructor(
    private readonly _links: Links,
    private readonly _actions: Actions,
    translator: ITranslator,
    private _settings: Settings
  ) {
    super();
    this._trans = translator.load('jlambda');
    this.id = 'jlambda-panel';
    this.addClass('jp-jlambda');
    this.title.icon = lambdaIcon;
    this.title.caption = this._trans.__('Lambda Functions');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this._trans.__('Lambda Functions'));
    _links.changed.connect((_, link) => {
      if (link === null || link === _links.current) {
        this.update();
      }
    });
  }

  /** Show a page of the current notebook's kernel. */
  go(place: Place): void {
    const link = this._links.current;
    if (link) {
      this._places.set(link, place);
      this.update();
    }
  }

  set settings(settings: Settings) {
    this._settings = settings;
    this.update();
  }

  protected override render(): React.ReactElement {
    const link = this._links.current;
    if (!link) {
      return <Nothing trans={this._trans} />;
    }
    if (link.state !== 'connected') {
      return <Unconnected link={link} trans={this._trans} />;
    }
    if (this._scene?.link !== link || this._scene.settings !== this._settings) {
      this._scene = {
        actions: this._actions,
        go: place => this.go(place),
        link,
        settings: this._settings,
        trans: this._trans
      };
    }
    return (
      <SceneProvider value={this._scene}>
        <BoardProvider value={link.board}>
          {link.isBusy && (
            <p className="jlm-busy" role="status">
              {this._trans.__('A cell is running.')}
            </p>
          )}
          <Page place={this._places.get(link) ?? FIRST} />
        </BoardProvider>
      </SceneProvider>
    );
  }

  private readonly _places = new WeakMap<Link, Place>();
  private _scene: Scene | null = null;
  private readonly _trans: TranslationBundle;
}

function Page({ place }: { place: Place }): React.ReactElement {
  switch (place.page) {
    case 'functions':
      return <FunctionsPage />;
    case 'function':
      return <FunctionPage key={place.name} name={place.name} />;
    case 'invocation':
      return <InvocationPage key={place.requestId} requestId={place.requestId} from={place.from} />;
  }
}

function Nothing({ trans }: { trans: TranslationBundle }): React.ReactElement {
  return (
    <div className="jlm-page jlm-state" role="status">
      <h2>{trans.__('Lambda Functions')}</h2>
      <p>{trans.__('Open a notebook: the functions of its kernel are shown here.')}</p>
    </div>
  );
}

/** Why there is nothing to see, and what to do. */
function Unconnected(props: { link: Link; trans: TranslationBundle }): React.ReactElement {
  const { link, trans } = props;
  const words: { [state in Link['state']]: [string, string] } = {
    none: [
      trans.__('No Python kernel'),
      trans.__('Functions live in the Python kernel of a notebook.')
    ],
    connecting: [trans.__('Connecting'), trans.__('The kernel has been asked for its functions.')],
    missing: [
      trans.__('jlambda is not loaded'),
      trans.__('Load it in this kernel to deploy functions and to see them here.')
    ],
    connected: ['', ''],
    other: [
      trans.__('Another version of jlambda'),
      trans.__(
        'The kernel has another version of jlambda than this page: reload the page and restart the kernel.'
      )
    ],
    restarting: [
      trans.__('The kernel restarts'),
      trans.__('Functions are kept, and shown again once jlambda is loaded.')
    ],
    dead: [
      trans.__('The kernel is dead'),
      trans.__('Restart it from the Kernel menu: its functions are kept.')
    ]
  };
  const [title, text] = words[link.state];
  return (
    <div className="jlm-page jlm-state" data-state={link.state}>
      <div role="status">
        <h2>{title}</h2>
        <p>{text}</p>
      </div>
      {link.state === 'missing' && (
        <ActionButton label={trans.__('Load jlambda')} isPrimary onClick={() => void link.load()} />
      )}
      {(link.state === 'connecting' || link.state === 'missing') && link.isBusy && (
        <p className="jlm-muted">{trans.__('A cell is running: the kernel answers after it.')}</p>
      )}
    </div>
  );
}
