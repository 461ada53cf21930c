import { api } from '../api/client';
import type { ApiCall, TopRow } from '../api/observeShapes';
import * as format from '../domain/format';
import { useLoad, useNow } from './hooks';
import { Link } from './navigation';
import { useText } from './settings';

const shown = 8;
const shownCalls = 4;
const everyMs = 10_000;

/**
 * What is asked of a service, API by API, those that take most time first: how often, how well, and which APIs of others ask and are asked for it. Spans tell it: a service that
 * sends none has none.
 */
export function Apis({ of }: { of: string }) {
  const text = useText();
  const round = Math.floor(useNow(everyMs) / everyMs);
  const { value } = useLoad(`${of} ${round}`, (signal) =>
    Promise.all([api.top('operations', 'heat', '1m', shown, of, signal), api.apis(of, signal)]).then(([rows, { edges }]) => ({ of, edges, rows: rows.filter((row) => row.service === of) })));
  if (value?.of !== of || value.rows.length === 0) return null;
  return (
    <>
      <h3>
        {text.observe.topOf.operations} <Link to={{ page: 'top', of: 'operations', window: '5m', service: of }}>{text.inspector.allApis}</Link>
      </h3>
      <ul className="relations" data-testid="apis">
        {value.rows.map((row) => <Api key={row.name} row={row} edges={value.edges} />)}
      </ul>
    </>
  );
}

function Api({ row, edges }: { row: TopRow; edges: readonly ApiCall[] }) {
  const text = useText();
  const [askedBy, asks] = [edges.filter((edge) => edge.to === row.service && edge.toApi === row.name), edges.filter((edge) => edge.from === row.service && edge.fromApi === row.name)];
  return (
    <li>
      <Link className="relation" to={{ page: 'traces', search: { service: row.service, operation: row.name } }} title={row.name}>
        <span>{row.name}</span>
        <span className="quiet">{row.errorRatio >= 0.01 && '✕ '}{`${format.rate(row.callsPerSecond)}${text.map.perSecond} · ${format.percent(row.errorRatio)} · ${format.latency(row.p99Ms)}`}</span>
      </Link>
      {askedBy.length + asks.length > 0 && (
        <ul className="api-calls">
          {askedBy.slice(0, shownCalls).map((edge) => (
            <li key={`from ${edge.from} ${edge.fromApi}`} title={text.inspector.askedBy}>
              <Link to={{ page: 'trace', id: edge.trace }}><span aria-hidden="true">←</span><span className="unseen">{text.inspector.askedBy}</span> <b>{edge.from}</b> {edge.fromApi}</Link> <span className="quiet">{format.percent(edge.share)}</span>
            </li>
          ))}
          {asks.slice(0, shownCalls).map((edge) => (
            <li key={`to ${edge.to} ${edge.toApi}`} title={text.inspector.asks}>
              <Link to={{ page: 'trace', id: edge.trace }}><span aria-hidden="true">→</span><span className="unseen">{text.inspector.asks}</span> <b>{edge.to}</b> {edge.toApi}</Link> <span className="quiet">{`× ${edge.callsPerRequest} · ${edge.errorRatio >= 0.01 ? `✕ ${format.percent(edge.errorRatio)} · ` : ''}${format.latency(edge.p99Ms)}`}</span>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
