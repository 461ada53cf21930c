import { useState } from 'react';
import { api } from '../api/client';
import type { NamedLock } from '../api/types';
import { stamp } from '../domain/format';
import { Badge } from '../parts/Badges';
import { Confirm } from '../parts/Confirm';
import { useText } from '../parts/settings';
import { useWatched } from '../parts/watched';

/** Every lock that was ever asked for: who holds it, since when, and the number of its last grant. */
export default function LocksPage() {
  const text = useText();
  const locks = useWatched<NamedLock>('locks');
  const [asked, setAsked] = useState<string>();
  const shown = locks && [...locks].sort((a, b) => Number(b.holds.length > 0) - Number(a.holds.length > 0) || a.name.localeCompare(b.name));
  return (
    <div className="page">
      <h1>{text.shared.locks}</h1>
      {!shown && <p className="quiet">{text.app.loading}</p>}
      {shown?.length === 0 && <p className="empty">{text.shared.noLocks}</p>}
      {shown && shown.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={text.shared.locks}>
          <table data-testid="locks">
            <thead>
              <tr>{[text.shared.lock, text.shared.heldBy, text.shared.since, text.shared.token, ''].map((title, index) => <th key={index} scope="col">{title}</th>)}</tr>
            </thead>
            <tbody>
              {shown.map((lock) => (
                <tr key={lock.name}>
                  <th scope="row">{lock.name}</th>
                  <td>
                    {lock.holds.length === 0 && <span className="quiet">{text.shared.free}</span>}
                    {lock.holds.length > 0 && <Badge tone="busy" words={lock.form === 'permits' ? `${lock.holds.length}/${lock.permits}` : text.shared.forms[lock.form]} />}
                    {lock.holds.map((hold) => <p key={hold.token} className="message"><code>{hold.owner}</code> {hold.about}</p>)}
                  </td>
                  <td>{lock.holds[0] ? <time dateTime={lock.holds[0].at}>{stamp(new Date(lock.holds[0].at))}</time> : text.app.none}</td>
                  <td className="number">{lock.token}</td>
                  <td>{lock.holds.length > 0 && <button type="button" onClick={() => setAsked(lock.name)} aria-label={`${text.shared.break} ${lock.name}`}>{text.shared.break}</button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {asked && (
        <Confirm title={text.shared.askBreak(asked)} action={text.shared.break} act={() => api.breakLock(asked)} onClose={() => setAsked(undefined)}>
          <p className="quiet">{text.shared.breakHint}</p>
        </Confirm>
      )}
    </div>
  );
}
