/** The page of one invocation: what went in, what came out, what was logged, what it took. */
import * as React from 'react';

import { clock, duration, money } from '../model/format';
import type { InvocationPage as Answered } from '../protocol';
import { type Place, useAnswer, useScene } from './context';
import { ActionButton, Facts, PageHead, Refusal, Section, StatusSign } from './parts';

export function InvocationPage(props: { requestId: string; from: Place }): React.ReactElement {
  const { go, link, trans } = useScene();
  const { value, refusal } = useAnswer<Answered>('invocation', 'request_id', props.requestId, []);
  const [replayRefusal, setReplayRefusal] = React.useState<string | null>(null);
  const replay = () => {
    link.ask<string>('replay', { request_id: props.requestId }).then(
      requestId => go({ page: 'invocation', requestId, from: props.from }),
      error => setReplayRefusal(String(error.message))
    );
  };
  return (
    <div className="jlm-page" data-invocation={props.requestId}>
      <PageHead
        title={value ? value.function : trans.__('Invocation')}
        onBack={() => go(props.from)}
      >
        {value && <StatusSign status={value.status} />}
      </PageHead>
      <Refusal text={refusal ?? replayRefusal} />
      {value && (
        <>
          <div className="jlm-buttons" role="toolbar" aria-label={trans.__('Invocation')}>
            <ActionButton
              label={trans.__('Replay')}
              disabled={value.event === null}
              onClick={replay}
            />
          </div>
          <Timeline page={value} />
          {value.error !== null ? (
            <Section title={trans.__('Error')}>
              <pre className="jlm-text jlm-refusal">{value.error}</pre>
            </Section>
          ) : (
            <Section title={trans.__('Result')}>
              <pre className="jlm-text">
                {value.result ?? trans.__('not kept: it was too large')}
              </pre>
            </Section>
          )}
          <Section title={trans.__('Event')}>
            <pre className="jlm-text">{value.event ?? trans.__('not kept')}</pre>
          </Section>
          <Section title={trans.__('Logs')}>
            {value.logs.length === 0 && <p className="jlm-muted">{trans.__('none')}</p>}
            <pre className="jlm-text jlm-logs">
              {value.logs.map((it, number) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines of a finished log never move
                <span key={number} className={`jlm-level-${it.level ?? 'none'}`}>
                  {it.message}
                  {'\n'}
                </span>
              ))}
            </pre>
          </Section>
        </>
      )}
    </div>
  );
}

/** Where the time went: init, restore, invoke, each as wide as it took. */
function Timeline({ page }: { page: Answered }): React.ReactElement {
  const { trans } = useScene();
  const phases: [string, string, number][] = [
    ['init', trans.__('init'), page.init_ms ?? 0],
    ['restore', trans.__('restore'), page.restore_ms ?? 0],
    [page.status, trans.__('invoke'), page.duration_ms]
  ];
  const shown = phases.filter(([, , ms]) => ms > 0);
  const words = shown.map(([, name, ms]) => `${name} ${duration(ms)}`).join(' · ');
  return (
    <Section title={trans.__('Timeline')}>
      <div className="jlm-timeline" role="img" aria-label={words}>
        {shown.map(([kind, name, ms]) => (
          <span key={name} className={`jlm-phase-bar jlm-${kind}`} style={{ flexGrow: ms }} />
        ))}
      </div>
      <Facts
        facts={[
          [trans.__('started'), clock(page.started_at)],
          [trans.__('took'), words],
          [trans.__('start'), page.cold_start ? trans.__('cold') : trans.__('warm')],
          [trans.__('billed'), `${page.billed_ms} ms · ${money(page.cost_usd)}`],
          [trans.__('memory'), trans.__('%1 of %2 MB', page.max_memory_mb, page.memory_mb)],
          [trans.__('version'), page.version],
          [
            trans.__('trigger'),
            page.attempt > 1 ? trans.__('%1, attempt %2', page.trigger, page.attempt) : page.trigger
          ],
          [trans.__('request'), <code key="request">{page.request_id}</code>]
        ]}
      />
    </Section>
  );
}
