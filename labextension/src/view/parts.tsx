/** Small parts that several pages are made of. */
import * as React from 'react';

import type { Status } from '../protocol';
import { useScene } from './context';

/** A sign for each status: its shape tells as much as its colour. */
const SIGNS: { [status in Status]: string } = {
  success: '✓',
  error: '✗',
  timeout: '⏱',
  out_of_memory: '▲',
  throttled: '⊘'
};

export function StatusSign({ status }: { status: Status }): React.ReactElement {
  const { trans } = useScene();
  const words: { [status in Status]: string } = {
    success: trans.__('succeeded'),
    error: trans.__('failed'),
    timeout: trans.__('timed out'),
    out_of_memory: trans.__('out of memory'),
    throttled: trans.__('throttled')
  };
  return (
    <span
      className={`jlm-sign jlm-${status}`}
      role="img"
      aria-label={words[status]}
      title={words[status]}
    >
      {SIGNS[status]}
    </span>
  );
}

export function ActionButton(props: {
  label: string;
  onClick: () => void;
  isPrimary?: boolean;
  isDanger?: boolean;
  disabled?: boolean;
}): React.ReactElement {
  const kind = props.isPrimary ? 'jlm-primary' : props.isDanger ? 'jlm-danger' : '';
  return (
    <button
      type="button"
      className={`jlm-button ${kind}`}
      disabled={props.disabled ?? false}
      onClick={props.onClick}
    >
      {props.label}
    </button>
  );
}

/** The head of a page that was come to from another: the way back, and the title, which has the focus. */
export function PageHead(props: {
  title: string;
  onBack: () => void;
  children?: React.ReactNode;
}): React.ReactElement {
  const { trans } = useScene();
  const title = React.useRef<HTMLHeadingElement>(null);
  React.useEffect(() => title.current?.focus(), []);
  return (
    <header className="jlm-head">
      <button
        type="button"
        className="jlm-back"
        aria-label={trans.__('Back')}
        title={trans.__('Back')}
        onClick={props.onBack}
      >
        ←
      </button>
      <h2 ref={title} tabIndex={-1}>
        {props.title}
      </h2>
      {props.children}
    </header>
  );
}

export function Section(props: { title: string; children: React.ReactNode }): React.ReactElement {
  return (
    <section className="jlm-section" aria-label={props.title}>
      <h3>{props.title}</h3>
      {props.children}
    </section>
  );
}

/** Names and values, one a line; empty values are left out. */
export function Facts({ facts }: { facts: [string, React.ReactNode][] }): React.ReactElement {
  return (
    <dl className="jlm-facts">
      {facts
        .filter(([, value]) => value !== '' && value !== null)
        .map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}

export function Refusal({ text }: { text: string | null }): React.ReactElement | null {
  return text === null ? null : (
    <p className="jlm-refusal" role="alert">
      {text}
    </p>
  );
}
