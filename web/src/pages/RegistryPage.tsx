import { useState } from 'react';
import { holds, toneOfInstance, versionsOf, type RegisteredInstance, type RegisteredService } from '../domain/registry';
import { Badge, CriticalityBadge, StateBadge } from '../parts/Badges';
import { Link } from '../parts/navigation';
import { useText } from '../parts/settings';
import { useWatched } from '../parts/watched';

/** What services there are, ours and others', in which versions, how they stand, and where. */
export default function RegistryPage() {
  const text = useText();
  const words = text.registry;
  const services = useWatched<RegisteredService>('registry');
  const [wanted, setWanted] = useState('');
  const shown = services && [...services].filter((one) => holds(one, wanted)).sort((a, b) => a.name.localeCompare(b.name));
  return (
    <div className="page">
      <h1>{words.title}</h1>
      {!services && <p className="quiet">{text.app.loading}</p>}
      {services?.length === 0 && <p className="empty">{words.none}</p>}
      {services && services.length > 0 && <input type="search" value={wanted} onChange={(event) => setWanted(event.target.value)} placeholder={words.find} aria-label={words.find} />}
      {services && services.length > 0 && shown?.length === 0 && <p className="empty">{words.nothing}</p>}
      {shown && shown.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={words.title}>
          <table data-testid="registry">
            <thead>
              <tr>{[words.service, words.by, words.state, words.ready, words.versions, words.where].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
            </thead>
            <tbody>{shown.map((one) => <Service key={one.name} of={one} />)}</tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Service({ of }: { of: RegisteredService }) {
  const words = useText().registry;
  return (
    <tr>
      <th scope="row"><Link to={{ page: 'service', name: of.name }}>{of.name}</Link> <CriticalityBadge of={of.criticality} /></th>
      <td>{words.bys[of.by]}</td>
      <td><StateBadge of={of} />{of.message && <p className="message">{of.message}</p>}</td>
      <td className="number">{of.ready}/{of.wanted}</td>
      <td>{versionsOf(of)}</td>
      <td>
        {of.instances.length > 0 && (
          <details open={of.instances.length <= 3}>
            <summary>{words.instances(of.instances.length)}</summary>
            {of.instances.map((one) => <Instance key={one.name} of={one} />)}
          </details>
        )}
      </td>
    </tr>
  );
}

function Instance({ of }: { of: RegisteredInstance }) {
  const words = useText().registry;
  const source = of.source === 'registered' ? words.registered(of.registeredBy ?? '', of.ttl) : of.source && words.declared;
  return (
    <p>
      <Badge tone={toneOfInstance(of)} words={of.state} /> <code>{of.address || of.name}</code> {of.version} {of.host && <span className="tag">{of.zone ? `${of.host} · ${of.zone}` : of.host}</span>}{' '}
      {source && <span className="quiet">{source}</span>} {of.state === 'ready' && !of.inTable && <span className="quiet">{words.out}</span>} {Object.entries(of.labels ?? {}).map(([key, value]) => <span key={key} className="tag">{key}={value}</span>)}
      {of.message && <span className="message">{of.message}</span>}
    </p>
  );
}
