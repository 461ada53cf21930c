import { useMemo, useState } from 'react';
import { api, type Declared, type ChangeResult } from '../api/client';
import type { ProblemDetails } from '../api/shapes';
import { hiddenFields, placed, rebased, subjectOf, tidied, valueAt, withAt, type FieldProblem, type Subject } from '../domain/policyForm';
import { faultsOf, schemaAt, type Json, type JsonObject, type Schema } from '../domain/schema';
import { same } from '../domain/same';
import { Changes } from '../parts/Changes';
import { problemOf, useLoad } from '../parts/hooks';
import { Link } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { SchemaForm } from '../parts/SchemaForm';
import { useText } from '../parts/settings';

/** Changes the policies of a route, a need, a service or the front door. */
export default function PoliciesPage({ about }: { about: string }) {
  const text = useText();
  const subject = useMemo(() => subjectOf(about), [about]);
  const { value, problem, again } = useLoad(subject && about, async (signal) => {
    const [schema, declared] = await Promise.all([api.schema(subject!.kind, signal), api.declared(subject!.plural, subject!.name, signal).catch((error: unknown) => begun(subject!, error))]);
    return { schema, declared };
  });
  const known = subject && value && schemaAt(value.schema, subject.path);
  return (
    <div className="page policies-page">
      <div className="page-head">
        <h1>{text.policies.title(about)}</h1>
        <div className="actions">{subject?.kind === 'objective' || subject?.kind === 'rule' ? <Link className="button" to={{ page: 'objectives' }}>{text.sight.objectives}</Link> : <Link className="button" to={{ page: 'traffic', about }}>{text.app.traffic}</Link>}</div>
      </div>
      {problem && <Problem of={problem} again={again} />}
      {!value && !problem && subject && <p className="quiet">{text.app.loading}</p>}
      {(!subject || (value && !known)) && <p className="empty">{text.policies.missing(about)}</p>}
      {known && value.declared.tag === noneYet && <p className="message">{text.sight.notYet}</p>}
      {known && <Editor key={about} subject={subject} schema={value.schema} loaded={value.declared} />}
    </div>
  );
}

/** The tag of what does not exist: a write that names it makes it, and fails where somebody else has made it meanwhile. */
const noneYet = '"0"';

/** Objectives and rules begin here; whatever else is missing is a problem. */
function begun(subject: Subject, error: unknown): Declared {
  if (problemOf(error).status !== 404 || !(subject.kind === 'objective' || subject.kind === 'rule')) throw error;
  return { resource: { name: subject.name, spec: {} }, tag: noneYet };
}

type Checked = { result: ChangeResult; of: JsonObject };

function Editor({ subject, schema, loaded }: { subject: Subject; schema: Schema; loaded: Declared }) {
  const text = useText().policies;
  const [base, setBase] = useState(loaded);
  const [mine, setMine] = useState<JsonObject>(loaded.resource);
  const [round, setRound] = useState(0);
  const [explain, setExplain] = useState(false);
  const [checked, setChecked] = useState<Checked>();
  const [problem, setProblem] = useState<ProblemDetails>();
  const [theirs, setTheirs] = useState<Declared>();
  const [done, setDone] = useState<number>();
  const [busy, setBusy] = useState(false);
  const part = schemaAt(schema, subject.path)!;
  const value = valueAt(mine, subject.path);
  const faults = faultsOf(schema, part, tidied(value));
  const server = placed(problem?.problems, subject);
  const problems = new Map<string, FieldProblem[]>(server.fields);
  for (const { path, fault } of faults) problems.set(path, [...(problems.get(path) ?? []), { what: text.fault[fault], remedy: '' }]);
  const changed = !same(base.resource, mine);

  const begin = (from: Declared, next: JsonObject) => {
    setBase(from);
    setMine(next);
    setTheirs(undefined);
    setProblem(undefined);
    setChecked(undefined);
    setRound((last) => last + 1);
  };
  const put = async (dryRun: boolean) => {
    setBusy(true);
    setProblem(undefined);
    const sent = tidied(mine) as JsonObject;
    try {
      const result = await api.declare(subject.plural, subject.name, sent, base.tag, dryRun);
      if (dryRun) setChecked({ result, of: mine });
      else {
        const now = await api.declared(subject.plural, subject.name);
        begin(now, now.resource);
        setDone(result.version);
      }
    } catch (error) {
      const failed = problemOf(error);
      setChecked(undefined);
      setProblem(failed);
      if (failed.status === 412) setTheirs(await api.declared(subject.plural, subject.name).catch(() => undefined));
    }
    setBusy(false);
  };
  const change = (path: readonly string[], next: Json | undefined) => {
    setMine((last) => withAt(last, [...subject.path, ...path], next) as JsonObject);
    setChecked(undefined);
    setDone(undefined);
    // The server's word about other fields stays until they are changed or checked again.
    const key = path.join('.');
    setProblem((last) => last && last.status !== 412 ? without(last, subject, key) : last);
  };
  return (
    <form className="policy-form" onSubmit={(event) => { event.preventDefault(); void put(!checked); }} noValidate>
      <p className="quiet">{text.hint} <label className="check"><input type="checkbox" checked={explain} onChange={(event) => setExplain(event.target.checked)} /> {text.expand}</label></p>
      <div className="form-body" key={round}>
        <SchemaForm root={schema} schema={part} value={value} hidden={hiddenFields} problems={problems} explain={explain} change={change} />
      </div>
      <div className="form-foot" aria-live="polite">
        {theirs && (
          <div className="problem" role="alert" data-testid="stale">
            <div>
              <strong>{text.stale}</strong>
              <p>{text.staleHint}</p>
              <button type="button" onClick={() => begin(theirs, rebased(base.resource, mine, theirs.resource) as JsonObject)}>{text.rebase}</button>{' '}
              <button type="button" onClick={() => begin(theirs, theirs.resource)}>{text.theirs}</button>
            </div>
          </div>
        )}
        {problem && !theirs && (server.fields.size === 0 || server.others.length > 0) && <Problem of={server.fields.size > 0 ? { ...problem, title: text.others, detail: '', remedy: '', problems: server.others } : problem} />}
        {checked && <Outcome of={checked.result} />}
        {done !== undefined && <p className="message tone-ok" data-testid="done">{text.done(done)}</p>}
        <div className="form-bar">
          <span className={problems.size > 0 ? 'tone-bad form-count' : 'quiet'}>{problems.size > 0 ? text.faults(problems.size) : !changed ? text.unchanged : checked ? '' : text.commitHint}</span>
          <button type="button" disabled={!changed || busy} onClick={() => begin(base, base.resource)}>{text.discard}</button>
          <button type="button" disabled={!changed || busy || faults.length > 0} onClick={() => void put(true)} className={checked ? undefined : 'primary'}>{text.check}</button>
          <button type="submit" disabled={!checked?.result.changed || busy || checked.of !== mine} className={checked ? 'primary' : undefined}>{text.commit}</button>
        </div>
      </div>
    </form>
  );
}

function Outcome({ of }: { of: ChangeResult }) {
  const text = useText().policies;
  return (
    <section data-testid="would-differ">
      <h2>{of.changed ? text.wouldDiffer(of.version) : text.same}</h2>
      {of.changed && <Changes changes={of.changes} />}
      {of.warnings && of.warnings.length > 0 && (
        <div className="message tone-warn">
          <strong>{text.warnings}</strong>
          <ul>{of.warnings.map((one) => <li key={one.path + one.what}><code>{one.path}</code> {one.what}; {one.remedy}</li>)}</ul>
        </div>
      )}
    </section>
  );
}

/** The problem without what it says about a field; nothing where nothing is left. */
function without(problem: ProblemDetails, subject: Subject, key: string): ProblemDetails | undefined {
  const left = (problem.problems ?? []).filter((one) => !placed([one], subject).fields.has(key));
  return left.length > 0 ? { ...problem, problems: left } : undefined;
}
