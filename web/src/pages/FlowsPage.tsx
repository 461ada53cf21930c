import { useState } from 'react';
import { api } from '../api/client';
import type { FlowCount, FlowRow, FlowRunView, FlowState } from '../api/flowShapes';
import type { Flow } from '../api/types';
import { countOf, flowTone } from '../domain/flows';
import { stamp } from '../domain/format';
import { Badge } from '../parts/Badges';
import { Confirm } from '../parts/Confirm';
import { FlowDrawing } from '../parts/FlowDrawing';
import { useLoad, useNow } from '../parts/hooks';
import { Link } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { useText } from '../parts/settings';
import { useWatched } from '../parts/watched';

const everyMs = 3000;
const states: readonly FlowState[] = ['running', 'waiting', 'compensating', 'parked', 'succeeded', 'compensated'];

/** The flows with how their runs stand, the runs, and one of them drawn. */
export default function FlowsPage({ run }: { run: string | undefined }) {
  const text = useText();
  const watched = useWatched<Flow>('flows');
  const flows = watched && [...watched].sort((a, b) => a.name.localeCompare(b.name));
  const now = useNow(everyMs);
  const counts = useLoad(`counts ${now}`, (signal) => api.flowCounts(signal));
  const [started, setStarted] = useState<Flow>();
  return (
    <div className="page">
      <h1>{text.flows.title}</h1>
      {!flows && <p className="quiet">{text.app.loading}</p>}
      {flows?.length === 0 && <p className="empty">{text.flows.none}</p>}
      {flows && flows.length > 0 && <Flows of={flows} counts={counts.value ?? []} onStart={setStarted} />}
      {run !== undefined && <OneRun key={run} id={run} now={now} />}
      <Runs now={now} />
      {started && <StartDialog of={started.name} onClose={() => setStarted(undefined)} />}
    </div>
  );
}

function Flows({ of, counts, onStart }: { of: readonly Flow[]; counts: readonly FlowCount[]; onStart: (flow: Flow) => void }) {
  const text = useText();
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={text.flows.title}>
      <table data-testid="flows">
        <thead>
          <tr>{[text.flows.flow, text.flows.steps, text.flows.underWay, text.flows.parked, text.flows.succeeded, text.flows.compensated, ''].map((title, index) => <th key={index} scope="col">{title}</th>)}</tr>
        </thead>
        <tbody>
          {of.map((flow) => (
            <tr key={flow.name}>
              <th scope="row">{flow.name}</th>
              <td>{flow.spec.steps.map((step) => step.name).join(' → ')}</td>
              <td className="number">{countOf(counts, flow.name, 'running', 'waiting', 'compensating')}</td>
              <td className="number">{countOf(counts, flow.name, 'parked')}</td>
              <td className="number">{countOf(counts, flow.name, 'succeeded')}</td>
              <td className="number">{countOf(counts, flow.name, 'compensated')}</td>
              <td><button type="button" onClick={() => onStart(flow)} aria-label={`${text.flows.start} ${flow.name}`}>{text.flows.start}</button></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Runs({ now }: { now: number }) {
  const text = useText();
  const [state, setState] = useState('');
  const [search, setSearch] = useState('');
  const runs = useLoad(`runs ${state} ${search} ${now}`, (signal) => api.flowRuns({ ...(state && { state }), ...(search && { q: search }) }, signal));
  return (
    <section aria-label={text.flows.runs}>
      <h2>{text.flows.runs}</h2>
      <div className="filters">
        <select value={state} onChange={(event) => setState(event.target.value)} aria-label={text.flows.anyState}>
          <option value="">{text.flows.anyState}</option>
          {states.map((one) => <option key={one} value={one}>{text.flows.state[one]}</option>)}
        </select>
        <input type="search" value={search} onChange={(event) => setSearch(event.target.value)} placeholder={text.flows.search} aria-label={text.flows.search} />
      </div>
      {runs.problem && <Problem of={runs.problem} />}
      {runs.value?.length === 0 && <p className="empty">{text.flows.noRuns}</p>}
      {runs.value && runs.value.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={text.flows.runs}>
          <table data-testid="flow-runs">
            <thead>
              <tr>{[text.flows.run, text.flows.flow, text.flows.began, text.flows.took, text.flows.why].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
            </thead>
            <tbody>
              {runs.value.map((run) => (
                <tr key={run.id}>
                  <th scope="row"><Badge tone={flowTone(run.state)} words={text.flows.state[run.state]} /> <Link to={{ page: 'flows', run: run.id }}>{run.id}</Link></th>
                  <td>{run.flow}</td>
                  <td><time dateTime={run.at}>{stamp(new Date(run.at))}</time></td>
                  <td className="number">{run.endedAt ? `${((Date.parse(run.endedAt) - Date.parse(run.at)) / 1000).toFixed(2)} s` : text.app.none}</td>
                  <td>{run.why}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

type Asked = { verb: 'cancel' | 'retry' } | { verb: 'approve' | 'resolve'; row: FlowRow; done: boolean };

function OneRun({ id, now }: { id: string; now: number }) {
  const text = useText().flows;
  const { value, problem, again } = useLoad(`run ${id} ${now}`, (signal) => api.flowRun(id, signal));
  const [asked, setAsked] = useState<Asked>();
  if (problem) return <Problem of={problem} />;
  if (!value) return null;
  const { run } = value;
  const ended = run.state === 'succeeded' || run.state === 'compensated';
  return (
    <section aria-label={id} data-testid="flow-run">
      <h2>{id} <Badge tone={flowTone(run.state)} words={text.state[run.state]} /></h2>
      {run.why && <p className="message">{run.why}</p>}
      <p className="quiet">
        {run.flow} · {run.by} · {stamp(new Date(run.at))} · <Link to={{ page: 'trace', id: value.traceId }}>{text.trace}</Link>{run.pivoted && ` · ${text.pivoted}`}
      </p>
      <FlowDrawing of={value} now={now} onHelp={(row, verb, done) => setAsked({ verb, row, done })} />
      <Values of={value} />
      <div className="actions">
        {!ended && !run.pivoted && !run.stopping && <button type="button" onClick={() => setAsked({ verb: 'cancel' })}>{text.cancel}</button>}
        {(run.state === 'parked' || run.state === 'compensated') && <button type="button" onClick={() => setAsked({ verb: 'retry' })}>{text.retry}</button>}
      </div>
      {asked && <HelpDialog id={id} asked={asked} onClose={() => { setAsked(undefined); again(); }} />}
    </section>
  );
}

function Values({ of: { run } }: { of: FlowRunView }) {
  const text = useText().flows;
  return (
    <dl className="facts">
      {([[text.input, run.input], [text.output, run.output]] as const).filter(([, value]) => value !== undefined).map(([title, value]) => (
        <div key={title}><dt>{title}</dt><dd><code>{JSON.stringify(value)}</code></dd></div>
      ))}
    </dl>
  );
}

function HelpDialog({ id, asked, onClose }: { id: string; asked: Asked; onClose: () => void }) {
  const text = useText().flows;
  if (!('row' in asked)) {
    const cancel = asked.verb === 'cancel';
    return (
      <Confirm title={cancel ? text.askCancel(id) : text.askRetry(id)} action={cancel ? text.cancel : text.retry} act={() => api.tellFlowRun(id, asked.verb)} onClose={onClose}>
        <p className="quiet">{cancel ? text.cancelHint : text.retryHint}</p>
      </Confirm>
    );
  }
  const { row, done } = asked;
  const words = asked.verb === 'approve' ? (done ? text.approve : text.reject) : done ? text.done : text.notDone;
  const title = asked.verb === 'resolve' ? text.askResolve(row.path) : done ? text.askApprove(row.path) : text.askReject(row.path);
  return (
    <Confirm title={title} action={words} act={() => api.tellFlowRun(id, `${asked.verb}?step=${encodeURIComponent(row.path)}&done=${done}`)} onClose={onClose}>
      <p className="quiet">{row.why}</p>
      {asked.verb === 'resolve' && <p className="quiet">{text.resolveHint}</p>}
    </Confirm>
  );
}

function StartDialog({ of, onClose }: { of: string; onClose: () => void }) {
  const text = useText().flows;
  const [input, setInput] = useState('{}');
  const start = async () => {
    let value: unknown;
    try {
      value = JSON.parse(input);
    } catch {
      throw new Error(text.wrongJson);
    }
    await api.startFlow(of, value);
  };
  return (
    <Confirm title={text.askStart(of)} action={text.start.replace('…', '')} act={start} onClose={onClose}>
      <label className="field">
        {text.inputJson}
        <textarea rows={6} value={input} onChange={(event) => setInput(event.target.value)} spellCheck={false} />
      </label>
    </Confirm>
  );
}
