/** The page of one function: what it is, what starts it, what it did, and what can be done with it. */
import * as React from 'react';

import { ago, clock, duration, size } from '../model/format';
import type { FunctionPage as Answered, InvocationRow } from '../protocol';
import { type Place, useAnswer, useBoard, useNow, useScene } from './context';
import { Invoke } from './invoke';
import { Lanes } from './lanes';
import { ActionButton, Facts, PageHead, Refusal, Section, StatusSign } from './parts';
import { Triggers } from './triggers';

export function FunctionPage({ name }: { name: string }): React.ReactElement {
  const { actions, go, trans } = useScene();
  const board = useBoard();
  const row = board.functions[name];
  const { value, refusal } = useAnswer<Answered>('function', 'name', name, [row]);
  const back = () => go({ page: 'functions' });
  if (!row) {
    return (
      <div className="jlm-page">
        <PageHead title={name} onBack={back} />
        <p role="status">{trans.__('The function has been deleted.')}</p>
      </div>
    );
  }
  return (
    <div className="jlm-page">
      <PageHead title={name} onBack={back} />
      <div className="jlm-buttons" role="toolbar" aria-label={trans.__('Function')}>
        <ActionButton label={trans.__('Configure')} onClick={() => actions.configure(name)} />
        {actions.hasCell(name) && (
          <ActionButton label={trans.__('Go to Cell')} onClick={() => actions.goToCell(name)} />
        )}
        {value && (
          <ActionButton label={trans.__('Copy ARN')} onClick={() => actions.copy(value.arn)} />
        )}
        {value?.url && (
          <ActionButton
            label={trans.__('Open URL')}
            onClick={() => actions.open(value.url ?? '')}
          />
        )}
        <ActionButton
          label={trans.__('Delete')}
          isDanger
          onClick={() => void actions.remove(name).then(isGone => isGone && back())}
        />
      </div>
      <Refusal text={refusal} />
      <Invoke name={name} />
      {value && <Configuration page={value} />}
      <Triggers row={row} />
      <Lanes name={name} />
      {value && <Invocations invocations={value.invocations} from={{ page: 'function', name }} />}
    </div>
  );
}

function Configuration({ page }: { page: Answered }): React.ReactElement {
  const { trans } = useScene();
  const variables = [
    ...Object.entries(page.environment).map(([key, value]) => `${key}=${value}`),
    ...page.secrets.map(key => `${key}=***`)
  ];
  const aliases = Object.entries(page.aliases).map(([name, version]) => `${name} → ${version}`);
  return (
    <Section title={trans.__('Configuration')}>
      <Facts
        facts={[
          [trans.__('description'), page.description],
          [trans.__('runtime'), `${page.runtime} · ${page.architecture}`],
          [trans.__('handler'), page.handler],
          [trans.__('memory'), `${page.memory_mb} MB`],
          [trans.__('timeout'), `${page.timeout_s} s`],
          ['/tmp', `${page.ephemeral_storage_mb} MB`],
          [
            trans.__('code'),
            page.origin ? `${size(page.code_size)} · ${page.origin}` : size(page.code_size)
          ],
          [trans.__('variables'), variables.join('\n')],
          [trans.__('layers'), page.layers.map(it => it.split(':').slice(-2).join(':')).join('\n')],
          [trans.__('versions'), page.versions.join(', ')],
          [trans.__('aliases'), aliases.join('\n')]
        ]}
      />
    </Section>
  );
}

function Invocations(props: { invocations: InvocationRow[]; from: Place }): React.ReactElement {
  const { go, trans } = useScene();
  const now = useNow(5_000);
  return (
    <Section title={trans.__('Recent invocations')}>
      {props.invocations.length === 0 && <p className="jlm-muted">{trans.__('none yet')}</p>}
      <ul className="jlm-invocations">
        {props.invocations.map(it => (
          <li key={`${it.request_id}/${it.attempt}`}>
            <button
              type="button"
              className="jlm-invocation"
              title={clock(it.started_at)}
              onClick={() => go({ page: 'invocation', requestId: it.request_id, from: props.from })}
            >
              <StatusSign status={it.status} />
              <span className="jlm-name">{it.error_type ?? it.trigger}</span>
              {it.cold_start && <span className="jlm-cold">{trans.__('cold')}</span>}
              <span className="jlm-figure">{duration(it.duration_ms)}</span>
              <span className="jlm-ago">{ago(it.started_at, now)}</span>
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}
