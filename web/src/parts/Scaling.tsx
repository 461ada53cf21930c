import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { ServiceStatus } from '../api/shapes';
import { word } from '../domain/i18n';
import { Ago } from './Ago';
import { Badge } from './Badges';
import { useLoad } from './hooks';
import { Problem } from './Problem';
import { useText } from './settings';

const everyMs = 5000;
const held = ['HeldByCause', 'HeldByFailure', 'AtMost'];

/** Why a service has as many instances as it has, and its last changes. Says nothing of one that declares no scale. */
export function Scaling({ service }: { service: ServiceStatus }) {
  const text = useText().scale;
  const { value, problem, again } = useLoad(`scaling ${service.name} ${service.wanted} ${service.ready}`, (signal) => api.scaling(service.name, signal));
  const [failed, setFailed] = useState<unknown>();
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), everyMs);
    return () => clearInterval(timer);
  }, [again]);
  if (problem && problem.status !== 404) return <Problem of={problem} again={again} />;
  if (!value || (!value.automatic && value.figures.length === 0)) return null;
  return (
    <section aria-labelledby="scaling">
      <h2 id="scaling">{text.title} <span className="count">{text.automatic(value.wanted, value.min, value.max)}</span></h2>
      <p>
        <Badge tone={held.includes(value.reason) ? 'warn' : 'ok'} words={word(text.reason, value.reason)} /> {value.message}
        {value.reason === 'ByHand' && (
          <> <button type="button" onClick={() => void api.scale(service.name, null).then(again, setFailed)}>{text.giveBack}</button></>
        )}
        {failed !== undefined && <span role="alert"> {String((failed as Error).message)}</span>}
      </p>
      {value.figures.length > 0 && <p className="quiet">{text.now}: {value.figures.map((figure) => figure.text).join(' · ')}</p>}
      {value.decisions.length === 0 ? <p className="empty">{text.nothing}</p> : (
        <ol className="versions-short">
          {value.decisions.map((decision) => (
            <li key={decision.at}>
              <Ago at={decision.at} />
              <span>{word(text.reason, decision.reason)}</span>
              <span>{decision.message}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
