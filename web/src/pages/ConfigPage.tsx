import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { ConfigDiff, ConfigPageView, ConfigReaderRow } from '../api/configShapes';
import type { ConfigDraft, ConfigSpace, ConfigVersion } from '../api/types';
import { environmentsOf, rowsOf, sharesOf } from '../domain/config';
import { stamp } from '../domain/format';
import { Badge } from '../parts/Badges';
import { Changes } from '../parts/Changes';
import { ConfigStaging } from '../parts/ConfigStaging';
import { Confirm } from '../parts/Confirm';
import { Link } from '../parts/navigation';
import { useText } from '../parts/settings';
import { useWatched } from '../parts/watched';

/** All name spaces, and of one of them its values with where they come from, what is edited, its history, and who runs which version. */
export default function ConfigPage({ name }: { name: string | undefined }) {
  const text = useText();
  const spaces = useWatched<ConfigSpace>('config-spaces');
  const drafts = useWatched<ConfigDraft>('config-drafts');
  const rows = spaces && drafts && rowsOf(spaces, drafts);
  const one = rows?.find((row) => row.name === name);
  return (
    <div className="page">
      <h1>{text.shared.config}</h1>
      {!rows && <p className="quiet">{text.app.loading}</p>}
      {rows?.length === 0 && <p className="empty">{text.shared.noConfig}</p>}
      {rows && rows.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={text.shared.config}>
          <table data-testid="config-spaces">
            <thead>
              <tr>{[text.shared.space, text.shared.layer, text.shared.version, text.shared.inherits].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.name}>
                  <th scope="row"><Link to={{ page: 'config', name: row.name }}>{row.name}</Link> {row.draft && <span className="tag">{text.shared.edited(row.draft.by)}</span>} {row.declared && <span className="tag">{text.shared.declared}</span>} {row.staged !== undefined && <span className="tag">{text.shared.staged}: {row.staged}</span>}</th>
                  <td>{text.shared.layers[row.layer]}</td>
                  <td className="number">{row.version ?? text.app.none}</td>
                  <td>{row.parents.join(', ') || text.app.none}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {one?.staged !== undefined && <ConfigStaging key={`staging ${one.name}`} name={one.name} />}
      {one?.draft && <Draft key={`draft ${one.name}`} of={one.draft} published={one.version !== undefined} />}
      {one?.version !== undefined && <Values key={`values ${one.name}`} name={one.name} spaces={spaces!} />}
      {one?.version !== undefined && <Readers key={`readers ${one.name}`} name={one.name} version={one.version} />}
      {one?.version !== undefined && <History key={`history ${one.name}`} name={one.name} version={one.version} />}
    </div>
  );
}

/** What `ask` gives, asked again when `about` changes; undefined until then and where it fails. */
function useAsked<T>(ask: (signal: AbortSignal) => Promise<T>, about: string, everyMs?: number): T | undefined {
  const [answer, setAnswer] = useState<T>();
  useEffect(() => {
    const gone = new AbortController();
    const look = () => void ask(gone.signal).then(setAnswer).catch(() => {});
    look();
    const timer = everyMs === undefined ? undefined : setInterval(look, everyMs);
    return () => {
      gone.abort();
      clearInterval(timer);
    };
    // What is asked is named by `about`.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [about, everyMs]);
  return answer;
}

function Values({ name, spaces }: { name: string; spaces: readonly ConfigSpace[] }) {
  const text = useText();
  const [environment, setEnvironment] = useState('*');
  const versions = spaces.map((space) => `${space.name}.${space.version}`).join();
  const page = useAsked<ConfigPageView>((signal) => api.configValues(name, environment, signal), `${name} ${environment} ${versions}`);
  return (
    <section aria-label={text.shared.values} data-testid="config-values">
      <h2>{name}</h2>
      <label className="field">
        {text.shared.environment}
        <select value={environment} onChange={(event) => setEnvironment(event.target.value)}>
          <option value="*">{text.shared.everywhere}</option>
          {environmentsOf(name, spaces).map((one) => <option key={one}>{one}</option>)}
        </select>
      </label>
      <div className="table-frame" tabIndex={0} role="region" aria-label={text.shared.values}>
        <table>
          <thead>
            <tr>{[text.shared.key, text.shared.value, text.shared.from].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
          </thead>
          <tbody>
            {Object.entries(page?.values ?? {}).map(([key, value]) => (
              <tr key={key}>
                <th scope="row"><code>{key}</code></th>
                <td><code>{value.value}</code> {value.isSecret && <span className="tag">{text.shared.secret}</span>}</td>
                <td>{value.space} {value.version} · {text.shared.layers[value.layer]}{value.isDefault ? ` · ${text.shared.byDefault}` : value.environment === '*' ? '' : ` · ${value.environment}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Draft({ of, published }: { of: ConfigDraft; published: boolean }) {
  const text = useText();
  const diff = useAsked<ConfigDiff>((signal) => api.configDiff(of.name, signal), `${of.name} ${of.at}`);
  const [asked, setAsked] = useState<'publish' | 'discard'>();
  const [reason, setReason] = useState('');
  const [stages, setStages] = useState('');
  return (
    <section aria-label={text.shared.draft} data-testid="config-draft">
      <h2>{text.shared.draft}</h2>
      <p className="quiet">{text.shared.edited(of.by)}, {stamp(new Date(of.at))}</p>
      {diff && <Changes changes={diff.changes} />}
      {diff?.problems.map((problem) => <p key={`${problem.path} ${problem.what}`} className="message"><Badge tone="bad" words={problem.path || of.name} /> {problem.what}; {problem.remedy}</p>)}
      <p className="after-table">
        <button type="button" onClick={() => setAsked('publish')}>{text.shared.publish}</button> <button type="button" onClick={() => setAsked('discard')}>{text.shared.discard}</button>
      </p>
      {asked === 'publish' && (
        <Confirm title={text.shared.askPublish(of.name)} action={text.shared.publish} act={() => api.publishConfig(of.name, reason, sharesOf(stages))} onClose={() => setAsked(undefined)}>
          <p className="quiet">{text.shared.publishHint}</p>
          <label className="field">{text.shared.reason}<input value={reason} onChange={(event) => setReason(event.target.value)} /></label>
          {published && <label className="field">{text.shared.stages}<input value={stages} onChange={(event) => setStages(event.target.value)} /></label>}
        </Confirm>
      )}
      {asked === 'discard' && (
        <Confirm title={text.shared.askDiscard(of.name)} action={text.shared.discard} act={() => api.discardConfig(of.name)} onClose={() => setAsked(undefined)}>
          <p className="quiet">{text.shared.discardHint}</p>
        </Confirm>
      )}
    </section>
  );
}

function Readers({ name, version }: { name: string; version: number }) {
  const text = useText();
  const readers = useAsked<ConfigReaderRow[]>((signal) => api.configReaders(name, signal), `${name} ${version}`, 2000);
  return (
    <section aria-label={text.shared.readers} data-testid="config-readers">
      <h2>{text.shared.readers}</h2>
      {readers?.length === 0 && <p className="empty">{text.shared.noReaders}</p>}
      {readers && readers.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={text.shared.readers}>
          <table>
            <thead>
              <tr>{[text.shared.reader, text.shared.runs, text.shared.environment, text.shared.seen].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
            </thead>
            <tbody>
              {readers.map(({ reader, isCurrent, isStaged }) => (
                <tr key={reader.reader}>
                  <th scope="row">{reader.reader}</th>
                  <td><Badge tone={isCurrent ? 'ok' : 'busy'} words={isCurrent ? isStaged ? text.shared.stagedOne : text.shared.current : text.shared.behind} /> <code>{reader.tag}</code>{reader.problem && <p className="quiet"><Badge tone="bad" words={text.shared.notTaken} /> {reader.problem}</p>}</td>
                  <td>{reader.environment === '*' ? text.shared.everywhere : reader.environment}</td>
                  <td>{stamp(new Date(reader.seenAt))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function History({ name, version }: { name: string; version: number }) {
  const text = useText();
  const versions = useAsked<ConfigVersion[]>((signal) => api.configVersions(name, signal), `${name} ${version}`);
  const [asked, setAsked] = useState<number>();
  return (
    <section aria-label={text.shared.history} data-testid="config-history">
      <h2>{text.shared.history}</h2>
      {[...(versions ?? [])].reverse().map((one) => (
        <details key={one.number} open={one.number === version}>
          <summary>{text.shared.version} {one.number} · {stamp(new Date(one.at))} · {one.by} {one.reason} {one.outcome === 'withdrawn' && <Badge tone="bad" words={`${text.shared.withdrawn}: ${one.withdrawn}`} />}</summary>
          <Changes changes={one.changes} />
          {one.number !== version && <button type="button" onClick={() => setAsked(one.number)}>{text.shared.rollback}</button>}
        </details>
      ))}
      {asked !== undefined && (
        <Confirm title={text.shared.askRollback(name, asked)} action={text.shared.rollback} act={() => api.rollBackConfig(name, asked)} onClose={() => setAsked(undefined)}>
          <p className="quiet">{text.shared.publishHint}</p>
        </Confirm>
      )}
    </section>
  );
}
