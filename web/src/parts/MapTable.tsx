import { live } from '../api/live';
import { isActive, passes } from '../domain/filter';
import * as format from '../domain/format';
import { toneOf, tones } from '../domain/tone';
import { sumOf } from '../domain/traffic';
import { CriticalityBadge, StateBadge } from './Badges';
import { useCell } from './hooks';
import { useView } from './MapNode';
import { Link } from './navigation';
import { useText } from './settings';

/** Everything the map says, as a table: what hurts first. */
export function MapTable() {
  const text = useText();
  const filter = useCell(useView().filter);
  const topology = useCell(live.map.topology);
  useCell(live.map.tick);
  const nodes = [...live.map.nodes.all()]
    .filter((node) => !isActive(filter) || passes(filter, node))
    .sort((a, b) => tones.indexOf(toneOf(a)) - tones.indexOf(toneOf(b)) || (a.id < b.id ? -1 : 1));
  const { column } = text;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={text.map.table} data-testid="table">
      <table>
        <caption className="unseen">{text.map.table}</caption>
        <thead>
          <tr>
            <th scope="col">{column.service}</th>
            <th scope="col">{column.state}</th>
            <th scope="col">{column.criticality}</th>
            <th scope="col">{column.version}</th>
            <th scope="col" className="number">{column.ready}</th>
            <th scope="col" className="number">{column.rate}</th>
            <th scope="col" className="number">{column.errors}</th>
            <th scope="col" className="number">{column.p50}</th>
            <th scope="col" className="number">{column.p99}</th>
            <th scope="col">{column.needs}</th>
            <th scope="col">{column.dependants}</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => {
            const graph = topology?.graph;
            const flow = live.map.flowOf(node.id) ?? sumOf([]);
            return (
              <tr key={node.id}>
                <th scope="row">{node.kind === 'service' ? <Link to={{ page: 'service', name: node.id }}>{node.title}</Link> : node.title}</th>
                <td><StateBadge of={node} /></td>
                <td>{node.kind === 'service' ? <CriticalityBadge of={node.criticality} /> : text.kind[node.kind]}</td>
                <td>{node.version}</td>
                <td className="number">{node.kind === 'service' && `${node.ready}/${node.wanted}`}</td>
                <td className="number">{format.rate(flow.requestsPerSecond)}</td>
                <td className="number">{format.percent(flow.errorRatio)}</td>
                <td className="number">{format.latency(flow.p50Ms)}</td>
                <td className="number">{format.latency(flow.p99Ms)}</td>
                <td className="names">{graph?.needsOf(node.id).join(', ')}</td>
                <td className="names">{graph?.dependantsOf(node.id).join(', ')}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {nodes.length === 0 && <p className="empty">{text.map.noMatch}</p>}
    </div>
  );
}
