import { useState } from 'react';
import { api } from '../api/client';
import type { ArchitectureVersion } from '../api/types';
import { Changes } from './Changes';
import { Confirm } from './Confirm';
import { useLoad } from './hooks';
import { Problem } from './Problem';
import { useText } from './settings';

/** Goes back to a version, after what would change and in which order has been shown. */
export function RollbackDialog({ to, onClose }: { to: ArchitectureVersion; onClose: (did: boolean) => void }) {
  const text = useText().releases.rollback;
  const [service, setService] = useState('');
  const { value, problem, loading } = useLoad(`rollback ${to.number} ${service}`, () => api.rollback(to.number, service || undefined, true));
  const seen = !loading && !problem ? value : undefined;
  return (
    <Confirm title={text.title(to.number)} action={text.go} ready={seen?.changed === true} act={async () => void (await api.rollback(to.number, service || undefined, false))} onClose={onClose}>
      <label className="field">
        {text.what}
        <select value={service} onChange={(event) => setService(event.target.value)}>
          <option value="">{text.everything}</option>
          {Object.keys(to.services).sort().map((name) => <option key={name}>{name}</option>)}
        </select>
      </label>
      <div aria-live="polite" data-testid="rollback-plan">
        {loading && <p className="quiet">{text.looking}</p>}
        {problem && !loading && <Problem of={problem} />}
        {seen && !seen.changed && <p className="quiet">{text.same}</p>}
        {seen?.changed && (
          <>
            <p className="quiet">{text.makes(seen.version)}</p>
            {(seen.moves ?? []).length > 0 && (
              <>
                <h3>{text.moves}</h3>
                <ol className="moves">
                  {seen.moves!.map((move) => (
                    <li key={move.service}>
                      <b>{move.service}</b> {move.from ?? '–'} → {move.to ?? '–'} {move.after.length > 0 && <span className="quiet">{text.after(move.after.join(', '))}</span>}
                    </li>
                  ))}
                </ol>
              </>
            )}
            <div className="rollback-changes"><Changes changes={seen.changes} /></div>
          </>
        )}
      </div>
    </Confirm>
  );
}
