import { useState } from 'react';
import { api } from '../api/client';
import type { TrafficAnswer } from '../api/trafficShapes';
import { bansOf, withNever, type Ban } from '../domain/bans';
import { age } from '../domain/format';
import { valueAt, withAt } from '../domain/policyForm';
import type { JsonObject } from '../domain/schema';
import { Badge } from './Badges';
import { Confirm } from './Confirm';
import { useNow } from './hooks';
import { useText } from './settings';

/** Who is turned away and why, and the ways to let them in again. */
export function Bans({ of }: { of: TrafficAnswer }) {
  const text = useText();
  const now = useNow(1000);
  const { watched, dryRun, bans, more } = bansOf(of);
  const [asked, setAsked] = useState<Ban>();
  return (
    <section aria-label={text.policies.bans.title} data-testid="bans">
      <h2>
        {text.policies.bans.title}
        <span className="count">{bans.length + more}</span> {dryRun && <Badge tone="warn" words={text.policies.bans.dryRun} />}
      </h2>
      {bans.length === 0 ? (
        <p className="empty">{watched ? text.policies.bans.none : text.policies.bans.off}</p>
      ) : (
        <div className="table-frame" tabIndex={0} role="region" aria-label={text.policies.bans.title}>
          <table>
            <thead>
              <tr>
                <th scope="col">{text.policies.bans.who}</th>
                <th scope="col">{text.policies.bans.left}</th>
                <th scope="col">{text.policies.bans.why}</th>
                <th scope="col">{text.policies.bans.where}</th>
                <th scope="col" />
              </tr>
            </thead>
            <tbody>
              {bans.map((ban) => {
                const [count, unit] = ban.intervention ? age(now, Date.parse(ban.intervention.until)) : [0, 's' as const];
                return (
                  <tr key={`${ban.who} ${ban.where} ${ban.intervention?.name ?? ''}`}>
                    <th scope="row"><code>{ban.who}</code></th>
                    <td>{ban.intervention ? text.age[unit](count) : ban.left}</td>
                    <td className="names">{ban.why}{ban.intervention && ` (${text.policies.bans.byHand}: ${ban.intervention.by})`}</td>
                    <td className="quiet">{ban.where}</td>
                    <td className="number"><button type="button" onClick={() => setAsked(ban)}>{ban.intervention ? text.policies.bans.lift : text.policies.bans.never}</button></td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {asked && (
        <Confirm
          title={asked.intervention ? text.policies.bans.liftTitle(asked.who) : text.policies.bans.neverTitle(asked.who)}
          action={asked.intervention ? text.policies.bans.lift : text.policies.commit}
          act={() => (asked.intervention ? api.endIntervention(asked.intervention.name) : neverBan(asked.who))}
          onClose={() => setAsked(undefined)}
        >
          <p>{asked.why}</p>
          <p className="quiet">{asked.intervention ? text.traffic.endHint : text.policies.bans.neverHint}</p>
        </Confirm>
      )}
    </section>
  );
}

async function neverBan(who: string): Promise<void> {
  const { resource, tag } = await api.declared('gateways', 'gateway');
  const never = (valueAt(resource, ['bans', 'never']) ?? []) as readonly string[];
  await api.declare('gateways', 'gateway', withAt(resource, ['bans', 'never'], withNever(never, who)) as JsonObject, tag, false);
}
