import { useMemo, useState } from 'react';
import { api } from '../api/client';
import { live } from '../api/live';
import type { MapNode } from '../api/shapes';
import * as format from '../domain/format';
import { word } from '../domain/i18n';
import { instanceTone, toneOf } from '../domain/tone';
import { Ago } from './Ago';
import { Apis } from './Apis';
import { CriticalityBadge, StateBadge } from './Badges';
import { EventList } from './EventList';
import { CriticalityBars, Icon, ToneGlyph } from './glyphs';
import { useCell, useKeyed, useLoad } from './hooks';
import { useView } from './MapNode';
import { Link } from './navigation';
import { InstanceUse, useRuntime } from './runtime';
import { useText } from './settings';

const shownEvents = 6;
const shownDependants = 40;

/** What is known of the selected node: traffic, needs, who is hurt, instances, last events. */
export function Inspector({ id, onGo }: { id: string; onGo: (id: string) => void }) {
  const text = useText();
  const view = useView();
  const node = useKeyed(live.map.nodes, id);
  if (!node) return null;
  return (
    <aside className="inspector" aria-label={text.inspector.label(node.title)} data-testid="inspector">
      <header>
        <h2>{node.title}</h2>
        {node.version && <code>{node.version}</code>}
        <button type="button" className="bare" onClick={() => view.selected.set(undefined)} aria-label={text.app.close}>
          <Icon name="close" />
        </button>
      </header>
      <p className="inspector-state">
        <StateBadge of={node} />
        {node.kind === 'service' && <CriticalityBadge of={node.criticality} />}
        {node.kind === 'service' && <span className="quiet">{text.map.ready(node.ready, node.wanted)}</span>}
      </p>
      {node.message && <p className={`message tone-${toneOf(node)}`}>{node.message}</p>}
      {node.kind === 'service' && (
        <Link className="button primary" to={{ page: 'service', name: node.id }}>
          {text.inspector.open} <Icon name="arrow" />
        </Link>
      )}
      {node.kind === 'gateway' && <GatewayFacts />}
      <Relations node={node} onGo={onGo} />
      {node.kind !== 'gateway' && <Apis of={node.id} />}
      {node.kind === 'service' && <Instances name={node.id} />}
      {node.kind === 'service' && <LastEvents node={node} />}
    </aside>
  );
}

function GatewayFacts() {
  const text = useText();
  const gateway = useCell(live.gateway);
  if (!gateway) return null;
  return (
    <dl className="facts">
      <dt>{text.inspector.listen}</dt>
      <dd>
        <a href={gateway.listen} target="_blank" rel="noreferrer">
          {gateway.listen}
        </a>
      </dd>
      <dt>{text.inspector.table}</dt>
      <dd>{gateway.tableRevision}</dd>
    </dl>
  );
}

function Relations({ node, onGo }: { node: MapNode; onGo: (id: string) => void }) {
  const text = useText();
  const topology = useCell(live.map.topology);
  useCell(live.map.tick);
  const reach = useMemo(() => topology?.graph.reverseReach(node.id) ?? [], [topology, node.id]);
  const [all, setAll] = useState<string>();
  if (!topology) return null;
  const needs = topology.graph.needsOf(node.id);
  const shown = all === node.id ? reach : reach.slice(0, shownDependants);
  const flow = live.map.flowOf(node.id);
  return (
    <>
      {flow && (
        <dl className="numbers" aria-label={text.inspector.traffic}>
          <Number name={text.column.rate} value={format.rate(flow.requestsPerSecond)} />
          <Number name={text.column.errors} value={format.percent(flow.errorRatio)} bad={flow.errorRatio >= 0.01} />
          <Number name="p50" value={format.latency(flow.p50Ms)} />
          <Number name="p99" value={format.latency(flow.p99Ms)} />
        </dl>
      )}
      <h3>
        {text.inspector.needs} <span className="count">{needs.length}</span>
      </h3>
      {needs.length === 0 && <p className="quiet">{text.inspector.noNeeds}</p>}
      <ul className="relations">
        {needs.map((id) => {
          const edge = live.map.edges.get(`${node.id}→${id}`);
          return (
            <Relation key={id} id={id} onGo={onGo}>
              {edge && edge.requestsPerSecond > 0
                ? `${format.rate(edge.requestsPerSecond)}${text.map.perSecond} · ${format.percent(edge.errorRatio)} · ${format.latency(edge.p99Ms)}`
                : text.map.noTraffic}
            </Relation>
          );
        })}
      </ul>
      <h3>
        {text.inspector.dependants} <span className="count">{reach.length}</span>
      </h3>
      {reach.length === 0 && <p className="quiet">{text.inspector.noDependants}</p>}
      <ul className="relations">
        {shown.map(({ id, steps }) => (
          <Relation key={id} id={id} onGo={onGo}>
            {steps === 1 ? text.inspector.direct : text.inspector.steps(steps)}
          </Relation>
        ))}
      </ul>
      {shown.length < reach.length && <button type="button" onClick={() => setAll(node.id)}>{text.inspector.more(reach.length - shown.length)}</button>}
    </>
  );
}

function Number({ name, value, bad = false }: { name: string; value: string; bad?: boolean }) {
  return (
    <div className={bad ? 'bad' : undefined}>
      <dt>{name}</dt>
      <dd>
        {bad && <ToneGlyph tone="warn" size={12} />} {value}
      </dd>
    </div>
  );
}

function Relation({ id, onGo, children }: { id: string; onGo: (id: string) => void; children: React.ReactNode }) {
  const text = useText();
  const node = useKeyed(live.map.nodes, id);
  const tone = node ? toneOf(node) : 'idle';
  return (
    <li>
      <button type="button" className="relation" onClick={() => onGo(id)}>
        <ToneGlyph tone={tone} title={text.tone[tone]} />
        <span>{node?.title ?? id}</span>
        {node?.kind === 'service' && <CriticalityBars criticality={node.criticality} />}
        <span className="quiet">{children}</span>
      </button>
    </li>
  );
}

function Instances({ name }: { name: string }) {
  const text = useText();
  const service = useKeyed(live.services, name);
  const instances = service?.instances ?? [];
  const runtime = useRuntime();
  return (
    <>
      <h3>
        {text.inspector.instances} <span className="count">{instances.length}</span>
      </h3>
      {instances.length === 0 && <p className="quiet">{text.inspector.noInstances}</p>}
      <ul className="instances">
        {instances.map((instance) => (
          <li key={instance.id}>
            <ToneGlyph tone={instanceTone(instance.state)} />
            <span>{instance.id}</span>
            <span className="quiet">
              {word(text.state, instance.state)} · {instance.host} · <Ago at={instance.startedAt} />
              {instance.restarts > 0 && ` · ↻ ${instance.restarts}`}
            </span>
            <InstanceUse of={runtime?.instances.find((one) => one.name === instance.id)} />
          </li>
        ))}
      </ul>
    </>
  );
}

function LastEvents({ node }: { node: MapNode }) {
  const text = useText();
  const { value } = useLoad(`${node.id} ${node.state} ${node.reason} ${node.ready}`, (signal) => api.eventsAbout(`service/${node.id}`, shownEvents, signal));
  return (
    <>
      <h3>{text.inspector.events}</h3>
      {value && (value.length === 0 ? <p className="quiet">{text.inspector.noEvents}</p> : <EventList events={[...value].reverse()} about={false} />)}
    </>
  );
}
