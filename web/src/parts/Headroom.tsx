import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { percent } from '../domain/format';
import { overcommit, reservedShare, verbsOf, type HostRoom } from '../domain/headroom';
import { word } from '../domain/i18n';
import { shareTone } from '../domain/runtime';
import { hostTone } from '../domain/tone';
import { Badge } from './Badges';
import { Confirm } from './Confirm';
import { Link } from './navigation';
import { useText } from './settings';

type Verb = ReturnType<typeof verbsOf>[number];

const everyMs = 2000;

/** Every host with what of it is kept free for whom, and what people want of it. */
export function Headroom() {
  const text = useText();
  const [rooms, setRooms] = useState<readonly HostRoom[]>();
  const [asked, setAsked] = useState<{ verb: Verb; host: string }>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    let over = false;
    const ask = () => void api.headroom().then((now) => over || setRooms(now), () => undefined);
    ask();
    const timer = setInterval(ask, everyMs);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [round]);
  if (!rooms || rooms.length === 0) return null;
  const titles = [text.hosts.host, text.headroom.state, text.headroom.zone, text.hosts.cpu, text.hosts.memory, text.inspector.instances, ''];
  return (
    <section aria-label={text.headroom.title}>
      <h2>{text.headroom.title}</h2>
      <div className="table-frame" tabIndex={0} role="region" aria-label={text.headroom.title}>
        <table data-testid="headroom">
          <thead><tr>{titles.map((title, index) => <th key={index} scope="col">{title}</th>)}</tr></thead>
          <tbody>
            {rooms.map((room) => (
              <tr key={room.host.name}>
                <th scope="row">{room.host.name} <span className="quiet">{room.host.address}</span></th>
                <td><Standing of={room} /></td>
                <td>{room.host.zone ?? text.app.none}</td>
                <td><Kept of={room} what="cpu" /></td>
                <td><Kept of={room} what="memory" /></td>
                <td><Tenants of={room} /></td>
                <td>{verbsOf(room).map((verb) => <button key={verb} type="button" onClick={() => setAsked({ verb, host: room.host.name })} aria-label={`${text.headroom.verb[verb]} ${room.host.name}`}>{text.headroom.verb[verb]}</button>)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {asked && (
        <Confirm
          title={text.headroom.ask[asked.verb](asked.host)}
          action={text.headroom.verb[asked.verb]}
          act={() => api.useHost(asked.host, asked.verb).then(() => setRound((last) => last + 1))}
          onClose={() => setAsked(undefined)}
        >
          <p className="quiet">{text.headroom.means[asked.verb]}</p>
        </Confirm>
      )}
    </section>
  );
}

function Standing({ of }: { of: HostRoom }) {
  const text = useText();
  const use = of.host.use ?? 'open';
  return of.host.state === 'lost' || use === 'open'
    ? <Badge tone={hostTone(of.host.state)} words={word(text.state, of.host.state)} />
    : <Badge tone="warn" words={text.headroom.use[use]} />;
}

function Kept({ of, what }: { of: HostRoom; what: 'cpu' | 'memory' }) {
  const text = useText();
  const [share, over] = [reservedShare(of, what), overcommit(of, what)];
  return (
    <>
      {text.headroom.kept(of.reserved[what] ?? '0', of.host.capacity?.[what] ?? '?')} {share !== undefined && <Badge tone={shareTone(share)} words={percent(share)} />}
      {over !== undefined && <span className="tone-warn"> {text.headroom.over(over.toFixed(1))}</span>}
    </>
  );
}

function Tenants({ of }: { of: HostRoom }) {
  const services = new Map<string, number>();
  for (const one of of.instances) services.set(one.service, (services.get(one.service) ?? 0) + 1);
  return <>{[...services].sort(([a], [b]) => a.localeCompare(b)).map(([name, count], index) => <span key={name}>{index > 0 && ', '}<Link to={{ page: 'service', name }}>{name}</Link>{count > 1 && ` ×${count}`}</span>)}</>;
}
