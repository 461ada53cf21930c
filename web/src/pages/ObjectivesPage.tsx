import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { percent, stamp, tally } from '../domain/format';
import { byNeed, exactShare, hoursOf, indicatorTone, lastsHours, standingTone, wordsOf, type Indicator, type ObjectiveStanding } from '../domain/objectives';
import { ToneGlyph } from '../parts/glyphs';
import { useLoad } from '../parts/hooks';
import { go, Link } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { useText } from '../parts/settings';
import { useWatched } from '../parts/watched';

const everyMs = 10_000;

const example = `objectives:
  checkout: { route: orders-api, availability: 99.9%, p99: 500ms }`;

/** How routes serve beside what is asked of them: budgets, how fast they are spent, nines, times to repair and between failures. */
export default function ObjectivesPage() {
  const text = useText();
  const { value, problem, again } = useLoad('reliability', api.reliability);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), everyMs);
    return () => clearInterval(timer);
  }, [again]);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{text.sight.objectives}</h1>
        <div className="actions"><Begin /><Link className="button" to={{ page: 'incidents' }}>{text.incident.title}</Link></div>
      </div>
      {problem && <Problem of={problem} again={again} />}
      {!value && !problem && <p className="quiet">{text.app.loading}</p>}
      {value?.length === 0 && (
        <div className="empty">
          <p>{text.sight.noObjectives}</p>
          <pre>{example}</pre>
        </div>
      )}
      <div className="objectives">{value && byNeed(value).map((one) => <Objective key={one.name} of={one} />)}</div>
      <Rules />
    </div>
  );
}

/** Begins an objective or a rule: its name, then its form. */
function Begin() {
  const text = useText().sight;
  const [name, setName] = useState('');
  const begin = (kind: 'objective' | 'rule') => name && go({ page: 'policies', about: `${kind}/${name}` });
  return (
    <form className="by-id" onSubmit={(event) => { event.preventDefault(); begin('objective'); }}>
      <input aria-label={text.newName} placeholder={text.newName} value={name} spellCheck={false} pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?" onChange={(event) => setName(event.target.value.trim())} />
      <button type="submit" disabled={!name}>{text.newObjective}</button>
      <button type="button" disabled={!name} onClick={() => begin('rule')}>{text.newRule}</button>
    </form>
  );
}

interface Rule {
  name: string;
  spec: { expr: string; for?: string; severity?: string; about?: string };
}

/** The users' own rules, which make incidents while they hold. */
function Rules() {
  const text = useText();
  const rules = useWatched<Rule>('rules');
  if (!rules || rules.length === 0) return null;
  return (
    <section>
      <h2>{text.sight.rules}</h2>
      <div className="table-frame" tabIndex={0} role="region" aria-label={text.sight.rules}>
        <table data-testid="rules">
          <thead><tr>{[text.sight.rule, text.sight.expr, text.sight.ruleFor, text.column.criticality, ''].map((title, index) => <th key={index} scope="col">{title}</th>)}</tr></thead>
          <tbody>
            {[...rules].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, spec }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td><Link to={{ page: 'query', query: spec.expr, span: '1h' }}><code>{spec.expr}</code></Link></td>
                <td>{spec.for ?? '0s'}</td>
                <td>{spec.severity ?? 'medium'}</td>
                <td><Link to={{ page: 'policies', about: `rule/${name}` }}>{text.sight.change}</Link></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Objective({ of }: { of: ObjectiveStanding }) {
  const text = useText();
  const words = text.sight;
  return (
    <article className={`objective tone-${standingTone(of)}`} data-testid="objective" aria-labelledby={`objective-${of.name}`}>
      <header>
        <h2 id={`objective-${of.name}`}><ToneGlyph tone={standingTone(of)} /> {of.name}</h2>
        <Link to={{ page: 'traffic', about: `route/${of.route}` }}>{words.of(of.route)}</Link>
        <span className="grow" />
        <Link className="button" to={{ page: 'policies', about: `objective/${of.name}` }}>{words.change}</Link>
      </header>
      {of.indicators.map((one) => <IndicatorView key={one.of} of={one} window={of.window} />)}
      <p className="quiet objective-times">
        <Link to={{ page: 'incidents' }}>{words.incidents(of.incidents)}</Link>
        {of.mttrSeconds !== undefined && <span>{words.mttr} <b>{wordsOf(of.mttrSeconds, words.unit)}</b></span>}
        {of.mttfSeconds !== undefined && <span>{words.mttf} <b>{wordsOf(of.mttfSeconds, words.unit)}</b></span>}
        {of.since && <span>{words.since(stamp(new Date(of.since)))}</span>}
      </p>
    </article>
  );
}

function IndicatorView({ of, window }: { of: Indicator; window: string }) {
  const text = useText();
  const words = text.sight;
  const lasts = lastsHours(of, hoursOf(window));
  const left = Math.max(0, Math.min(1, of.budgetLeft));
  const budget = of.budgetLeft < 0 ? words.overspent(percent(-of.budgetLeft)) : words.budgetLeft(percent(of.budgetLeft));
  return (
    <section className={`indicator tone-${indicatorTone(of)}`}>
      <div className="indicator-head">
        <h3>{words.indicator[of.of] ?? of.of}</h3>
        <span className="quiet">{words.target(exactShare(of.target), window)}</span>
      </div>
      {of.actual === undefined ? (
        <p className="quiet">{words.noRequests}</p>
      ) : (
        <>
          <p className="indicator-figures">
            <span>{words.actual} <b>{exactShare(of.actual)}</b></span>
            {of.nines !== undefined && <span>{words.nines(of.nines.toFixed(1))}</span>}
            <span className="quiet">{words.badOf(tally(of.bad), tally(of.requests))}</span>
          </p>
          <div className="budget" role="img" aria-label={budget}><i style={{ width: `${left * 100}%` }} /></div>
          <p className="budget-words"><b>{budget}</b>{lasts !== undefined && ` ${words.lasts(wordsOf(lasts * 3600, words.unit))}`}</p>
          <ul className="burns" aria-label={words.burns} title={words.burnHint}>
            {of.burns.map((burn) => (
              <li key={burn.long} className={`tone-${burn.firing ? 'bad' : burn.longBurn > burn.factor ? 'warn' : 'ok'}`}>
                <ToneGlyph tone={burn.firing ? 'bad' : burn.longBurn > burn.factor ? 'warn' : 'ok'} size={11} /> {words.burn(burn.longBurn.toFixed(1), burn.long)}, {words.burn(burn.shortBurn.toFixed(1), burn.short)}{' '}
                <span className="quiet">{words.line(String(burn.factor))}</span> {burn.firing && <b>{words.firing}</b>}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
