import { useState } from 'react';
import { api, ApiError } from '../api/client';
import type { ProblemDetails } from '../api/shapes';
import { stamp } from '../domain/format';
import { bytes } from '../domain/runtime';
import { backupName, behind, serverTone, type StoreServer } from '../domain/servers';
import { Badge } from '../parts/Badges';
import { useLoad, useNow } from '../parts/hooks';
import { Problem } from '../parts/Problem';
import { useText } from '../parts/settings';

const everyMs = 3000;

/** Where what is declared lies, the servers that keep it, and a backup of it. */
export default function StorePage() {
  const text = useText();
  const words = text.shared.storePage;
  const store = useLoad(`${useNow(everyMs)}`, (signal) => api.store(signal));
  const of = store.value;
  return (
    <div className="page">
      <h1>{text.shared.store}</h1>
      {!of && !store.problem && <p className="quiet">{text.app.loading}</p>}
      {store.problem && <Problem of={store.problem} />}
      {of && (
        <>
          <dl className="figures" data-testid="store">
            <div><dt>{words.place}</dt><dd>{of.place}</dd></div>
            <div><dt>{words.revision}</dt><dd>{of.revision}</dd></div>
            {of.servers.length > 0 && <div><dt>{words.mayFail}</dt><dd>{Math.max(0, of.spare ?? 0)}</dd></div>}
          </dl>
          {!of.writable && <p className="message tone-bad">{words.notWritable} {of.since && <time dateTime={of.since}>{stamp(new Date(of.since))}</time>}</p>}
          {of.why && <p className="message">{of.why}</p>}
          {of.servers.length > 0 ? <Servers of={of.servers} /> : <p className="quiet">{words.alone}</p>}
          <Backup />
        </>
      )}
    </div>
  );
}

function Servers({ of }: { of: readonly StoreServer[] }) {
  const text = useText();
  const words = text.shared.storePage;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={words.servers}>
      <table data-testid="servers">
        <thead>
          <tr>{[words.server, words.state, words.role, words.address, words.size, words.behind].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
        </thead>
        <tbody>
          {of.map((one) => (
            <tr key={one.member}>
              <th scope="row">{one.name} {one.leads && <span className="tag">{words.acts}</span>}</th>
              <td><Badge tone={serverTone(one)} words={words.states[one.state]} /></td>
              <td>{words.roles[one.role]}</td>
              <td><code>{one.address}</code></td>
              <td className="number">{bytes(one.bytes)}</td>
              <td className="number">{behind(one, of)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Backup() {
  const words = useText().shared.storePage;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDetails>();
  const save = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const address = URL.createObjectURL(await api.backup());
      Object.assign(document.createElement('a'), { href: address, download: backupName(new Date()) }).click();
      URL.revokeObjectURL(address);
    } catch (error) {
      setProblem(error instanceof ApiError ? error.problem : { title: String(error), status: 0 });
    } finally {
      setBusy(false);
    }
  };
  return (
    <section>
      <h2>{words.backup}</h2>
      <p className="quiet">{words.backupHint}</p>
      <button type="button" disabled={busy} onClick={() => void save()}>{busy ? words.saving : words.save}</button>
      {problem && <Problem of={problem} />}
    </section>
  );
}
