/** The first page: all functions, what they cost, what runs and what waits. */
import * as React from 'react';

import { totals } from '../model/board';
import { duration, money } from '../model/format';
import { BY_NAME, type Listing, listed, ORDERS, type Order } from '../model/listing';
import type { FunctionRow } from '../protocol';
import { useBoard, useScene } from './context';
import { FirstSteps } from './first_steps';
import { Lanes } from './lanes';
import { StatusSign } from './parts';

const RECENT = 8;

export function FunctionsPage(): React.ReactElement {
  const board = useBoard();
  const { trans } = useScene();
  const [listing, setListing] = React.useState<Listing>(BY_NAME);
  const all = React.useMemo(() => Object.values(board.functions), [board.functions]);
  const shown = React.useMemo(() => listed(all, listing), [all, listing]);
  if (all.length === 0) {
    return <FirstSteps />;
  }
  return (
    <div className="jlm-page">
      <Figures />
      <Search listing={listing} onChange={setListing} />
      <ul className="jlm-functions" aria-label={trans.__('Functions')}>
        {shown.map(row => (
          <Row key={row.name} row={row} />
        ))}
      </ul>
      {shown.length === 0 && (
        <p className="jlm-muted" role="status">
          {trans.__('No function matches.')}
        </p>
      )}
      <Lanes />
      <Latest />
    </div>
  );
}

function Figures(): React.ReactElement {
  const board = useBoard();
  const { trans } = useScene();
  const sum = totals(board);
  const figures: [string, string][] = [
    [trans.__('today'), money(sum.todayUsd)],
    [trans.__('this month'), money(sum.monthUsd)],
    [trans.__('running'), String(sum.running)],
    [
      trans.__('in the queue'),
      sum.dead ? trans.__('%1, %2 dead', sum.queued, sum.dead) : String(sum.queued)
    ]
  ];
  return (
    <dl className="jlm-figures" aria-label={trans.__('Cost and activity')}>
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Search(props: {
  listing: Listing;
  onChange: (listing: Listing) => void;
}): React.ReactElement {
  const { trans } = useScene();
  const { listing, onChange } = props;
  const words: { [order in Order]: string } = {
    name: trans.__('name'),
    invocations: trans.__('calls'),
    errors: trans.__('errors'),
    cost_usd: trans.__('cost'),
    memory_mb: trans.__('memory'),
    last_modified: trans.__('last change')
  };
  const turn = listing.isDescending ? trans.__('Sorted descending') : trans.__('Sorted ascending');
  return (
    <div className="jlm-search">
      <input
        type="search"
        className="jlm-field"
        placeholder={trans.__('Search')}
        aria-label={trans.__('Search functions')}
        value={listing.search}
        onChange={event => onChange({ ...listing, search: event.target.value })}
      />
      <select
        className="jlm-field"
        aria-label={trans.__('Sort by')}
        value={listing.order}
        onChange={event => {
          const order = event.target.value as Order;
          onChange({ ...listing, order, isDescending: order !== 'name' });
        }}
      >
        {ORDERS.map(order => (
          <option key={order} value={order}>
            {words[order]}
          </option>
        ))}
      </select>
      <button
        type="button"
        className="jlm-back"
        aria-label={turn}
        title={turn}
        onClick={() => onChange({ ...listing, isDescending: !listing.isDescending })}
      >
        {listing.isDescending ? '↓' : '↑'}
      </button>
    </div>
  );
}

const Row = React.memo(function Row({ row }: { row: FunctionRow }): React.ReactElement {
  const { go, settings, trans } = useScene();
  const has = (column: string) => (settings.columns as readonly string[]).includes(column);
  const about = [
    has('runtime') && row.runtime,
    has('memory') && `${row.memory_mb} MB`,
    has('version') && row.version,
    has('state') && (row.update === 'InProgress' ? trans.__('updating') : row.state)
  ].filter(Boolean);
  return (
    <li>
      <button
        type="button"
        className="jlm-row"
        data-function={row.name}
        onClick={() => go({ page: 'function', name: row.name })}
      >
        <span className="jlm-name">{row.name}</span>
        <span className="jlm-counts">
          {has('errors') && row.errors > 0 && (
            <span className="jlm-error">✗ {trans._n('%1 error', '%1 errors', row.errors)}</span>
          )}
          {has('calls') && (
            <span className="jlm-calls">{trans._n('%1 call', '%1 calls', row.invocations)}</span>
          )}
          {has('cost') && <span>{money(row.cost_usd)}</span>}
        </span>
        <span className="jlm-about">{about.join(' · ')}</span>
      </button>
    </li>
  );
});

function Latest(): React.ReactElement | null {
  const board = useBoard();
  const { go, trans } = useScene();
  const latest = React.useMemo(
    () =>
      Object.entries(board.invocations)
        .sort(([, a], [, b]) => b.started_at - a.started_at)
        .slice(0, RECENT),
    [board.invocations]
  );
  if (latest.length === 0) {
    return null;
  }
  return (
    <section className="jlm-section" aria-label={trans.__('Latest invocations')}>
      <h3>{trans.__('Latest invocations')}</h3>
      <ul className="jlm-invocations">
        {latest.map(([key, it]) => (
          <li key={key}>
            <button
              type="button"
              className="jlm-invocation"
              onClick={() =>
                go({ page: 'invocation', requestId: it.request_id, from: { page: 'functions' } })
              }
            >
              <StatusSign status={it.status} />
              <span className="jlm-name">{it.function}</span>
              {it.cold_start && <span className="jlm-cold">{trans.__('cold')}</span>}
              <span className="jlm-figure">{duration(it.duration_ms)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
