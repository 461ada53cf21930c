import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { live } from '../api/live';
import { MapView } from '../domain/view';
import { problemOf, useCell } from '../parts/hooks';
import { Hosts, Legend } from '../parts/Hosts';
import { Inspector } from '../parts/Inspector';
import { MapCanvas } from '../parts/MapCanvas';
import { ViewContext } from '../parts/MapNode';
import { MapTable } from '../parts/MapTable';
import { MapToolbar } from '../parts/MapToolbar';
import { go } from '../parts/navigation';
import { TimeTravel } from '../parts/TimeTravel';
import { useText } from '../parts/settings';

/** The home page: the system as it is now, or as it was. */
export default function MapPage({ selected: asked, at }: { selected: string | undefined; at: number | undefined }) {
  const text = useText();
  const [view] = useState(() => new MapView());
  const [past, setPast] = useState(at);
  const [travels, setTravels] = useState(at !== undefined);
  const [missing, setMissing] = useState<string>();
  const [table, setTable] = useState(() => sessionStorage.getItem('mainstay.view') === 'table');
  const [reveal, setReveal] = useState<{ id: string; round: number } | undefined>(() => (asked ? { id: asked, round: 0 } : undefined));
  const topology = useCell(live.map.topology);
  const architecture = useCell(live.architecture);
  const selected = useCell(view.selected);

  useEffect(() => {
    setMissing(undefined);
    if (past === undefined) return live.watchMap();
    const abort = new AbortController();
    api.mapAt(past, abort.signal).then(
      (answer) => live.map.apply(answer),
      (error: unknown) => !abort.signal.aborted && setMissing(problemOf(error).detail ?? problemOf(error).title),
    );
    return () => abort.abort();
  }, [past]);
  useEffect(() => {
    if (asked) view.selected.set(asked);
  }, [asked, view]);
  useEffect(() => view.selected.subscribe(() => {
    const id = view.selected.get();
    go({ page: 'map', ...(id && { selected: id }), ...(past !== undefined && { at: past }) }, 'replace');
  }), [view, past]);
  useEffect(() => sessionStorage.setItem('mainstay.view', table ? 'table' : 'map'), [table]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || (event.target as HTMLElement).closest('input, select, textarea, dialog')) return;
      if (event.key === 'Escape') view.selected.set(undefined);
      else if (event.key.toLowerCase() === 't' && !event.ctrlKey && !event.metaKey) setTable((last) => !last);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [view]);

  const travel = (to: number | undefined) => {
    setPast(to);
    const id = view.selected.get();
    go({ page: 'map', ...(id && { selected: id }), ...(to !== undefined && { at: to }) }, 'replace');
  };
  const show = (id: string) => {
    view.selected.set(id);
    setReveal((last) => ({ id, round: (last?.round ?? 0) + 1 }));
  };
  const empty = topology !== undefined && topology.graph.ids.length === 0;
  return (
    <ViewContext value={view}>
      <div className={`map-page${selected ? ' has-inspector' : ''}${past === undefined ? '' : ' is-past'}`}>
        <h1 className="unseen">{text.map.title}</h1>
        <MapToolbar table={table} onTable={setTable} onReveal={show} travels={travels} onTravels={(on) => { setTravels(on); if (!on) travel(undefined); }} />
        {travels && <TimeTravel at={past} onTravel={travel} problem={missing} />}
        {architecture && !architecture.running && <p className="notice">{text.app.stoppedLong}</p>}
        <div className="map-body">
          {empty && <p className="canvas-note"><strong>{text.map.empty}</strong> {text.map.emptyHint}</p>}
          {!topology && <p className="canvas-note">{text.app.loading}</p>}
          {topology && !empty && (table ? <MapTable /> : <MapCanvas topology={topology} reveal={reveal} />)}
          {!table && <Hosts />}
          {!table && <Legend />}
          {selected && <Inspector id={selected} onGo={show} />}
        </div>
      </div>
    </ViewContext>
  );
}
