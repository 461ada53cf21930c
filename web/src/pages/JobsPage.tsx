import { useState } from 'react';
import { api } from '../api/client';
import type { Job, JobRun } from '../api/types';
import { stamp } from '../domain/format';
import { activeRuns, doneOf, runTone, runsOf, tookMs, triesOf } from '../domain/jobs';
import { Badge } from '../parts/Badges';
import { Confirm } from '../parts/Confirm';
import { Link } from '../parts/navigation';
import { useText } from '../parts/settings';
import { useWatched } from '../parts/watched';

/** All jobs with when they are due and how they went, and the runs of one of them. */
export default function JobsPage({ name }: { name: string | undefined }) {
  const text = useText();
  const jobs = useWatched<Job>('jobs');
  const runs = useWatched<JobRun>('runs');
  const [asked, setAsked] = useState<Job>();
  const shown = jobs?.filter((job) => !job.removed).sort((a, b) => a.name.localeCompare(b.name));
  const one = shown?.find((job) => job.name === name);
  return (
    <div className="page">
      <h1>{text.jobs.title}</h1>
      {!shown && <p className="quiet">{text.app.loading}</p>}
      {shown?.length === 0 && <p className="empty">{text.jobs.none}</p>}
      {shown && shown.length > 0 && <Jobs of={shown} onRun={setAsked} />}
      {one && <Runs of={one} runs={runsOf(runs ?? [], one.name)} />}
      {asked && <RunDialog of={asked} onClose={() => setAsked(undefined)} />}
    </div>
  );
}

function When({ of }: { of: Job }) {
  const text = useText().jobs;
  if (of.spec.schedule) return <><code>{of.spec.schedule}</code> {of.spec.zone}</>;
  return <>{of.spec.after?.length ? text.after(of.spec.after.join(', ')) : text.whenAsked}</>;
}

function Jobs({ of, onRun }: { of: readonly Job[]; onRun: (job: Job) => void }) {
  const text = useText();
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={text.jobs.title}>
      <table data-testid="jobs">
        <thead>
          <tr>{[text.jobs.job, text.jobs.when, text.jobs.next, text.jobs.last, ''].map((title, index) => <th key={index} scope="col">{title}</th>)}</tr>
        </thead>
        <tbody>
          {of.map((job) => (
            <tr key={job.name}>
              <th scope="row"><Link to={{ page: 'jobs', name: job.name }}>{job.name}</Link> {job.status.active > 0 && <span className="tag">{text.jobs.active(job.status.active)}</span>}</th>
              <td><When of={job} /></td>
              <td>{job.status.nextAt ? <time dateTime={job.status.nextAt}>{stamp(new Date(job.status.nextAt))}</time> : text.app.none}</td>
              <td>{job.status.lastState ? <><Badge tone={runTone(job.status.lastState)} words={text.jobs.state[job.status.lastState]} /> {job.status.lastAt && stamp(new Date(job.status.lastAt))}</> : text.app.none}</td>
              <td><button type="button" onClick={() => onRun(job)} aria-label={`${text.jobs.run} ${job.name}`}>{text.jobs.run}</button></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Runs({ of, runs }: { of: Job; runs: readonly JobRun[] }) {
  const text = useText();
  const [asked, setAsked] = useState<string>();
  return (
    <section aria-label={of.name} data-testid="runs">
      <h2>{of.name}</h2>
      <p className="quiet"><code>{of.spec.run}</code></p>
      {runs.length === 0 && <p className="empty">{text.jobs.neverRan}</p>}
      {runs.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={text.jobs.runs}>
          <table>
            <thead>
              <tr>{[text.jobs.runs, text.jobs.tasks, text.jobs.tries, text.jobs.began, text.jobs.took, text.jobs.because, ''].map((title, index) => <th key={index} scope="col">{title}</th>)}</tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <tr key={run.name}>
                  <th scope="row"><Badge tone={runTone(run.status.state)} words={text.jobs.state[run.status.state]} /> {run.name}</th>
                  <td>{doneOf(run)}</td>
                  <td className="number">{triesOf(run)}</td>
                  <td>{run.status.startedAt ? stamp(new Date(run.status.startedAt)) : text.app.none}</td>
                  <td className="number">{tookMs(run) === undefined ? text.app.none : `${(tookMs(run)! / 1000).toFixed(1)} s`}</td>
                  <td>{run.because}{run.status.message && <p className="message">{run.status.message}</p>}</td>
                  <td>{activeRuns([run]).length > 0 && run.goal !== 'cancel' && <button type="button" onClick={() => setAsked(run.name)}>{text.jobs.cancel}</button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {asked && (
        <Confirm title={text.jobs.askCancel(asked)} action={text.jobs.cancel} act={() => api.cancelRun(asked)} onClose={() => setAsked(undefined)}>
          <p className="quiet">{text.jobs.cancelHint}</p>
        </Confirm>
      )}
    </section>
  );
}

function RunDialog({ of, onClose }: { of: Job; onClose: () => void }) {
  const text = useText().jobs;
  const [values, setValues] = useState<Record<string, string>>({});
  const parameters = Object.entries(of.spec.parameters ?? {}).sort(([a], [b]) => a.localeCompare(b));
  return (
    <Confirm title={text.askRun(of.name)} action={text.run} act={() => api.runJob(of.name, values)} onClose={onClose}>
      <p className="quiet"><code>{of.spec.run}</code></p>
      {parameters.map(([key, usual]) => (
        <label key={key} className="field">
          {key}
          <input value={values[key] ?? usual} onChange={(event) => setValues({ ...values, [key]: event.target.value })} />
        </label>
      ))}
    </Confirm>
  );
}
