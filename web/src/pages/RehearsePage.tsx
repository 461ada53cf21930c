import { useState } from 'react';
import { api } from '../api/client';
import { live } from '../api/live';
import type { ProblemDetails } from '../api/shapes';
import { percent } from '../domain/format';
import { word } from '../domain/i18n';
import { askOf, bySecond, emptyForm, kinds, type Hurt, type RehearsalForm, type RehearsalKind, type RehearsalReport, type RehearsedIncident, type RehearsedJob } from '../domain/rehearsal';
import type { Tone } from '../domain/tone';
import { ToneGlyph } from '../parts/glyphs';
import { problemOf, useCell } from '../parts/hooks';
import { Problem } from '../parts/Problem';
import { useText } from '../parts/settings';

const toneOf: Record<string, Tone> = { info: 'idle', warning: 'warn', error: 'bad' };

/** Asks what would happen, and shows who would be hurt and when. */
export default function RehearsePage() {
  const text = useText().rehearse;
  const [form, setForm] = useState<RehearsalForm>(emptyForm);
  const [answer, setAnswer] = useState<{ report?: RehearsalReport; problem?: ProblemDetails; going?: boolean }>({});
  const rehearse = async (event: React.FormEvent) => {
    event.preventDefault();
    setAnswer({ going: true });
    setAnswer(await api.simulate(askOf(form)).then((report) => ({ report })).catch((error: unknown) => ({ problem: problemOf(error) })));
  };
  return (
    <div className="page">
      <h1>{text.title}</h1>
      <p className="quiet">{text.hint}</p>
      <Form form={form} going={answer.going ?? false} onChange={setForm} onGo={(event) => void rehearse(event)} />
      <div aria-live="polite" className="rehearse-report">
        {answer.going && <p className="quiet">{text.going}</p>}
        {answer.problem && <Problem of={answer.problem} />}
        {answer.report && <Report of={answer.report} />}
      </div>
    </div>
  );
}

function Form({ form, going, onChange, onGo }: { form: RehearsalForm; going: boolean; onChange: (form: RehearsalForm) => void; onGo: (event: React.FormEvent) => void }) {
  const text = useText().rehearse;
  const names = useNames(form.what);
  const field = (key: keyof RehearsalForm, label: string, hint: string, required = false) => (
    <label className="rehearse-field">
      <span>{label}</span>
      <input value={form[key]} required={required} placeholder={hint} list={key === 'names' ? 'rehearse-names' : undefined} onChange={(event) => onChange({ ...form, [key]: event.target.value })} />
    </label>
  );
  return (
    <form className="rehearse-form" onSubmit={onGo}>
      <label className="rehearse-field">
        <span>{text.what}</span>
        <select value={form.what} onChange={(event) => onChange({ ...form, what: event.target.value as RehearsalKind, names: '' })}>
          {kinds.map((kind) => <option key={kind} value={kind}>{text.kinds[kind]}</option>)}
        </select>
      </label>
      {form.what !== 'traffic' && field('names', text.names, text.namesHint, true)}
      <datalist id="rehearse-names">{names.map((name) => <option key={name} value={name} />)}</datalist>
      {form.what === 'release' && field('version', text.version, '2.0.0', true)}
      {form.what === 'release' && field('errorRate', text.errorRate, '5%')}
      {form.what === 'release' && field('slow', text.slow, 'x2')}
      {form.what === 'release' && field('rate', text.rate, '50/s')}
      {form.what === 'traffic' && field('factor', text.factor, 'x10', true)}
      {field('span', text.span, '5m')}
      {field('seed', text.seed, '1')}
      <button type="submit" className="primary" disabled={going}>{text.go}</button>
    </form>
  );
}

/** What can be named. */
function useNames(what: RehearsalKind): string[] {
  const hosts = useCell(live.hosts);
  if (what === 'host-down') return hosts.map((host) => host.name);
  const services = [...live.services.all()];
  return what === 'instance-down' ? services.flatMap((service) => service.instances.map((instance) => instance.id)) : services.map((service) => service.name);
}

function Report({ of }: { of: RehearsalReport }) {
  const text = useText().rehearse;
  return (
    <>
      <p data-testid="rehearsed">{text.done(of.title, of.tookMs)}</p>
      <HurtTable title={text.hurtServices} of={of.services} />
      <HurtTable title={text.hurtRoutes} of={of.routes} />
      <JobTable of={of.jobs} />
      <Incidents of={of.incidents} />
      {of.objectives.map((one) => <p key={one.name}>{text.objective(one.name, percent(one.spent))}</p>)}
      <Notes title={text.open} of={of.open} tone="bad" />
      <Notes title={text.assumed} of={of.assumed} tone="idle" />
      <h2>{text.timeLine}</h2>
      <ol className="rehearse-line">
        {bySecond(of.lines).map((group) => (
          <li key={group.second}>
            <strong className="rehearse-second">{text.seconds(group.second)}</strong>
            <ul>
              {group.lines.map((line, index) => <li key={index} data-testid="rehearsal-line"><ToneGlyph tone={toneOf[line.severity] ?? 'idle'} /> {line.text}</li>)}
            </ul>
          </li>
        ))}
      </ol>
      {of.more > 0 && <p className="quiet">{text.more(of.more)}</p>}
    </>
  );
}

function JobTable({ of }: { of: readonly RehearsedJob[] }) {
  const all = useText();
  const text = all.rehearse;
  if (of.length === 0) return null;
  const count = (number: number) => (number > 0 ? number : all.app.none);
  const columns = text.jobColumns;
  return (
    <section aria-label={text.jobs}>
      <h2>{text.jobs}</h2>
      <div className="table-frame" tabIndex={0} role="region" aria-label={text.jobs}>
        <table>
          <thead>
            <tr>
              <th scope="col">{columns.name}</th>
              {[columns.succeeded, columns.failed, columns.open, columns.leftOut, columns.lostTries, columns.failedTries, columns.lost].map((column) => <th key={column} scope="col" className="number">{column}</th>)}
              <th scope="col">{columns.why}</th>
            </tr>
          </thead>
          <tbody>
            {of.map((job) => (
              <tr key={job.name} data-testid="rehearsed-job">
                <th scope="row"><ToneGlyph tone={job.failed > 0 ? 'bad' : job.isHurt ? 'warn' : 'idle'} /> {job.name}</th>
                {[job.succeeded, job.failed, job.open, job.leftOut, job.lostTries, job.failedTries].map((number, index) => <td key={index} className="number">{count(number)}</td>)}
                <td className="number">{job.lostSeconds > 0 ? text.seconds(job.lostSeconds) : all.app.none}</td>
                <td>{job.why ?? all.app.none}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Incidents({ of }: { of: readonly RehearsedIncident[] }) {
  const all = useText();
  const text = all.rehearse;
  return (
    <section aria-label={text.incidents}>
      <h2>{text.incidents}</h2>
      {of.length === 0 && <p className="empty">{text.noIncident}</p>}
      {of.map((incident, index) => (
        <article key={index} className="rehearse-incident" data-testid="rehearsed-incident">
          <h3><ToneGlyph tone="bad" /> {incident.title}</h3>
          <p>
            {incident.ends === undefined ? text.opens(incident.opens) : text.opensEnds(incident.opens, incident.ends)} · {word(all.criticality, incident.criticality)} ·{' '}
            {incident.cause ? text.cause(incident.cause, percent(incident.confidence)) : text.noCause} · {incident.told.length > 0 ? text.told(incident.told.join(', ')) : text.toldNobody}
          </p>
          <ul>
            {incident.evidence.map((one) => <li key={one}>{one}</li>)}
          </ul>
          {incident.actions.map((action, at) => (
            <p key={at}>
              <strong>{text.actionStates[action.state]}{action.at === undefined ? '' : ` · ${text.seconds(action.at)}`}</strong> {action.text}
              {action.how && action.at === undefined && <> <code>{action.how}</code></>}
              {action.verdict && <>: {action.verdict}</>}
            </p>
          ))}
        </article>
      ))}
    </section>
  );
}

function Notes({ title, of, tone }: { title: string; of: readonly string[]; tone: Tone }) {
  if (of.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul className="rehearse-notes">{of.map((one) => <li key={one}><ToneGlyph tone={tone} /> {one}</li>)}</ul>
    </section>
  );
}

function HurtTable({ title, of }: { title: string; of: readonly Hurt[] }) {
  const all = useText();
  const text = all.rehearse;
  const share = (value: number) => (value > 0 ? percent(value) : all.app.none);
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {of.length === 0 && <p className="empty">{text.nobody}</p>}
      {of.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                <th scope="col">{text.columns.name}</th>
                <th scope="col">{text.columns.criticality}</th>
                {[text.columns.without, text.columns.fails, text.columns.waits, text.columns.lesser, text.columns.worst, text.columns.lost].map((column) => <th key={column} scope="col" className="number">{column}</th>)}
                <th scope="col">{text.columns.through}</th>
              </tr>
            </thead>
            <tbody>
              {of.map((hurt) => (
                <tr key={hurt.name} data-testid="hurt">
                  <th scope="row"><ToneGlyph tone={hurt.fails > 0 ? 'bad' : 'warn'} /> {hurt.name}</th>
                  <td>{word(all.criticality, hurt.criticality)}</td>
                  <td className="number">{text.seconds(hurt.without)}</td>
                  <td className="number">{share(hurt.fails)}</td>
                  <td className="number">{share(hurt.waits)}</td>
                  <td className="number">{share(hurt.lesser)}</td>
                  <td className="number">{hurt.worst > 0 ? text.worstAt(percent(hurt.worst), hurt.worstAt) : all.app.none}</td>
                  <td className="number">{hurt.failed === undefined ? '?' : Math.round(hurt.failed)}</td>
                  <td>{hurt.through ?? all.app.none}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
