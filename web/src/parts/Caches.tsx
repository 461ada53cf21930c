import { useState } from 'react';
import { api } from '../api/client';
import type { TrafficWay } from '../api/trafficShapes';
import { bytes } from '../domain/runtime';
import { Confirm } from './Confirm';
import { useText } from './settings';

/** What gateways keep of responses, and the way to have them forget it. */
export function Caches({ ways }: { ways: readonly TrafficWay[] }) {
  const text = useText();
  const [asked, setAsked] = useState<string>();
  const [path, setPath] = useState('');
  const [done, setDone] = useState<string>();
  const kept = ways.flatMap((way) => way.policies.filter((policy) => policy.kind === 'cache').map((policy) => ({ way, policy })));
  const close = (did: boolean) => {
    if (did) setDone(asked);
    setAsked(undefined);
    setPath('');
  };
  return (
    <section aria-label={text.policies.cache.title} data-testid="caches">
      <h2>{text.policies.cache.title}</h2>
      {done && <p className="message tone-ok" role="status">{text.policies.cache.purged(done)}</p>}
      {kept.length === 0 ? (
        <p className="empty">{text.policies.cache.none}</p>
      ) : (
        <div className="table-frame" tabIndex={0} role="region" aria-label={text.policies.cache.title}>
          <table>
            <thead>
              <tr>
                <th scope="col">{text.traffic.way}</th>
                <th scope="col" className="number">{text.policies.cache.hitRatio}</th>
                {Object.entries(text.policies.cache.columns).map(([name, title]) => <th key={name} scope="col" className="number">{title}</th>)}
                <th scope="col">{text.traffic.gateway}</th>
                <th scope="col" />
              </tr>
            </thead>
            <tbody>
              {kept.map(({ way, policy: { gateway, policy, numbers } }) => (
                <tr key={`${way.about} ${gateway} ${policy}`}>
                  <th scope="row">{way.about} <span className="quiet">{policy}</span></th>
                  <td className="number">{(numbers.hitPercent ?? 0).toFixed(1)}%</td>
                  {['hits', 'misses', 'stale', 'objects'].map((name) => <td key={name} className="number">{numbers[name] ?? 0}</td>)}
                  <td className="number">{bytes(numbers.bytes ?? 0)}</td>
                  <td className="number">{numbers.evictions ?? 0}</td>
                  <td className="quiet">{gateway}</td>
                  <td className="number"><button type="button" onClick={() => { setDone(undefined); setAsked(way.about); }}>{text.policies.cache.purge}</button></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {asked && (
        <Confirm title={text.policies.cache.purgeTitle(asked)} action={text.policies.cache.purgeDo} act={() => api.purge(asked, path.trim() || undefined)} onClose={close}>
          <label className="field stacked">
            {text.policies.cache.path}
            <input value={path} placeholder="/images/*" spellCheck={false} onChange={(event) => setPath(event.target.value)} />
          </label>
          <p className="quiet">{text.policies.cache.purgeHint}</p>
        </Confirm>
      )}
    </section>
  );
}
