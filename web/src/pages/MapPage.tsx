import { useEffect, useState } from 'react';
import { live } from '../api/live';
import { MapView } from '../domain/view';
import { useCell } from '../parts/hooks';
import { Hosts, Legend } from '../parts/Hosts';
import { Inspector } from '../parts/Inspector';
import { MapCanvas } from '../parts/MapCanvas';
import { ViewContext } from '../parts/MapNode';
import { MapTable } from '../parts/MapTable';
import { MapToolbar } from '../parts/MapToolbar';
import { go } from '../parts/navigation';
import { useText } from '../parts/settings';

/** The home page: the system as it is now. */
export default function MapPage({ selected: asked }: { selected: string | undefined }) {
  const text = useText();
  const [view] = useState(() => new MapView());
  const [table, setTable] = useState(() => sessionStorage.getItem('mainstay.view') === 'table');
  const [reveal, setReveal] = useState<{ id: string; round: number } | undefined>(() => (asked ? { id: asked, round: 0 } : undefined));
  const topology = useCell(live.map.topology);
  const architecture = useCell(live.architecture);
  const selected = useCell(view.selected);

  useEffect(() => live.watchMap(), []);
  useEffect(() => {
    if (asked) view.selected.set(asked);
  }, [asked, view]);
  useEffect(() => view.selected.subscribe(() => {
    const id = view.selected.get();
    go({ page: 'map', ...(id && { selected: id }) }, 'replace');
  }), [view]);
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

  const show = (id: string) => {
    view.selected.set(id);
    setReveal((last) => ({ id, round: (last?.round ?? 0) + 1 }));
  };
  const empty = topology !== undefined && topology.graph.ids.length === 0;
  return (
    <ViewContext value={view}>
      <div className={`map-page${selected ? ' has-inspector' : ''}`}>
        <h1 className="unseen">{text.map.title}</h1>
        <MapToolbar table={table} onTable={setTable} onReveal={show} />
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
